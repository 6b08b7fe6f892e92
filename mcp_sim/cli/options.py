"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mcp_sim.errors import SetupError
from store.db import Database


def default_database() -> str:
    """The one default database: `$MCP_SIM_DB`, else a file in the user's own data folder."""
    if url := os.environ.get("MCP_SIM_DB"):
        return url
    folder = Path(typer.get_app_dir("mcp-sim"))
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'sessions.db'}"


def open_database(url: str | None) -> Database:
    """The database of an option: a SQLAlchemy URL, a file path, or the default.

    Raises:
        StoreError: it cannot be opened.
    """
    return Database(_full(url))


def existing_database(url: str | None) -> Database:
    """The same, for commands that make no database.

    Raises:
        SetupError: there is no such file.
        StoreError: it cannot be opened.
    """
    full = _full(url)
    path = full.removeprefix("sqlite:///").partition("?")[0] if full.startswith("sqlite:///") else ""
    if path and not Path(path).exists():
        raise SetupError(f"there is no database at {path} yet; `mcp-sim serve` makes one")
    return Database(full)


def _full(url: str | None) -> str:
    url = default_database() if url is None else url
    return url if "://" in url else f"sqlite:///{Path(url).expanduser()}"


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
