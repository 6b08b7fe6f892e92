"""`mcp-sim check`: is this pack or world right?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mcp_sim.cli.output import complain, console
from schemas.load import LoadError, load_world


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    path: Annotated[Path, typer.Argument(help="A pack (file or folder), a world file, or a shipped world.")],
) -> None:
    """Validate a pack or world and show its errors at once, each with file, line and JSON Pointer.

    Only what speaks of a broken part is not judged before that part is right.
    """
    try:
        world = load_world(path)
    except LoadError as error:
        complain(str(error))
        count = len(error.problems)
        complain(f"{count} error{'s' if count > 1 else ''} in {path}")
        raise typer.Exit(1) from None
    rows = sum(map(len, world.rows.values()))
    made_up = [tool.name for tool in world.tools.values() if tool.effect is None]
    console.out(f"{path}: right. {len(world.entities)} entities, {len(world.tools)} tools, {rows} seed rows.")
    if made_up:
        console.out(f"Without an effect, so answered from their output schema: {', '.join(made_up)}")
