"""Queries tried on some of the examples."""

from __future__ import annotations

from typing import Any

from mcp_sim.learn.language import UNDEFINED, column
from mcp_sim.learn.scope import Scope
from store.matching import same


def hits(scope: Scope, source: str, target: list[Any], tried: list[int]) -> int:
    """How many of these examples an expression explains."""
    values = column(source, [scope.examples[i] for i in tried])
    return sum(v is not UNDEFINED and same(v, target[i]) for i, v in zip(tried, values, strict=True))


def arguments(scope: Scope) -> list[str]:
    """The names of the arguments."""
    return list(dict.fromkeys(name for names in scope.examples for name in names["args"]))


def spread(items: list[int], most: int) -> list[int]:
    """At most so many items, from everywhere in the list."""
    step = max(1, len(items) // most)
    return items[::step][:most]
