"""`python -m trainer`: from recorded calls to a world model."""

from __future__ import annotations

import typer

from mcp_sim.cli import run
from trainer.commands import Commands

app = typer.Typer(
    name="trainer",
    cls=Commands,
    help="The learning: recorded calls become training data, training data becomes the next world model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def _program() -> None:
    pass


if __name__ == "__main__":
    run(app, "python -m trainer")
