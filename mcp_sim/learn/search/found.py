"""An expression that was found, and when two values are the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.language import UNDEFINED
from store.matching import same


@dataclass
class Found:
    """An expression, and how it fares.

    Attributes:
        source: the expression.
        hits: the examples that it explains.
        total: the examples there were.
        rivals: other expressions that explain as much.
    """

    source: str
    hits: int
    total: int
    rivals: list[str] = field(default_factory=list)

    @property
    def rank(self) -> tuple[int, int]:
        """What is better comes first: what explains more, then what is shorter."""
        return -self.hits, len(self.source)

    @property
    def share(self) -> float:
        """The share of examples that it explains."""
        return self.hits / self.total if self.total else 0.0


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same; what has no value is not."""
    if one is UNDEFINED:
        return False
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    return same(one, other)


def bitset(members: Iterable[int]) -> int:
    """A set of positions as one number."""
    return sum(1 << i for i in members)
