"""Tables as entities of a pack: the types of their fields, and the references that hold wherever rows are seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_sim.learn.answers import place
from mcp_sim.learn.example import Example
from mcp_sim.learn.keys import can_be_field
from mcp_sim.learn.learner import Lesson
from mcp_sim.learn.references import Link
from mcp_sim.learn.shapes import kind_of
from mcp_sim.learn.tables import EACH, Path, Row, Table, leaves
from schemas.recorded import RecordedCall
from schemas.rows import key_text

Schema = dict[str, Any]
_FEW = 3
_TYPES = {
    "text": "string",
    "number": "number",
    "boolean": "boolean",
    "object": "object",
    "objects": "array",
    "list": "array",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Inferred:
    """A reference that was inferred, and why the database of the twin does not enforce it, if it does not."""

    path: Path
    link: Link
    not_enforced: str = ""

    @property
    def name(self) -> str:
        """The path as a pack writes it."""
        return ".".join(part for part in self.path if part != EACH)

    def facts(self) -> dict[str, Any]:
        """What is known, for people."""
        return {
            "to": self.link.to,
            "confidence": self.link.confidence,
            "why": self.link.why,
            "enforced": not self.not_enforced,
            "why_not": self.not_enforced,
        }


def inferred(
    table: Table,
    links: Mapping[Path, Link],
    broken: Mapping[tuple[str, Path], tuple[RecordedCall, Any]],
    lessons: Iterable[Lesson],
) -> list[Inferred]:
    """The references of a table; those that a service does not keep to itself are not enforced.

    Args:
        broken: fields that an answer shows with a value that names no row, each with the call and the value.
    """
    deleted = {drop.table: lesson.tool for lesson in lessons for drop in lesson.drops}
    found = []
    for path, link in links.items():
        why = ""
        if link.first is not None:
            row, value = link.first
            why = f"{link.dangling:,} of {link.of:,} values name no {link.to}, first {value!r} in row {row!r}"
        elif (table.name, path) in broken:
            call, value = broken[table.name, path]
            why = f"the service itself holds {value!r} there, which is no {link.to} ({place(call)})"
        elif link.to in deleted:
            why = f"{deleted[link.to]} deletes rows of {link.to}, and what becomes of those that name them is not known"
        elif link.of < _FEW and not link.is_declared:
            why = "so few values prove little"
        elif not _is_plain(table, path):
            why = "it stands under names that differ from row to row, or holds more than keys"
        found.append(Inferred(path, link, why))
    return found


def _is_plain(table: Table, path: Path) -> bool:
    """Whether a path is one of a schema, and all that stands there is a key."""
    rows = list(table.rows.values())
    kinds = {type(value) for row in rows for at, value in leaves(row) if at == path}
    often = sum(any(at == path for at, _ in leaves(row)) for row in rows[:200]) >= 0.2 * len(rows[:200])
    is_sound = all(can_be_field(part) for part in path if part != EACH)
    return often and is_sound and (kinds <= {str, type(None)} or kinds <= {int, type(None)})


def broken_links(
    links: Mapping[str, Mapping[Path, Link]], examples: Iterable[Example]
) -> dict[tuple[str, Path], tuple[RecordedCall, Any]]:
    """Fields that an answer, or a change, leaves with a value that names no row."""
    found: dict[tuple[str, Path], tuple[RecordedCall, Any]] = {}
    for example in examples:
        shown = {(table, key): row for table, key, row in example.seen}
        for (name, _), row in shown.items():
            for path, link in links.get(name, {}).items():
                if (name, path) not in found:
                    for value in _at(row, path):
                        if (link.to, key_text(value)) not in shown and example.rows.get(link.to, value) is None:
                            found[name, path] = example.call, value
                            break
    return found


def _at(row: Row, path: Path) -> Iterable[Any]:
    return [value for at, value in leaves(row) if at == path and value is not None]


def entity_of(table: Table, lessons: list[Lesson], references: Iterable[Inferred]) -> dict[str, Any]:
    """A table as an entity stands in a pack."""
    types: dict[str, set[str]] = {}
    for row in table.rows.values():
        for name, value in row.items():
            if can_be_field(name):
                types.setdefault(name, set()).add(_TYPES[kind_of(value)])
    for lesson in lessons:
        for name in _written(lesson, table):
            types[name] = {*types.get(name, ()), "string", "number", "boolean", "object", "array"}
    made = any(make.table == table.name for lesson in lessons for make in lesson.makes)
    everywhere = {name for name in types if all(name in row for row in table.rows.values())}
    for name in types:
        if not made or name in everywhere:
            types[name] |= {"null"}
    properties: Schema = {name: {"type": _one_of(kinds)} for name, kinds in types.items()}
    properties[table.key] = {"type": "integer" if _counts(table) else "string"}
    enforced = [one for one in references if not one.not_enforced]
    for one in enforced:
        _put(properties, one.path, _type_at(table, one.path))
    is_closed = bool(table.rows) and all(name in properties for row in table.rows.values() for name in row)
    schema: Schema = {"type": "object", "required": [table.key], "properties": properties}
    if is_closed:  # an answer with other fields is about something else, though it names a row
        schema["additionalProperties"] = False
    entity: dict[str, Any] = {"key": table.key, "schema": schema}
    return entity | ({"references": {one.name: {"to": one.link.to} for one in enforced}} if enforced else {})


def _put(properties: Schema, path: Path, kind: str) -> None:
    """Say at a path, lists stepped into, that keys stand there."""
    name, *rest = path
    here = properties.setdefault(name, {"type": ["null", "object"]})
    leaf: Schema = here
    while rest and rest[0] == EACH:
        rest = rest[1:]
        leaf = leaf.setdefault("items", {} if rest else {"type": [kind, "null"]})
    if rest:
        _put(leaf.setdefault("properties", {}), tuple(rest), kind)
    elif EACH not in path[-1:]:
        here["type"] = [kind, "null"]


def _type_at(table: Table, path: Path) -> str:
    values = [value for row in table.rows.values() for value in _at(row, path)]
    return "integer" if all(isinstance(value, int) for value in values) else "string"


def _written(lesson: Lesson, table: Table) -> Iterable[str]:
    for change in lesson.changes:
        if change.binding.table == table.name:
            yield from change.sets
            yield from table.fields if change.chosen is not None else ()
    for make in lesson.makes:
        if make.table == table.name:
            yield from make.values


def _counts(table: Table) -> bool:
    return all(isinstance(row[table.key], int) for row in table.rows.values())


def _one_of(kinds: set[str]) -> Any:
    return next(iter(kinds)) if len(kinds) == 1 else sorted(kinds)
