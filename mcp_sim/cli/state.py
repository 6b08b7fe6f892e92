"""`mcp-sim state` and `mcp-sim diff`: what a session holds, or held, and what changed."""

from __future__ import annotations

import re
from typing import Annotated

import typer
from rich.table import Table

from mcp_sim.cli.control import control
from mcp_sim.cli.options import Db, Json, Session, StepsCommand, Token, Url
from mcp_sim.cli.output import console, notices, print_json
from mcp_sim.cli.tables import changes_table, rows_table
from mcp_sim.errors import UnknownEntity


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("state")(state)
    app.command("diff", cls=StepsCommand)(diff)


def state(
    session: Session,
    entity: Annotated[str | None, typer.Argument(help="Show the rows of this entity.")] = None,
    at: Annotated[int | None, typer.Option("--at", metavar="STEP", min=0, help="As this step left it.")] = None,
    as_json: Json = False,
    db: Db = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Show the rows of a session: how many of each entity, or all of one. With --json, all rows in either case."""
    if entity is not None and not re.fullmatch(r"\w+", entity, re.ASCII):
        raise UnknownEntity(f"no entity '{entity[:100]}'; the name of one is made of letters, digits and _")
    path = "/state" if entity is None else f"/state/{entity}"
    found = control(db, url, token).ask_session("GET", session, path, params={} if at is None else {"at": at})
    if as_json:
        print_json(found)
    elif entity is not None:
        console.print(rows_table(found, console.width))
        notices.print(_count(entity, len(found)), highlight=False)
    else:
        table = Table("entity", "rows")
        for name, rows in found.items():
            table.add_row(name, str(len(rows)))
        console.print(table)
        notices.print(f"The rows of one: mcp-sim state {session} ENTITY", highlight=False)


def diff(
    session: Session,
    start: Annotated[int, typer.Argument(metavar="A", min=0, help="A step; 0 stands for the seed rows.")],
    end: Annotated[int, typer.Argument(metavar="B", min=0, help="Another one; it may come before the first.")],
    as_json: Json = False,
    db: Db = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Show what changed between two steps: each row before and after, the fields that differ marked."""
    found = control(db, url, token).ask_session("GET", session, "/diff", params={"from": start, "to": end})
    changes = found["changes"]
    if as_json:
        print_json({"session": session, "from": start, "to": end, "changes": changes})
    elif changes:
        console.print(changes_table(changes, start, end))
    else:
        console.print(f"Nothing differs between step {start} and step {end}.", highlight=False)


def _count(entity: str, count: int) -> str:
    return f"{count} rows of {entity}" if count != 1 else f"1 row of {entity}"
