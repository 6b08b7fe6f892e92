"""What is known of the rows while recorded calls are gone through: the initial rows, and what was seen since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_sim.learn.tables import POSITION, Row, Table
from schemas.rows import key_text
from store.matching import matches


class Rows:
    """Rows of every table at one moment; `changed` lies over the initial ones. Never changed in place."""

    __slots__ = ("changed", "tables")

    def __init__(
        self, tables: Mapping[str, Table], changed: Mapping[str, Mapping[str, Row | None]] | None = None
    ) -> None:
        self.tables = tables
        self.changed = changed or {}

    def get(self, table: str, key: Any) -> Row | None:
        """The row with this key, or null."""
        if key is None:
            return None
        text = key_text(key)
        changed = self.changed.get(table)
        if changed is not None and text in changed:
            return changed[text]
        return self.tables[table].rows.get(text)

    def all(self, table: str) -> list[Row]:
        """The rows of a table in key order."""
        base = self.tables[table].rows
        changed = self.changed.get(table)
        if not changed:
            return list(base.values()) if _sorted(self.tables[table]) else [base[key] for key in sorted(base)]
        merged = {**base, **changed}
        keys = merged if self.tables[table].key == POSITION else sorted(merged)
        return [row for key in keys if (row := merged[key]) is not None]

    def find(self, table: str, /, **match: Any) -> list[Row]:
        """The rows whose fields equal the given values."""
        return [row for row in self.all(table) if matches(row, match)]

    def count(self, table: str, /, **match: Any) -> int:
        """How many rows have fields that equal the given values."""
        return len(self.find(table, **match))

    def put(self, table: str, key: str, row: Row | None) -> Rows:
        """The rows with one of them put in, or taken out."""
        return Rows(self.tables, {**self.changed, table: {**self.changed.get(table, {}), key: row}})


def _sorted(table: Table) -> bool:
    found = table.__dict__.get("_sorted")
    if found is None:
        found = table.__dict__["_sorted"] = table.key == POSITION or table.in_key_order
    return bool(found)
