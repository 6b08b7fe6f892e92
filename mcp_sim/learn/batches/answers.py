"""How a tool tells what it did: which of its results stands where, as JSON and as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mcp_sim.fidelity import NOT_JSON, parsed, same_json
from mcp_sim.learn.batches.collections import Collection, Row
from mcp_sim.learn.batches.operations import Edit, Operation
from schemas.recorded import RecordedCall

UNKNOWN: Final = object()
"""What a part of an answer is that nothing explains."""


@dataclass(frozen=True, slots=True)
class Part:
    """Where a value of an answer comes from: a constant, or the result for a collection, with its fields renamed."""

    constant: Any = UNKNOWN
    result: str = ""
    names: tuple[tuple[str, str], ...] = ()

    def value(self, results: Mapping[str, list[Row]]) -> Any:
        """The value for these results, by collection."""
        if not self.result:
            return self.constant
        rows = results.get(self.result)
        if rows is None or not self.names:
            return UNKNOWN if rows is None else rows
        return [{shown: row.get(own) for shown, own in self.names} for row in rows]


@dataclass(frozen=True, slots=True)
class Form:
    """The form of an answer: one part, or an object of parts by name."""

    whole: Part | None = None
    members: tuple[tuple[str, Part], ...] = ()

    def value(self, results: Mapping[str, list[Row]]) -> Any:
        """The answer for these results."""
        if self.whole is not None:
            return self.whole.value(results)
        return {name: part.value(results) for name, part in self.members}

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every part."""
        return (self.whole,) if self.whole is not None else tuple(part for _, part in self.members)

    def is_known(self, results: Mapping[str, list[Row]]) -> bool:
        """Whether every part comes from somewhere."""
        return all(part.value(results) is not UNKNOWN for part in self.parts)


def text_value(call: RecordedCall) -> Any:
    """What the text of an answer says: JSON, or itself."""
    found = parsed(call.text)
    return call.text.strip() if found is NOT_JSON else found


def form_of(values: list[Any], operations: Mapping[str, Operation]) -> Form:
    """The form of the answers of one tool that does these operations, by collection."""
    if values and all(same_json(value, values[0]) for value in values) and not _shows(values[0], operations):
        return Form(Part(constant=values[0]))
    if values and all(isinstance(value, dict) for value in values):
        names = dict.fromkeys(name for value in values for name in value)
        return Form(members=tuple((n, _part([v[n] for v in values if n in v], n, operations)) for n in names))
    return Form(_part(values, "", operations))


def _part(values: list[Any], name: str, operations: Mapping[str, Operation]) -> Part:
    rows = [row for value in values if isinstance(value, list) for row in value if isinstance(row, dict)]
    for operation in operations.values():
        collection = operation.collection
        if rows and all(collection.holds(row) for row in rows):
            return Part(result=collection.name)
        if isinstance(operation, Edit) and rows and (renamed := _renamed(rows, operation)):
            return Part(result=collection.name, names=renamed)
    if not rows and values and all(isinstance(value, list) and not value for value in values):
        named = next((op.collection.name for op in operations.values() if _called(name, op.collection)), None)
        return Part(result=named) if named else Part(constant=[])
    if values and all(not isinstance(value, list) and same_json(value, values[0]) for value in values):
        return Part(constant=values[0])
    return Part()


def _renamed(rows: Iterable[Row], operation: Edit) -> tuple[tuple[str, str], ...]:
    rows = list(rows)
    if any(row.keys() != rows[0].keys() or len(row) != 2 for row in rows):
        return ()
    lists = [name for name in rows[0] if all(isinstance(row[name], list) for row in rows)]
    others = [name for name in rows[0] if name not in lists]
    return ((others[0], operation.named), (lists[0], operation.values)) if len(lists) == len(others) == 1 else ()


def _called(name: str, collection: Collection) -> bool:
    return bool(name) and name.lower().startswith(collection.name[:3])


def _shows(value: Any, operations: Mapping[str, Operation]) -> bool:
    """Whether a value that is always the same may still be what operations show: lists, empty ones too."""
    if not operations:
        return False
    parts = list(value.values()) if isinstance(value, dict) else [value]
    return any(isinstance(part, list) for part in parts)
