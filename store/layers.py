"""Layers: stretches of history that sessions stand on, and their end when nothing stands on them any more."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, case, delete, insert, select

from store.db import Database
from store.tables import ancestry, layer, opening, session, snapshot, step, version

MAX_DEPTH = 8
"""Layers that a read passes through at most."""

_ADD = insert(layer).returning(layer.c.id)
_COLUMNS = ("world", "parent", "base", "skip")
_FIND = select(layer.c.world, layer.c.parent).where(layer.c.id == bindparam("id"))
_ROOT = select(layer.c.id).where(
    layer.c.parent.is_(None),
    layer.c.world == select(layer.c.world).where(layer.c.id == bindparam("of")).scalar_subquery(),
)
_OPEN = insert(opening)
_CLOSE = insert(step)
_ANCESTRY = select(ancestry.c.ancestor).where(ancestry.c.layer == bindparam("id")).order_by(ancestry.c.depth)
_sees = and_(
    version.c.layer == ancestry.c.ancestor,
    version.c.step <= ancestry.c.upto,
    version.c.step <= bindparam("base"),
)
_touched = (
    select(version.c.entity, version.c.key)
    .distinct()
    .join(ancestry, _sees)
    .where(ancestry.c.layer == bindparam("parent"), version.c.layer != bindparam("root"))
    .subquery("touched")
)
_now = (
    select(version.c.body)
    .join(ancestry, _sees)
    .where(
        ancestry.c.layer == bindparam("parent"), version.c.entity == _touched.c.entity, version.c.key == _touched.c.key
    )
    .order_by(ancestry.c.depth, version.c.step.desc())
    .limit(1)
    .scalar_subquery()
)
_seed = version.alias("seed")
_rows = (
    select(_touched.c.entity, _touched.c.key, _seed.c.body.label("seed"), _now.label("now"))
    .outerjoin(
        _seed,
        and_(_seed.c.layer == bindparam("root"), _seed.c.entity == _touched.c.entity, _seed.c.key == _touched.c.key),
    )
    .subquery("rows")
)
_op = case((_rows.c.now.is_(None), "delete"), (_rows.c.seed.is_(None), "create"), else_="update")
_CONSOLIDATE = insert(version).from_select(
    ("layer", "entity", "key", "step", "op", "body"),
    select(
        bindparam("fresh", type_=version.c.layer.type),
        _rows.c.entity,
        _rows.c.key,
        bindparam("base", type_=version.c.step.type),
        _op,
        _rows.c.now,
    ).where(_rows.c.now.is_distinct_from(_rows.c.seed)),
)
_START = '{"clock":0,"counters":{}}'
_IN_USE = (
    select(session.c.layer)
    .where(session.c.layer == bindparam("of"))
    .union_all(
        select(snapshot.c.layer).where(snapshot.c.layer == bindparam("of")),
        select(layer.c.id).where(layer.c.parent == bindparam("of")),
    )
)
_ABANDON = delete(opening).where(opening.c.layer == bindparam("of"))
_DELETE = delete(layer).where(layer.c.id == bindparam("of"))


def add(db: Database, *, parent: int, base: int, skip: int = 0) -> int:
    """A layer that goes on from step `base` of its parent; the database writes down what it sees."""
    return int(db.run(_ADD, _COLUMNS, world=world_of(db, parent), parent=parent, base=base, skip=skip).scalar_one())


def go_on(db: Database, *, parent: int, base: int) -> int:
    """A layer that goes on from step `base` of its parent, never deep below the seed rows.

    Every `MAX_DEPTH`th generation holds what the layers between it and the seed rows amount to, so that a read passes
    through few layers however often a branch was branched.
    """
    seen = db.run(_ANCESTRY, id=parent).all()
    if len(seen) < MAX_DEPTH:
        return add(db, parent=parent, base=base)
    fresh = add(db, parent=parent, base=base, skip=len(seen) - 1)
    db.execute(_OPEN, ("layer", "n"), layer=fresh, n=base)
    changes = db.execute(_CONSOLIDATE, fresh=fresh, parent=parent, base=base, root=seen[-1].ancestor)
    if changes == 0:
        db.execute(_ABANDON, of=fresh)
    close(db, fresh, base, changes)
    return fresh


def add_root(db: Database, world: int) -> int:
    """The layer of a world's seed rows."""
    return int(db.run(_ADD, _COLUMNS, world=world, parent=None, base=0, skip=0).scalar_one())


def close(db: Database, of: int, n: int, changes: int) -> None:
    """End the writing of rows that belong to no call: seed rows, consolidated rows."""
    columns = ("layer", "n", "at", "tool", "is_error", "changes", "body", "state", "measured")
    empty = {"at": "", "tool": "", "is_error": False, "body": "{}", "state": _START, "measured": "{}"}
    db.run(_CLOSE, columns, layer=of, n=n, changes=changes, **empty)


def world_of(db: Database, of: int) -> int:
    """The world that a layer belongs to."""
    return int(db.run(_FIND, id=of).one().world)


def root_of(db: Database, of: int) -> int:
    """The layer of the seed rows that a layer stands on."""
    return int(db.run(_ROOT, of=of).scalar_one())


def collect(db: Database, of: int) -> None:
    """Delete a layer and the layers below it that nothing stands on any more; the seed rows of a world stay."""
    at: int | None = of
    while at is not None:
        found = db.run(_FIND, id=at).first()
        parent = None if found is None else found.parent
        if parent is None or db.run(_IN_USE, of=at).first() is not None:
            return
        db.run(_DELETE, of=at)  # all that it holds goes with it
        at = parent
