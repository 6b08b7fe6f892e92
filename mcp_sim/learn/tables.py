"""Initial rows as tables: what identifies a row, what its fields hold, which of them name rows of other tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.rows import key_text

Row = dict[str, Any]
Path = tuple[str, ...]
POSITION = "position"
"""The field that keeps the order of rows, and is their key where they have none of their own."""
_EACH = "[]"


@dataclass
class Table:
    """Rows of one kind.

    Attributes:
        name: its name as an entity of a pack.
        key: the field that identifies a row.
        rows: the rows, by the text of their key, in the order of the data.
        own_key: whether the data has the key, or it was made from where the row stands.
        keyed: whether the key was the name of the row in the data, not a field of it.
        references: where rows name rows: a path (`[]` for the items of a list), and the table.
    """

    name: str
    key: str
    rows: dict[str, Row]
    own_key: bool = True
    keyed: bool = False
    references: dict[Path, str] = field(default_factory=dict)

    @property
    def fields(self) -> list[str]:
        """Every field, in the order in which rows show them."""
        return list(dict.fromkeys(name for row in self.rows.values() for name in row))

    @property
    def in_key_order(self) -> bool:
        """Whether the data stands in the order of its keys."""
        keys = list(self.rows)
        return keys == sorted(keys)


def entity_name(name: str) -> str:
    """A name as an entity may have it."""
    text = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")[:60]
    return text if text[:1].isalpha() else f"e_{text}"


def tables_of(data: Mapping[str, Any]) -> dict[str, Table]:
    """The tables of a document of collections: lists of rows, objects of rows by key, single objects."""
    tables: dict[str, Table] = {}
    for name, content in data.items():
        table = _table(entity_name(name), content)
        if table is not None:
            tables[table.name] = table
    for table in tables.values():
        table.references = dict(_references(table, tables))
    return tables


def _table(name: str, content: Any) -> Table | None:
    if isinstance(content, Mapping):
        values = list(content.values())
        if values and all(isinstance(value, Mapping) for value in values) and not _is_record(content):
            return _by_name(name, content)
        return Table(name, POSITION, {"1": {POSITION: 1, **content}}, own_key=False)
    if isinstance(content, list):
        rows = [dict(row) if isinstance(row, Mapping) else {"value": row} for row in content]
        return _listed(name, rows) if rows else None
    return None


def _is_record(content: Mapping[str, Any]) -> bool:
    """Whether an object of objects is one thing with parts, not rows by their key: its parts share no fields."""
    fields = Counter(name for value in content.values() for name in value)
    return len(content) < 2 or not fields or fields.most_common(1)[0][1] < max(2, 0.5 * len(content))


def _by_name(name: str, content: Mapping[str, Any]) -> Table:
    fields = dict.fromkeys(field for row in content.values() for field in row)
    own = next((f for f in fields if all(key_text(row.get(f)) == key for key, row in content.items())), None)
    if own is not None:
        return Table(name, own, {key: dict(row) for key, row in content.items()})
    key = f"{singular(name)}_id"
    key = key if key not in fields else f"{name}_key"
    return Table(name, key, {at: {key: at, **row} for at, row in content.items()}, keyed=True)


def _listed(name: str, rows: list[Row]) -> Table:
    scalar = [f for f in rows[0] if all(isinstance(row.get(f), str | int) for row in rows)]
    unique = [f for f in scalar if len({key_text(row[f]) for row in rows}) == len(rows)]
    named = [f for f in unique if _names_key(f)]
    key = next(iter([*named, *(f for f in unique[:1] if f == next(iter(rows[0])) and len(rows) > 20)]), None)
    if key is None:
        return Table(name, POSITION, {str(n): {POSITION: n, **row} for n, row in enumerate(rows, 1)}, own_key=False)
    table = Table(name, key, {key_text(row[key]): row for row in rows})
    if not table.in_key_order:
        table.rows = {at: {**row, POSITION: n} for n, (at, row) in enumerate(table.rows.items(), 1)}
    return table


def _names_key(name: str) -> bool:
    words = re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    return words[-1] in ("id", "key", "uuid", "guid", "code", "number", "no", "slug", "sku")


def singular(word: str) -> str:
    """One of what a plural names, as English mostly has it."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(ss|sh|ch|x|z)es$", word):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 2 else word


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar in a value, with its path; the items of a list share one."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from leaves(part, (*path, name))
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, (*path, _EACH))
    else:
        yield path, value


def _references(table: Table, tables: dict[str, Table]) -> Iterator[tuple[Path, str]]:
    found: dict[Path, set[str]] = {}
    for row in list(table.rows.values())[:2000]:
        for path, value in leaves(row):
            if isinstance(value, str | int) and not isinstance(value, bool) and len(path) <= 3:
                found.setdefault(path, set()).add(key_text(value))
    for path, values in found.items():
        for other in tables.values():
            if not other.own_key or path == (table.key,) or len(values) < 2:
                continue
            inside = sum(value in other.rows for value in values)
            if inside >= 0.9 * len(values) and (inside > 5 or inside > 0.3 * len(other.rows) or _named_so(path, other)):
                yield path, other.name
                break


def _named_so(path: Path, other: Table) -> bool:
    name = next((part for part in reversed(path) if part != _EACH), "").lower()
    return singular(other.name) in name or other.key.lower() in name
