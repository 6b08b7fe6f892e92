"""One command, run in this process through the same door as from a shell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_sim.sessions import Sessions
from store.db import Database


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.status == 0, self.err
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one sentence of a command that failed."""
        assert (self.status, self.out) == (1, "")
        assert self.err.startswith("error: ")
        assert self.err.count("\n") == 1
        assert "Traceback" not in self.err
        return self.err.removeprefix("error: ").strip()


Run = Callable[..., Done]
Place = tuple[str, str]
"""The options that say where the sessions are."""


@contextmanager
def opened(file: Path) -> Iterator[Sessions]:
    """The sessions of a database file."""
    with closing(Database(f"sqlite:///{file}")) as database:
        yield Sessions(database)


def cells(text: str) -> list[list[str]]:
    """The cells of every line of a table, without its frame."""
    return [[cell.strip() for cell in line.strip("│┃").split("│")] for line in text.splitlines() if line[:1] == "│"]
