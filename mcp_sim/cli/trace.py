"""`mcp-sim trace`: what happened in a session, as JSON Lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO

import httpx2
import typer

from mcp_sim.cli.options import Db, existing_database
from mcp_sim.cli.output import notices
from mcp_sim.errors import SetupError, UnknownSession
from mcp_sim.sessions import Sessions


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("trace")(trace)


def trace(
    session: Annotated[str, typer.Argument(help="Session id; `default` is the one behind /mcp.")] = "default",
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
    db: Db = None,
    url: Annotated[str | None, typer.Option(help="Ask a running server, e.g. http://127.0.0.1:8000.")] = None,
    token: Annotated[str | None, typer.Option(envvar="MCP_SIM_TOKEN", help="Token of that server.")] = None,
) -> None:
    """Print a session's trace: the complete world, then one line per step. Equal runs give equal bytes."""
    if url and db:
        raise SetupError("give either --db or --url, not both")
    lines = _served(url, session, token) if url else Sessions(existing_database(db)).trace(session)
    header = next(lines)  # an unknown session is told before the file is touched
    with nullcontext(sys.stdout.buffer) if out is None else _opened(out) as file:
        file.write(header)
        steps = 0
        for line in lines:
            file.write(line)
            steps += 1
    if out is not None:
        notices.out(f"{steps} step{'' if steps == 1 else 's'} in {out}", highlight=False)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as error:
        raise SetupError(f"cannot write {path}: {error.strerror}") from None


def _served(url: str, session: str, token: str | None) -> Iterator[bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"{url.rstrip('/')}/control/sessions/{session}/trace"
    try:
        with httpx2.stream("GET", address, headers=headers, timeout=60) as response:
            if response.status_code == 404:
                raise UnknownSession(f"the server at {url} has no session '{session}'")
            if response.status_code != 200:
                raise SetupError(f"{address} answered {response.status_code}: {response.read().decode()[:200]}")
            yield from _lines(response.iter_bytes())
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise SetupError(f"no mcp-sim server at {url}: {error}") from None


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a stream, ended by line feeds and nothing else: a text in a trace may hold other line ends."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in whole)
