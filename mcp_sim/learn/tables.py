"""Initial rows as tables: what identifies a row, what its fields hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.collections import is_record
from mcp_sim.learn.keys import can_be_keys, names_key
from schemas.rows import is_key, key_text
from store.relations import Relation

Row = dict[str, Any]
Path = tuple[str, ...]
Tell = Callable[[str], None]
POSITION = "row_order"
"""The field that keeps the order of rows, and is their key where they have none of their own."""
EACH = "[]"
"""In a path: every item of a list."""


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
    def is_single(self) -> bool:
        """Whether it holds the one row of a thing that is there once."""
        return self.key == POSITION and len(self.rows) == 1

    @property
    def in_key_order(self) -> bool:
        """Whether the data stands in the order of its keys."""
        keys = list(self.rows)
        return keys == sorted(keys)


def entity_name(name: str) -> str:
    """A name as an entity may have it."""
    text = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")[:60]
    return text if text[:1].isalpha() else f"e_{text}"


def tables_of(data: Mapping[str, Any], tell: Tell = lambda _: None) -> dict[str, Table]:
    """The tables of a document of collections: lists of rows, objects of rows by key, single objects.

    What is not as it should be, such as two rows of one key, is told.
    """
    tables: dict[str, Table] = {}
    for name, content in data.items():
        entity = entity_name(name)
        while entity in tables:
            entity = f"{entity}_2"
        table = _table(entity, content, tell)
        if table is not None:
            tables[table.name] = table
    return tables


def _table(name: str, content: Any, tell: Tell) -> Table | None:
    if isinstance(content, Relation):
        return _listed(name, content.rows, tell, content.key) if content.rows else None
    if isinstance(content, Mapping):
        values = list(content.values())
        if values and all(isinstance(value, Mapping) for value in values) and not is_record(content):
            return _by_name(name, content, tell)
        return Table(name, POSITION, {"1": {POSITION: 1, **content}}, own_key=False)
    if isinstance(content, list):
        rows = [dict(row) if isinstance(row, Mapping) else {"value": row} for row in content]
        mixed = sum(not isinstance(row, Mapping) for row in content)
        if 0 < mixed < len(rows):
            tell(f"{name}: {mixed:,} of {len(rows):,} rows are no objects; each is kept as the field 'value'")
        return _listed(name, rows, tell) if rows else None
    return None


def _by_name(name: str, content: Mapping[str, Any], tell: Tell) -> Table:
    if not can_be_keys(content):
        rows = [{"name": key, **row} for key, row in content.items()]
        tell(f"{name}: some names of its rows are empty, too long or written in two ways; rows are kept by position")
        return _by_position(name, rows)
    fields = dict.fromkeys(field for row in content.values() for field in row)
    own = next((f for f in fields if all(_is_at(row.get(f), key) for key, row in content.items())), None)
    if own is not None:
        return _in_order(Table(name, own, {key: dict(row) for key, row in content.items()}))
    key = f"{singular(name)}_id"
    key = key if key not in fields else f"{name}_key"
    return _in_order(Table(name, key, {at: {key: at, **row} for at, row in content.items()}, keyed=True))


def _is_at(value: Any, key: str) -> bool:
    return is_key(value) and key_text(value) == key


def _listed(name: str, rows: list[Row], tell: Tell, declared: str | None = None) -> Table:
    fields = list(rows[0]) if declared is None else [declared, *rows[0]]
    fitting = [f for f in fields if can_be_keys(row.get(f) for row in rows)]
    unique = [f for f in fitting if len({key_text(row[f]) for row in rows}) == len(rows)]
    named = [f for f in unique if names_key(f) or f == declared]
    key = next(iter([*named, *(f for f in unique[:1] if f == next(iter(rows[0])) and len(rows) > 20)]), None)
    if key is None:
        _tell_of_twins(name, rows, [f for f in fitting if f not in unique], tell)
        return _by_position(name, rows)
    if len({isinstance(row[key], str) for row in rows}) > 1:
        rows = [{**row, key: key_text(row[key])} for row in rows]
    return _in_order(Table(name, key, {key_text(row[key]): row for row in rows}))


def _in_order(table: Table) -> Table:
    """The table; its rows keep their place where that is not the order of their keys."""
    if not table.in_key_order:
        table.rows = {at: {POSITION: n, **row} for n, (at, row) in enumerate(table.rows.items(), 1)}
    return table


def _by_position(name: str, rows: list[Row]) -> Table:
    return Table(name, POSITION, {str(n): {POSITION: n, **row} for n, row in enumerate(rows, 1)}, own_key=False)


def _tell_of_twins(name: str, rows: list[Row], fields: list[str], tell: Tell) -> None:
    """Tell of a field that would be the key, if it were not for a few rows that share its value."""
    for field_name in fields:
        counts = Counter(key_text(row[field_name]) for row in rows)
        twins = [value for value, times in counts.items() if times > 1]
        is_nearly = len(twins) <= 0.05 * len(rows) and field_name in (next(iter(rows[0])), f"{singular(name)}_id")
        if names_key(field_name) and is_nearly:
            tell(
                f"{name}: '{field_name}' {twins[0]!r} stands twice, so it identifies no row; they are kept by position"
            )


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
            yield from leaves(part, (*path, EACH))
    else:
        yield path, value
