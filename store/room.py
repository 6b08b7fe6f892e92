"""How much room the rows take: in all, and those that each session alone stands on."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Select, Table, bindparam, func, select, union_all

from store.db import Database
from store.tables import completion, entry, layer, session, snapshot, step, version

_TUPLE = 28
"""Bytes that PostgreSQL adds to every row."""

_PARENTS = select(layer.c.id, layer.c.parent)
_STANDING = union_all(select(session.c.id, session.c.layer), select(snapshot.c.session, snapshot.c.layer))
_RELATION = select(
    func.pg_table_size(bindparam("name")).label("rows"), func.pg_total_relation_size(bindparam("name")).label("total")
)


def _length(*texts: ColumnElement[str]) -> ColumnElement[int]:
    length: ColumnElement[int] = func.sum(sum((func.coalesce(func.length(text), 0) for text in texts), start=0))
    return length


def _stored(table: Table) -> Select[int]:
    return select(func.sum(sum((func.coalesce(func.pg_column_size(c), 0) for c in table.columns), start=_TUPLE)))


_LENGTHS = union_all(
    select(version.c.layer, _length(version.c.entity, version.c.key, version.c.body).label("size")).group_by(
        version.c.layer
    ),
    select(step.c.layer, _length(step.c.body, step.c.state, step.c.measured).label("size")).group_by(step.c.layer),
)
_STORED = {table.name: _stored(table) for table in (version, entry, step, completion)}


def rows_bytes(db: Database) -> int:
    """Bytes that rows, steps and their indexes take on PostgreSQL, without the room that deleted ones have left."""
    used = 0.0
    for name, statement in _STORED.items():
        relation = db.run(_RELATION, name=name).one()
        used += relation.total * min(1.0, int(db.scalar(statement) or 0) / max(1, relation.rows))
    return round(used)


def session_sizes(db: Database) -> dict[str, int]:
    """Characters of rows and steps that each session alone stands on, which go when it goes; reads all of them."""
    parents: dict[int, int | None] = {row.id: row.parent for row in db.run(_PARENTS).all()}
    standing: dict[int, set[str]] = {}
    found: dict[str, int] = {}
    for row in db.run(_STANDING).all():
        found[row.id] = 0
        for at in _own(row.layer, parents):
            standing.setdefault(at, set()).add(row.id)
    for row in db.run(_LENGTHS).all():
        if len(alone := standing.get(row.layer, set())) == 1:
            found[next(iter(alone))] += int(row.size)
    return found


def _own(at: int, parents: dict[int, int | None]) -> Iterator[int]:
    """A layer and those below it, without the seed rows, which belong to the world."""
    while (below := parents.get(at)) is not None:
        yield at
        at = below
