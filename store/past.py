"""The past of a session: its rows as of any of its steps, and what changed between two of them."""

from __future__ import annotations

from typing import Any

import orjson

from schemas.canonical import canonical
from schemas.types import Change, Op, Row, StateDelta, World
from store.db import Database
from store.history import read_steps
from store.matching import sort_key
from store.rows import Rows
from store.sessions import SessionRecord, standing_on


def rows_at(db: Database, definition: World, record: SessionRecord, n: int) -> Rows:
    """The rows as step `n` left them; step 0 is the seed.

    Raises:
        NoSuchStep: the session has fewer steps.
    """
    at = record.layer if n == record.steps else standing_on(db, record, n)[0]
    return Rows(db, definition, at, n)


def difference(db: Database, definition: World, record: SessionRecord, start: int, end: int) -> StateDelta:
    """What turns the rows as of step `start` into those of step `end`, which may come before it: one change per row.

    Raises:
        NoSuchStep: the session has fewer steps.
    """
    first, last = sorted((start, end))
    for n in (first, last):
        standing_on(db, record, n)
    net: dict[tuple[str, str], tuple[Row | None, Row | None]] = {}
    for line in read_steps(db, record.layer, last, first):
        for found in orjson.loads(line)["delta"]["changes"]:
            at = found["entity"], found["key"]
            before = net[at][0] if at in net else found["before"]
            net[at] = before, found["after"]
    changes = [
        _change(definition, *at, *(rows if start <= end else rows[::-1]))
        for at, rows in net.items()
        if canonical(rows[0]) != canonical(rows[1])
    ]
    return StateDelta(tuple(sorted(changes, key=lambda change: _place(definition, change))))


def _change(definition: World, entity: str, key: str, before: Row | None, after: Row | None) -> Change:
    op: Op = "create" if before is None else "delete" if after is None else "update"
    fields = list(definition.entities[entity].properties)
    return Change(op, entity, key, _ordered(before, fields), _ordered(after, fields))


def _ordered(row: Row | None, fields: list[str]) -> Row | None:
    """The row as its schema orders it: a trace keeps fields in the order of the alphabet."""
    return None if row is None else {field: row[field] for field in fields if field in row} | row


def _place(definition: World, change: Change) -> tuple[int, tuple[int, Any]]:
    row = change.after or change.before or {}
    key = definition.entities[change.entity].key
    return list(definition.entities).index(change.entity), sort_key(row[key])
