"""`mcp-sim`: every command, and the one place where errors become sentences."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mcp_sim import __version__
from mcp_sim.cli.commands import Commands
from mcp_sim.cli.output import complain, console
from mcp_sim.errors import McpSimError
from schemas.load import LoadError
from store.errors import StoreError

app = typer.Typer(
    name="mcp-sim",
    cls=Commands,
    help="Simulated tools over MCP: they answer, remember, and keep every reference whole.",
    epilog="Start with: mcp-sim serve   ·   then, in another terminal: mcp-sim connect claude-code",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        console.out(f"mcp-sim {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _program(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    run(app, "mcp-sim")


def run(program: typer.Typer, name: str) -> None:
    """Run a command line; a fault is one sentence on stderr and exit status 1."""
    try:
        program(prog_name=name)
    except (McpSimError, LoadError, StoreError, OSError, UnicodeError) as error:
        complain(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
