"""The collections of a service, by the form of the objects that its answers list."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mcp_sim.learn.history import answer_of
from mcp_sim.learn.tables import entity_name, singular
from schemas.recorded import RecordedCall

Row = dict[str, Any]
State = dict[str, list[Row]]
"""The rows of every collection, in the order in which they came."""
_MOST_FIELDS = 12


@dataclass(frozen=True, slots=True)
class Collection:
    """Objects of one form.

    Attributes:
        name: as an entity of a pack.
        scalars: the fields that hold one value each.
        lists: the fields that hold lists of values.
    """

    name: str
    scalars: tuple[str, ...]
    lists: tuple[str, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields."""
        return (*self.scalars, *self.lists)

    def holds(self, value: Any) -> bool:
        """Whether an object has the form of a row."""
        return isinstance(value, dict) and value.keys() == set(self.fields)


def collections_of(calls: Iterable[RecordedCall]) -> list[Collection]:
    """The forms of objects that are listed by answers which read, the most frequent first."""
    seen: Counter[frozenset[str]] = Counter()
    names: dict[frozenset[str], Counter[str]] = defaultdict(Counter)
    samples: dict[frozenset[str], list[Row]] = defaultdict(list)
    for call in calls:
        if call.is_error or call.kind == "write":
            continue
        for name, rows in listed(answer_of(call)):
            for row in rows:
                form = frozenset(row)
                seen[form] += 1
                names[form][name or call.tool] += 1
                samples[form].append(row)
    found: dict[str, Collection] = {}
    for form, _ in seen.most_common():
        collection = _collection(names[form].most_common(1)[0][0], samples[form], set(found))
        if collection is not None:
            found[collection.name] = collection
    return list(found.values())


def listed(answer: Any) -> Iterator[tuple[str, list[Row]]]:
    """(name, objects) for every list of alike objects that an answer is, or has as a member."""
    members = [("", answer)] if isinstance(answer, list) else list(answer.items()) if isinstance(answer, dict) else []
    for name, part in members:
        if isinstance(part, list) and part and all(isinstance(row, dict) for row in part):
            yield name, part


def _collection(name: str, rows: list[Row], taken: set[str]) -> Collection | None:
    fields = list(rows[0])
    if not fields or len(fields) > _MOST_FIELDS or not all(field.isidentifier() for field in fields):
        return None
    lists = [field for field in fields if all(_is_list(row[field]) for row in rows)]
    scalars = [field for field in fields if all(_is_scalar(row[field]) for row in rows)]
    if not scalars or len(scalars) + len(lists) < len(fields):
        return None
    base = entity_name(singular(name))
    name = next(n for n in (base, *(f"{base}_{k}" for k in range(2, 100))) if n not in taken)
    return Collection(name, tuple(scalars), tuple(lists))


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_scalar, value))


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)
