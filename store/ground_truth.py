"""What is true of a session, as SQL says it: statements over the views, built as readable text, and their answers.

A statement speaks of `current_row` and `row_history` (docs/store.md explains both) and names the session as `:session`,
so that anybody can run it again with any SQL tool, on SQLite and PostgreSQL alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from schemas.canonical import canonical
from schemas.rows import key_text
from schemas.types import Change, Op, Row
from store.db import Database
from store.errors import StoreError

Aggregate = Literal["sum", "avg", "min", "max"]
Rows = list[list[Any]]

_SESSION = re.compile(r"('(?:[^']|'')*')|:session\b")
"""The name of the session, or a text, which may hold the same letters."""
_NET = (
    "SELECT h.entity, h.key, h.before, h.after FROM row_history AS h "
    "WHERE h.session = :session AND h.n > 0 ORDER BY h.n, h.entity, h.key"
)


def ask(db: Database, session_id: str, sql: str) -> Rows:
    """The rows that a SELECT over the views gives for a session; a column that holds JSON comes as its value.

    Raises:
        StoreError: it is no single SELECT, or the database cannot run it.
    """
    if not sql.lstrip().upper().startswith("SELECT") or ";" in _without_texts(sql):
        raise StoreError(f"the truth of a session is one SELECT, not: {sql[:100]}")
    found = db.ask(_SESSION.sub(lambda part: part[1] or literal(session_id), sql))
    return [[_number(value) for value in row] for row in found]


def changed(db: Database, session_id: str) -> list[Change]:
    """What the steps of a session changed, from the seed rows to the last: one change per row, in their first order."""
    net: dict[tuple[str, str], tuple[Row | None, Row | None]] = {}
    for entity, key, before, after in ask(db, session_id, _NET):
        first = net[entity, key][0] if (entity, key) in net else _row(before)
        net[entity, key] = first, _row(after)
    return [
        Change(_op(before, after), entity, key, before, after)
        for (entity, key), (before, after) in net.items()
        if canonical(before) != canonical(after)
    ]


def fields_of(entity: str, key: str, fields: Sequence[str]) -> str:
    """A statement: these fields of one row, each as the text of its JSON; nothing where the row is not there."""
    wanted = ", ".join(f"CAST(r.body -> {literal(field)} AS TEXT)" for field in fields) or "r.key"
    return f"SELECT {wanted} {_from(entity)} AND r.key = {literal(key)}"


def how_many(entity: str, match: Mapping[str, Any] | None = None, through: Join | None = None) -> str:
    """A statement: how many rows of an entity have these values, and refer `through` a field to such a row."""
    return f"SELECT count(*) {_from(entity, through)}{_where('r', match)}"


def total(entity: str, field: str, how: Aggregate, match: Mapping[str, Any] | None = None) -> str:
    """A statement: the sum, mean, least or greatest of a number over the rows that have these values."""
    return f"SELECT {how}({_numeric('r', field)}) {_from(entity)}{_where('r', match)}"


def extremes(entity: str, field: str, *, largest: bool, match: Mapping[str, Any] | None = None) -> str:
    """A statement: key and number of the two rows with the largest (or smallest) number, so that a tie is seen."""
    order = "DESC" if largest else "ASC"
    number = _numeric("r", field)
    known = f"r.body ->> {literal(field)} IS NOT NULL"
    return (
        f"SELECT r.key, {number} AS value {_from(entity)}{_where('r', match)} AND {known} "
        f"ORDER BY value {order}, r.key LIMIT 2"
    )


def most_referred(
    entity: str, reference: str, match: Mapping[str, Any] | None = None, summed: str | None = None
) -> str:
    """A statement: the two keys that most rows of an entity refer to, or whose rows have the largest sum, with that."""
    value = "count(*)" if summed is None else f"sum({_numeric('r', summed)})"
    at = f"r.body ->> {literal(reference)}"
    return (
        f"SELECT {at} AS key, {value} AS value {_from(entity)}{_where('r', match)} AND {at} IS NOT NULL "
        f"GROUP BY {at} ORDER BY value DESC, key LIMIT 2"
    )


def keys_of(entity: str, match: Mapping[str, Any] | None = None, through: Join | None = None) -> str:
    """A statement: the keys of the rows that have these values, in order."""
    return f"SELECT r.key {_from(entity, through)}{_where('r', match)} ORDER BY r.key"


@dataclass(frozen=True, slots=True)
class Join:
    """That a row refers, by a field, to a row of another entity that has these values."""

    reference: str
    entity: str
    match: Mapping[str, Any]

    def sql(self) -> str:
        """The JOIN, the other row as `o`."""
        return (
            f" JOIN current_row AS o ON o.session = r.session AND o.entity = {literal(self.entity)} "
            f"AND o.key = r.body ->> {literal(self.reference)}{_where('o', self.match)}"
        )


def literal(value: Any) -> str:
    """A value as SQL writes it."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return key_text(value)


def _from(entity: str, through: Join | None = None) -> str:
    joined = "" if through is None else through.sql()
    return f"FROM current_row AS r{joined} WHERE r.session = :session AND r.entity = {literal(entity)}"


def _where(row: str, match: Mapping[str, Any] | None) -> str:
    return "".join(f" AND {_equals(row, field, value)}" for field, value in (match or {}).items())


def _equals(row: str, field: str, value: Any) -> str:
    at = f"{row}.body ->> {literal(field)}"
    if value is None:
        return f"{at} IS NULL"
    if isinstance(value, bool):  # true in SQLite is 1, in PostgreSQL 'true'
        return f"CAST({at} AS TEXT) IN {('1', 'true') if value else ('0', 'false')}"
    return f"{at} = {literal(value)}" if isinstance(value, str) else f"{_numeric(row, field)} = {literal(value)}"


def _numeric(row: str, field: str) -> str:
    return f"CAST({row}.body ->> {literal(field)} AS NUMERIC)"


def _without_texts(sql: str) -> str:
    return re.sub(r"'(?:[^']|'')*'", "''", sql)


def _op(before: Row | None, after: Row | None) -> Op:
    return "create" if before is None else "delete" if after is None else "update"


def _row(value: Any) -> Row | None:
    found: Row | None = orjson.loads(value) if isinstance(value, str) else value
    return found


def _number(value: Any) -> Any:
    """What a driver gives, as JSON: PostgreSQL sums to a Decimal, and whole floats are whole numbers."""
    if value is None or isinstance(value, str | bool | dict | list):
        return value
    as_float = float(value)
    return int(as_float) if as_float.is_integer() else as_float
