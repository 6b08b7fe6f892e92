"""What the benchmarks must know of a server: how it starts, how it speaks of lists, how it is set back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.benchmarks.dialect import Dialect

FOLDER = Path(__file__).parents[1]
DOCUMENT = FOLDER / "api.yaml"
SEED = FOLDER / "packs" / "accounts" / "seed.json"


@dataclass(frozen=True)
class Reset:
    """The request that brings the seed rows back."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Face(Protocol):
    """How to speak with a server."""

    @property
    def dialect(self) -> Dialect:
        """How it speaks of lists."""
        ...

    @property
    def root(self) -> str:
        """What stands before `/users` in its paths."""
        ...

    @property
    def reset(self) -> Reset | None:
        """How it is set back, where it can be."""
        ...


class Peer(Face, Protocol):
    """One server, set up as its own documentation says, for the API of `api.yaml` and the rows of the seed file."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def version(self) -> str:
        """The version that is installed."""
        ...

    def command(self, port: int, folder: Path) -> Sequence[str]:
        """How to start it on a loopback port; what it writes goes to the folder."""
        ...
