"""`python -m trainer run`: a recipe from its data to its bench."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from mcp_sim.cli.output import console, notices
from trainer.bench.result import HEADLINES, MEASURES
from trainer.environment import prepare
from trainer.errors import TrainingError
from trainer.recipes import RECIPES, find_recipe


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(run)


def run(
    recipe: Annotated[str, typer.Option(help=f"One of {', '.join(RECIPES)}.")],
    out: Annotated[Path | None, typer.Option(help="The folder of the run; default: runs/RECIPE.")] = None,
) -> None:
    """Train a world model: data, cpt, sft, rl and bench. The same command goes on after an interruption."""
    if recipe not in RECIPES:
        find_recipe(recipe)
    prepare("training", "torch", "trl")
    logging.basicConfig(format="%(message)s")
    logging.getLogger("trainer").setLevel(logging.INFO)
    from trainer import run as runs  # noqa: PLC0415 - torch is imported here, once the environment is set

    folder = Path("runs") / recipe if out is None else out
    try:
        manifest = runs.run(find_recipe(recipe), folder)
    except KeyboardInterrupt:
        raise TrainingError(f"interrupted at {runs.unfinished(folder)}; the same command goes on from there") from None
    measured = manifest["bench"]
    columns = [MEASURES[name] for name in HEADLINES]
    table = Table("stage", *columns, title=f"{measured['records']} held-out calls", title_justify="left")
    for name, found in measured["checkpoints"].items():
        shown = [found["slices"]["all"][measure] for measure in HEADLINES]
        table.add_row(name, *("–" if mean is None else f"{mean['mean']:.3f}" for mean in shown))
    console.print(table)
    notices.out(f"Report: {folder / runs.REPORT}. Serve it: mcp-sim worldmodel serve cpu --model {folder / 'rl/model'}")
