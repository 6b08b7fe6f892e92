"""What rows hold: which match, which refer to which, what is equal, and what comes first. Pure Python, no SQL."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from schemas.rows import key_text, values_at
from schemas.types import Row, World

Referrer = tuple[str, str, Row]
"""A row that refers to another one: its entity, the path of the reference, and the row."""


@lru_cache(maxsize=1024)
def paths_to(world: World, entity: str) -> tuple[tuple[str, str], ...]:
    """Where rows may refer to an entity, as (entity, path)."""
    return tuple(
        (name, path)
        for name, other in world.entities.items()
        for path, reference in other.references.items()
        if reference.to == entity
    )


def references_to(world: World, entity: str, row: Row, target: str, key: str) -> Iterator[str]:
    """The reference paths of a row that hold `key` of `target`, each once."""
    for path, reference in world.entities[entity].references.items():
        if reference.to == target and any(key_text(value) == key for _, value in values_at(row, path)):
            yield path


def in_order(world: World, entity: str, referrers: list[Referrer]) -> list[Referrer]:
    """Rows that refer to one of an entity, in the order of the world's entities and paths, and then of their keys."""
    if len(referrers) < 2:
        return referrers
    places = {place: index for index, place in enumerate(paths_to(world, entity))}
    return sorted(
        referrers,
        key=lambda found: (places[found[0], found[1]], key_text(found[2][world.entities[found[0]].key])),
    )


def matches(row: Row, match: dict[str, Any] | None) -> bool:
    """Whether fields equal the wanted values; a list field matches when it contains the value."""
    for path, wanted in (match or {}).items():
        if wanted is None:
            if values_at(row, path):
                return False
        elif not any(same(value, wanted) for _, value in values_at(row, path)):
            return False
    return True


def same(one: Any, other: Any) -> bool:
    """JSON equality: true is not 1, at any depth, and 1.0 is."""
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(same(part, other[name]) for name, part in one.items())
        case list(), list():
            return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def sort_key(value: Any) -> tuple[int, Any]:
    """An order over JSON scalars: null, booleans, numbers, text, then the rest by their JSON."""
    if value is None:
        return (0, 0)
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, int | float):
        return (2, value)
    if isinstance(value, str):
        return (3, value)
    return (4, key_text(value))
