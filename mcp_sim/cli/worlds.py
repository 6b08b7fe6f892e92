"""`mcp-sim worlds`: what ships with mcp-sim."""

from __future__ import annotations

import typer
from rich.table import Table

from mcp_sim.cli.output import console
from schemas.load import shipped_world, shipped_worlds


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("worlds")(worlds)


def worlds() -> None:
    """List the worlds that ship with mcp-sim."""
    table = Table("world", "what it is", "entities", "tools", "rows")
    for name in shipped_worlds():
        world = shipped_world(name)
        rows = sum(map(len, world.rows.values()))
        about = world.description or world.title
        table.add_row(name, about, str(len(world.entities)), str(len(world.tools)), str(rows))
    console.print(table)
    console.print("Serve one: [bold]mcp-sim serve NAME[/]")
