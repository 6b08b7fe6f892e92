"""Sessions as rows: create, find, branch, snapshot, rewind, delete. Each writes a layer, never a copy of the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, func, insert, select, update

from schemas.perturbations import Perturbation
from schemas.types import Regime, World
from store import layers
from store.clock import wall_time
from store.db import Database
from store.errors import Conflict, NoSuchSession, NoSuchStep, SessionExists
from store.history import stretches
from store.tables import layer, session, step, world
from store.tables import snapshot as moments
from store.traces.encode import decode_regimes, regimes_body
from store.worlds import root_layer

_ADD = insert(session)
_STEPS = select(func.max(step.c.n)).where(step.c.layer == session.c.layer).scalar_subquery()
_SELECT = (
    select(
        session.c.id,
        session.c.layer,
        session.c.seed,
        session.c.created,
        session.c.touched,
        session.c.regimes,
        world.c.fingerprint,
        world.c.name,
        func.coalesce(_STEPS, layer.c.base).label("steps"),
    )
    .join(world, world.c.id == session.c.world)
    .join(layer, layer.c.id == session.c.layer)
)
_FIND = _SELECT.where(session.c.id == bindparam("id"))
_LIST = _SELECT.order_by(session.c.created, session.c.id)
_MOVE = update(session).where(session.c.id == bindparam("of")).values(layer=bindparam("to"), regimes=bindparam("under"))
_TOUCH = (
    update(session)
    .where(session.c.id == bindparam("of"), session.c.touched < bindparam("to"))
    .values(touched=bindparam("to"))
)
_SAVE = insert(moments)
_FIND_SNAPSHOT = select(moments.c.layer, moments.c.n).where(
    moments.c.session == bindparam("of"), moments.c.name == bindparam("name")
)
_SNAPSHOTS = select(moments.c.name, moments.c.n).where(moments.c.session == bindparam("of")).order_by(moments.c.n)
_FORGET = delete(moments).where(moments.c.session == bindparam("of"), moments.c.name == bindparam("name"))
_SAVED_LAYERS = select(moments.c.layer).where(moments.c.session == bindparam("of"))
_DELETE = delete(session).where(
    session.c.id == bindparam("id"), session.c.touched == func.coalesce(bindparam("unused_since"), session.c.touched)
)

Perturbations = tuple[Perturbation, ...]


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One stored session."""

    id: str
    world: str
    fingerprint: str
    layer: int
    seed: int
    steps: int
    created: str
    touched: str
    regimes: tuple[Regime, ...] = ()


def create(
    db: Database, session_id: str, definition: World, seed: int, perturbations: Perturbations | None = None
) -> SessionRecord:
    """A new session of a world; the first one of a world also writes its seed rows.

    With `perturbations`, it has those in place of its world's.

    Raises:
        SessionExists: the id is taken.
    """
    with db.transaction():
        root = root_layer(db, definition)
        add(db, session_id, root, seed, layers.add(db, parent=root, base=0), _under((), 0, perturbations))
    return find(db, session_id)


def add(db: Database, session_id: str, like: int, seed: int, on: int, regimes: tuple[Regime, ...] = ()) -> None:
    """A session on a layer, of the world of the layer `like`; inside the caller's transaction.

    Raises:
        SessionExists: the id is taken.
    """
    now = wall_time()
    try:
        of = layers.world_of(db, like)
        columns = ("id", "world", "layer", "seed", "created", "touched", "regimes")
        under = _written(regimes)
        db.run(_ADD, columns, id=session_id, world=of, layer=on, seed=seed, created=now, touched=now, regimes=under)
    except Conflict:
        raise SessionExists(f"session '{session_id}' exists already; reset or delete it first") from None


def find(db: Database, session_id: str) -> SessionRecord:
    """The session with this id.

    Raises:
        NoSuchSession: there is none.
    """
    found = db.run(_FIND, id=session_id).first()
    if found is None:
        raise NoSuchSession(f"no session '{session_id}'; it may have expired or been deleted")
    return _record(found)


def exists(db: Database, session_id: str) -> bool:
    """Whether there is such a session."""
    return db.run(_FIND, id=session_id).first() is not None


def all_sessions(db: Database) -> list[SessionRecord]:
    """Every session, oldest first."""
    return [_record(row) for row in db.run(_LIST).all()]


def reset(db: Database, session_id: str) -> SessionRecord:
    """Back to the seed rows; the steps so far are gone, unless a branch or snapshot stands on them.

    Raises:
        NoSuchSession: there is none.
    """
    with db.transaction():
        record = find(db, session_id)
        fresh = layers.add(db, parent=layers.root_of(db, record.layer), base=0)
        db.run(_MOVE, of=session_id, to=fresh, under=_written(_under(record.regimes, 0)))
        layers.collect(db, record.layer)
    return find(db, session_id)


