"""Options that several commands share."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

import typer
from typer.core import TyperCommand

from mcp_sim.errors import BadName, SetupError
from store.db import Database


def default_database() -> str:
    """The one default database: `$MCP_SIM_DB`, else a file in the user's own data folder."""
    if url := os.environ.get("MCP_SIM_DB"):
        return url
    folder = Path(typer.get_app_dir("mcp-sim"))
    folder.mkdir(parents=True, exist_ok=True)
    return _of_file(folder / "sessions.db")


def open_database(url: str | None) -> Database:
    """The database of an option: a SQLAlchemy URL, a file path, or the default.

    Raises:
        StoreError: it cannot be opened.
    """
    return Database(_full(url))


def lasting_database(url: str | None) -> Database:
    """The same, for commands that use what an earlier one left.

    Raises:
        SetupError: it is in memory, which ends with the command.
        StoreError: it cannot be opened.
    """
    full = _full(url)
    if full in _IN_MEMORY:
        raise SetupError(f"what {full} holds is gone when the command ends; give a file, or another URL")
    return Database(full)


def existing_database(url: str | None) -> Database:
    """The same, for commands that make no database.

    Raises:
        SetupError: there is no such file, or it is in memory.
        StoreError: it cannot be opened.
    """
    full = _full(url)
    path = unquote(full.removeprefix(_FILE).partition("?")[0]) if full.startswith(_FILE) else ""
    if path and full not in _IN_MEMORY and not Path(path).exists():
        raise SetupError(f"there is no database at {path} yet; `mcp-sim serve` makes one")
    return lasting_database(url)


_FILE = "sqlite:///"
_IN_MEMORY = ("sqlite://", _FILE, f"{_FILE}:memory:")


def _full(url: str | None) -> str:
    url = default_database() if url is None else url
    return url if "://" in url else _of_file(Path(url).expanduser())


def _of_file(path: Path) -> str:
    """The URL of a SQLite file, whatever its name."""
    return _FILE + str(path).replace("%", "%25").replace("?", "%3F")


class StepsCommand(TyperCommand):
    """A command whose arguments are steps: `-1` is no option, and no step either."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, after a look at the numbers."""
        if below := next((arg for arg in args if re.fullmatch(r"-\d+", arg)), None):
            raise BadName(f"there is no step {below}; steps count from 0, which stands for the seed rows")
        return super().parse_args(ctx, args)


Db = Annotated[
    str | None,
    typer.Option("--db", metavar="URL", help="Database: a file, or a URL such as postgresql+psycopg://host/name."),
]
Url = Annotated[str | None, typer.Option("--url", help="Ask a running server, e.g. http://127.0.0.1:8000.")]
Token = Annotated[str | None, typer.Option("--token", envvar="MCP_SIM_TOKEN", help="Token of that server.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Session = Annotated[str, typer.Argument(help="Session id; `default` is the one behind /mcp.")]
KeepDays = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=36500,
        metavar="N",
        envvar="MCP_SIM_KEEP_DAYS",
        help="Delete sessions unused for N days; `default` stays.",
    ),
]
MaxDisk = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", envvar="MCP_SIM_MAX_DISK_MB", help="Beyond N MB, delete those longest unused."),
]
World = Annotated[str, typer.Argument(help="A shipped world (see `mcp-sim worlds`), or the path of a world or pack.")]
