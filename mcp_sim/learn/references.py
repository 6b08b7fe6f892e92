"""Which fields name rows of other tables: inferred from their names, confirmed by their values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_sim.fidelity import wilson
from mcp_sim.learn.tables import EACH, Path, Table, Tell, entity_name, leaves, singular, tables_of
from schemas.rows import is_key, key_text
from store.relations import Relation

_Values = Mapping[str, tuple[str, Any]]
_MOST = 2000
"""Rows in which references are looked for; those that are found are confirmed in all of them."""
_LEAST = 0.9
"""The share of values that have to name rows."""


@dataclass(frozen=True, slots=True)
class Link:
    """A field whose values are keys of another table.

    Attributes:
        to: the table.
        of: the values that there are, `dangling` of them name no row.
        first: the key of the first row with such a value, and the value.
        is_named: whether the name of the field speaks of the table as well.
        is_declared: whether the data itself declares it.
    """

    to: str
    of: int
    dangling: int = 0
    first: tuple[str, Any] | None = None
    is_named: bool = False
    is_declared: bool = False

    @property
    def confidence(self) -> float:
        """The lower bound of the share of its values that name rows."""
        return round(wilson(1 - self.dangling / self.of, self.of)[0], 3) if self.of else 0.0

    @property
    def why(self) -> str:
        """What speaks for it, in one clause."""
        said = "declared by the database, " if self.is_declared else "so named, " if self.is_named else ""
        return f"{said}{self.of - self.dangling:,} of {self.of:,} values name a row of {self.to}"


def links(tables: Mapping[str, Table], data: Mapping[str, Any]) -> dict[str, dict[Path, Link]]:
    """For every table, the fields that name rows of others."""
    declared = {
        entity_name(name): {column: entity_name(to) for column, to in content.references.items()}
        for name, content in data.items()
        if isinstance(content, Relation)
    }
    return {name: dict(_links(table, tables, declared.get(name, {}))) for name, table in tables.items()}


def _links(table: Table, tables: Mapping[str, Table], declared: Mapping[str, str]) -> Iterator[tuple[Path, Link]]:
    some = _values(table, list(table.rows)[:_MOST])
    found: dict[Path, tuple[Table, bool, bool]] = {}
    for path, values in some.items():
        if len(path) == 1 and path[0] in declared and declared[path[0]] in tables:
            found[path] = tables[declared[path[0]]], False, True
            continue
        fitting = [
            other for other in tables.values() if other.own_key and len(values) > 1 and _agree(path, values, other)
        ]
        if fitting:
            best = max(fitting, key=lambda other: (_named_so(path, other), _inside(values, other), other is table))
            found[path] = best, _named_so(path, best), False
    whole = some if len(table.rows) <= _MOST else _values(table, list(table.rows), found.keys())
    for path, (other, is_named, is_declared) in found.items():
        yield path, _link(whole[path], other, is_named=is_named, is_declared=is_declared)


def _values(table: Table, keys: Iterable[str], paths: Collection[Path] | None = None) -> Mapping[Path, _Values]:
    """What may be keys at the paths of some rows: each value with the key of its first row, and as it stands there."""
    found: dict[Path, dict[str, tuple[str, Any]]] = {}
    for at in keys:
        for path, value in leaves(table.rows[at]):
            if is_key(value) and len(path) <= 3 and path != (table.key,) and (paths is None or path in paths):
                found.setdefault(path, {}).setdefault(key_text(value), (at, value))
    return found


def _inside(values: _Values, other: Table) -> int:
    return sum(value in other.rows for value in values)


def _agree(path: Path, values: _Values, other: Table) -> bool:
    """Whether the values are keys of another table, and not by chance: small numbers are keys of many."""
    inside = _inside(values, other)
    if inside < _LEAST * len(values):
        return False
    if _named_so(path, other):
        return True
    if all(value.lstrip("-").isdigit() and len(value) < 5 for value in values):
        return False
    return inside > 5 or inside > 0.3 * len(other.rows)


def _link(values: _Values, other: Table, *, is_named: bool = False, is_declared: bool = False) -> Link:
    dangling = [where for value, where in values.items() if value not in other.rows]
    first = dangling[0] if dangling else None
    return Link(other.name, len(values), len(dangling), first, is_named, is_declared)


def _named_so(path: Path, other: Table) -> bool:
    name = next((part for part in reversed(path) if part != EACH), "").lower()
    return singular(other.name) in name or other.key.lower() in name


def related(
    data: Mapping[str, Any], tell: Tell = lambda _: None
) -> tuple[dict[str, Table], dict[str, dict[Path, Link]]]:
    """The tables of a document of collections, with what their fields refer to, and the links themselves."""
    tables = tables_of(data, tell)
    found = links(tables, data)
    for name, table in tables.items():
        table.references = {path: link.to for path, link in found[name].items()}
    return tables, found
