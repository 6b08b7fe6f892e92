"""Every operation that a tool might do with a collection, as its arguments suggest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from mcp_sim.learn.batches.collections import Collection, Row
from mcp_sim.learn.batches.operations import Add, Edit, Objects, Operation, Remove, Select, Where
from schemas.recorded import RecordedCall


@dataclass
class Given:
    """What the arguments of a tool are, by name.

    Attributes:
        objects: lists of objects, each with the fields that all of them have; None is the arguments themselves.
        values: lists of values.
        scalars: single values.
    """

    objects: dict[str | None, dict[str, list[Any]]] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)
    scalars: set[str] = field(default_factory=set)


def given_by(calls: list[RecordedCall]) -> Given:
    """What these calls of one tool were given."""
    found = Given()
    names = dict.fromkeys(name for call in calls for name in call.arguments)
    for name in names:
        values = [call.arguments[name] for call in calls if name in call.arguments]
        parts = [part for value in values if isinstance(value, list) for part in value]
        if not all(isinstance(value, list) for value in values):
            if not any(isinstance(value, list | dict) for value in values):
                found.scalars.add(name)
        elif parts and all(isinstance(part, dict) for part in parts):
            found.objects[name] = _columns(parts)
        elif parts and not any(isinstance(part, list | dict) for part in parts):
            found.values.add(name)
    if calls:
        found.objects[None] = _columns([call.arguments for call in calls])
    return found


def operations_on(collection: Collection, given: Given, others: list[Collection], kind: str) -> Iterator[Operation]:
    """What a tool of this kind might do with a collection."""
    if kind != "read":
        yield from _additions(collection, given)
        yield from (Remove(collection, where) for where in _wheres(collection, given, searches=False))
        yield from _edits(collection, given)
    if kind != "write":
        yield Select(collection)
        yield from (Select(collection, where) for where in _wheres(collection, given, searches=True))
        for other in others:
            for key in other.scalars:
                for fields in _some(collection.scalars, 2):
                    for every in (False, True) if len(fields) > 1 else (False,):
                        yield Select(collection, of=other, key=key, fields=fields, every=every)


def _additions(collection: Collection, given: Given) -> Iterator[Operation]:
    for name, columns in given.objects.items():
        if set(collection.fields) <= columns.keys():
            for unless in ((), *_some(collection.scalars, len(collection.scalars)), collection.fields):
                yield Add(collection, Objects(name), unless, within=False)
                if unless:
                    yield Add(collection, Objects(name), unless, within=True)


def _wheres(collection: Collection, given: Given, searches: bool) -> Iterator[Where]:
    for name in sorted(given.values):
        yield from (Where(name, fields, "among") for fields in _some(collection.scalars, 2))
    for name in sorted(given.scalars):
        yield from (Where(name, fields, "equal") for fields in _some(collection.scalars, 2))
        if searches:
            yield from (Where(name, fields, "holding") for fields in _some(collection.fields, len(collection.fields)))
    for known, columns in given.objects.items():
        fields = tuple(field for field in collection.scalars if field in columns)
        if known is not None and fields:
            yield Where(known, fields, "like")


def _edits(collection: Collection, given: Given) -> Iterator[Operation]:
    for name, columns in given.objects.items():
        lists = [column for column, values in columns.items() if all(isinstance(value, list) for value in values)]
        for named in columns.keys() - set(lists):
            for values in lists:
                for own in collection.scalars:
                    for own_list in collection.lists:
                        for puts, once, needed in _MANNERS:
                            yield Edit(collection, Objects(name), own, named, own_list, values, puts, once, needed)


_MANNERS = [
    (puts, once, needed) for puts, once in ((True, True), (True, False), (False, False)) for needed in (True, False)
]


def _some(fields: tuple[str, ...], most: int) -> list[tuple[str, ...]]:
    return [chosen for size in range(1, min(most, 4) + 1) for chosen in combinations(fields, size)]


def _columns(rows: list[Row]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0] if all(name in row for row in rows)}
