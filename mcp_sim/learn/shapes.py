"""What kinds of JSON stand where in objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from mcp_sim.learn.tables import Path

_SEEN = 120
"""Values that are looked at to learn how they are built."""


def shape(values: Iterable[Any]) -> dict[Path, Counter[str]]:
    """What stands at each path of objects: `text`, `number`, `boolean`, `object`, `objects`, `list`, `null`."""
    found: dict[Path, Counter[str]] = {}
    seen = 0
    for value in values:
        if isinstance(value, dict):
            seen += 1
            _shape(value, (), found)
            if seen >= _SEEN:
                break
    return {path: kinds for path, kinds in found.items() if sum(kinds.values()) >= max(1, 0.1 * seen)}


def _shape(value: dict[str, Any], path: Path, found: dict[Path, Counter[str]]) -> None:
    for name, part in value.items():
        here = (*path, name)
        found.setdefault(here, Counter())[kind_of(part)] += 1
        if isinstance(part, dict) and len(here) < 4 and not _is_map(part):
            _shape(part, here, found)


def _is_map(value: dict[str, Any]) -> bool:
    """Whether an object looks like things by their key, not like one thing."""
    return len(value) > 3 and all(isinstance(part, dict) for part in value.values())


def kind_of(value: Any) -> str:
    """What kind of JSON a value is."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case dict():
            return "object"
        case list():
            return "objects" if value and all(isinstance(item, dict) for item in value) else "list"
    return "other"


def scalar_paths(values: Iterable[Any]) -> list[Path]:
    """The paths of scalars in objects that most of them have."""
    return [p for p, kinds in shape(values).items() if kinds.keys() <= {"text", "number", "boolean", "null"}]