def branch(
    db: Database, session_id: str, fresh_id: str, at: int | None = None, perturbations: Perturbations | None = None
) -> SessionRecord:
    """A new session that goes on from step `at` of another; neither sees what the other does from then on.

    With `perturbations`, it has those from then on.

    Raises:
        NoSuchSession: there is no such session.
        NoSuchStep: the session has fewer steps.
        SessionExists: the new id is taken.
    """
    with db.transaction():
        record = find(db, session_id)
        on = _go_on(db, record, at)
        regimes = _under(record.regimes, record.steps if at is None else at, perturbations)
        add(db, fresh_id, record.layer, record.seed, on, regimes)
    return find(db, fresh_id)


def perturb(db: Database, session_id: str, perturbations: Perturbations) -> SessionRecord:
    """Give a session other perturbations from its next call on, whoever has it open.

    Raises:
        NoSuchSession: there is no such session.
    """
    with db.transaction():
        record = find(db, session_id)
        fresh = _go_on(db, record, record.steps)
        regimes = _under(record.regimes, record.steps, perturbations)
        db.run(_MOVE, of=session_id, to=fresh, under=_written(regimes))
        layers.collect(db, record.layer)
    return find(db, session_id)


def rewind(db: Database, session_id: str, to: int | str) -> SessionRecord:
    """Back to a step or a snapshot, exactly: rows, clock, id counters and random stream.

    Raises:
        NoSuchSession: there is no such session.
        NoSuchStep: the session has fewer steps, or no such snapshot.
    """
    with db.transaction():
        record = find(db, session_id)
        if isinstance(to, str):
            saved = db.run(_FIND_SNAPSHOT, of=session_id, name=to).first()
            if saved is None:
                known = ", ".join(snapshots(db, session_id)) or "none"
                raise NoSuchStep(f"session '{session_id}' has no snapshot '{to}'; snapshots: {known}")
            fresh, n = layers.go_on(db, parent=saved.layer, base=saved.n), saved.n
        else:
            fresh, n = _go_on(db, record, to), to
        db.run(_MOVE, of=session_id, to=fresh, under=_written(_under(record.regimes, n)))
        layers.collect(db, record.layer)
    return find(db, session_id)


def snapshot(db: Database, session_id: str, name: str) -> int:
    """Name the present moment; a name used before moves here. Returns the number of its step.

    Raises:
        NoSuchSession: there is no such session.
    """
    with db.transaction():
        record = find(db, session_id)
        saved = db.run(_FIND_SNAPSHOT, of=session_id, name=name).first()
        db.run(_FORGET, of=session_id, name=name)
        at, n = standing_on(db, record, record.steps)
        db.run(_SAVE, ("session", "name", "layer", "n"), session=session_id, name=name, layer=at, n=n)
        if saved is not None:
            layers.collect(db, saved.layer)
    return record.steps


def snapshots(db: Database, session_id: str) -> dict[str, int]:
    """The named moments of a session: name to step."""
    return {row.name: row.n for row in db.run(_SNAPSHOTS, of=session_id).all()}


def touch(db: Database, session_id: str) -> None:
    """Note that a session is in use; a clock that has gone back makes no session older."""
    db.run(_TOUCH, of=session_id, to=wall_time())


def _go_on(db: Database, record: SessionRecord, at: int | None) -> int:
    parent, base = standing_on(db, record, record.steps if at is None else at)
    return layers.go_on(db, parent=parent, base=base)


def standing_on(db: Database, record: SessionRecord, n: int) -> tuple[int, int]:
    """The layer that holds step `n` of a session, and `n`.

    Raises:
        NoSuchStep: the session has fewer steps.
    """
    if not 0 <= n <= record.steps:
        raise NoSuchStep(f"session '{record.id}' has the steps 0 to {record.steps}; there is no step {n}")
    held = stretches(db, record.layer, n)
    return (held[-1][0] if held else layers.root_of(db, record.layer)), n


def drop(db: Database, session_id: str, unused_since: str | None = None) -> None:
    """Delete a session, and its rows and steps unless a branch stands on them; if asked so, only while it is unused.

    Raises:
        NoSuchSession: there is none, or it has been used since.
    """
    with db.transaction():
        record = find(db, session_id)
        saved = [row.layer for row in db.run(_SAVED_LAYERS, of=session_id).all()]
        if db.execute(_DELETE, id=session_id, unused_since=unused_since) == 0:
            raise NoSuchSession(f"session '{session_id}' has been used meanwhile")
        for at in (record.layer, *saved):
            layers.collect(db, at)


def _record(row: Any) -> SessionRecord:
    regimes = () if row.regimes is None else decode_regimes(orjson.loads(row.regimes))
    return SessionRecord(
        row.id, row.name, row.fingerprint, row.layer, row.seed, row.steps, row.created, row.touched, regimes
    )


def _under(regimes: tuple[Regime, ...], n: int, perturbations: Perturbations | None = None) -> tuple[Regime, ...]:
    """The regimes of a session that goes on from step `n`: the last one stays, or another begins there."""
    now = Regime(n, perturbations) if perturbations is not None else regimes[-1] if regimes else None
    if now is None:
        return ()
    return (
        *(regime for regime in regimes if regime.after < min(n, now.after)),
        Regime(min(n, now.after), now.perturbations),
    )


def _written(regimes: tuple[Regime, ...]) -> str | None:
    return orjson.dumps(regimes_body(regimes)).decode() if regimes else None
