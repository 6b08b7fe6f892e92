"""`mcp-sim sessions`, `branch`, `snapshot`, `rewind`, `reset`, `delete`: the sessions of a database or a server."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Column, Table

from mcp_sim.cli.control import control
from mcp_sim.cli.options import Db, Json, Session, StepsCommand, Token, Url
from mcp_sim.cli.output import console, notices, print_json

_FIELDS = ("id", "world", "seed", "steps", "created", "last_used")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (sessions, branch, snapshot, rewind, reset, delete):
        app.command(command.__name__, cls=StepsCommand)(command)


def sessions(as_json: Json = False, db: Db = None, url: Url = None, token: Token = None) -> None:
    """List the sessions, oldest first; SIZE is what goes when a session goes."""
    here = control(db, url, token)
    storage, sizes = here.ask("GET", "/storage"), here.ask("GET", "/storage/sessions")
    found = [
        {field: session[field] for field in _FIELDS} | {"size": sizes.get(session["id"], 0)}
        for session in here.ask("GET", "/sessions")["sessions"]
    ]
    if as_json:
        print_json({"place": here.place, **storage, "sessions": found})
        return
    table = Table(Column("session", overflow="fold"), "world", "steps", "created (UTC)", "last used", "size")
    for session in found:
        times = (session[field][:16].replace("T", " ") for field in ("created", "last_used"))
        table.add_row(session["id"], session["world"], str(session["steps"]), *times, _size(session["size"]))
    console.print(table)
    notices.print(
        f"{here.place} takes {_size(storage['used_bytes'])}{_bounds(storage)}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def branch(
    session: Session,
    at: Annotated[int | None, typer.Option("--at", metavar="STEP", min=0, help="Default: the last step.")] = None,
    fresh: Annotated[str | None, typer.Option("--id", metavar="NEW", help="Default: one is made up.")] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="NAME", help="A perturbation it has no more from there on.")
    ] = None,
    db: Db = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Start a session that goes on from a step of another, and print its id; neither sees the other from then on."""
    made = control(db, url, token).ask_session(
        "POST", session, "/branch", body={"at": at, "id": fresh, "without": without or []}
    )
    notices.print(f"Branched from step {made['steps']} of {session}:", highlight=False)
    console.out(made["id"], highlight=False)


def snapshot(
    session: Session,
    name: Annotated[str | None, typer.Argument(help="What to call it; a name used before moves here.")] = None,
    db: Db = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Name the present moment of a session, to rewind to; without a name, list those that there are."""
    here = control(db, url, token)
    if name is None:
        found = here.ask_session("GET", session, "/snapshots")["snapshots"]
        for saved in found:
            console.print(_moment(saved, session), highlight=False)
        if not found:
            notices.print(f"{session} has no snapshots.", highlight=False)
        return
    made = here.ask_session("POST", session, "/snapshots", body={"name": name})
    console.print(_moment(made, session), highlight=False)


def rewind(
    session: Session,
    to: Annotated[str, typer.Argument(metavar="STEP_OR_SNAPSHOT", help="Number of a step, or name of a snapshot.")],
    db: Db = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Take a session back to a step or a snapshot, exactly; the steps behind it are gone."""
    wanted = int(to) if to.isdecimal() and to.isascii() else to
    _told(control(db, url, token).ask_session("POST", session, "/rewind", body={"to": wanted}))


def reset(session: Session, db: Db = None, url: Url = None, token: Token = None) -> None:
    """Take a session back to its seed rows, as on its first day."""
    _told(control(db, url, token).ask_session("POST", session, "/reset"))


def delete(session: Session, db: Db = None, url: Url = None, token: Token = None) -> None:
    """Delete a session with its rows and steps; branches of it stay."""
    control(db, url, token).ask_session("DELETE", session)
    console.print(f"{session} is gone.", highlight=False)


def _moment(snapshot: dict[str, Any], session: str) -> str:
    return f"{snapshot['name']} is step {snapshot['step']} of {session}."


def _told(session: dict[str, Any]) -> None:
    console.print(f"{session['id']} is at step {session['steps']}.", highlight=False)


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} GB"


def _bounds(storage: dict[str, Any]) -> str:
    days, most = storage["keep_days"], storage["max_disk_mb"]
    told = [] if days is None else [f"sessions unused for {days:g} days expire"]
    told += [] if most is None else [f"at most {most:g} MB are kept"]
    return "".join(f"; {bound}" for bound in told)
