"""How long sessions live, and how much room they may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, Update, bindparam, delete, or_, select, update

from store import clock, sessions
from store.completions import forget_before, forget_oldest
from store.db import Database
from store.errors import Conflict, NoSuchSession
from store.room import rows_bytes
from store.tables import completion, layer, session, world

_UNUSED_LONGEST = select(session.c.id, session.c.touched).order_by(session.c.touched, session.c.id)
_UNUSED = (
    select(world.c.id, layer.c.id.label("root"))
    .join(layer, (layer.c.world == world.c.id) & layer.c.parent.is_(None))
    .where(
        ~select(session.c.id).where(session.c.world == world.c.id).exists(),
    )
)
_DROP_ROOT = delete(layer).where(layer.c.id == bindparam("of"))
_DROP_WORLD = delete(world).where(world.c.id == bindparam("of"))


def _correction(table: Table, field: str) -> Update:
    noted = table.c[field]
    wrong = or_(noted < bindparam("earliest"), noted > bindparam("latest"))
    return update(table).where(wrong).values({field: bindparam("now")})


_CORRECT = (_correction(session, "touched"), _correction(completion, "created"))


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept.

    Attributes:
        days: sessions unused for longer are collected; None keeps them.
        megabytes: beyond this, the sessions longest unused are collected; None sets no bound.
        spared: the session that is never collected.
    """

    days: float | None = None
    megabytes: float | None = None
    spared: str = "default"

    def __str__(self) -> str:
        bounds = [] if self.days is None else [f"unused for {self.days:g} days"]
        bounds += [] if self.megabytes is None else [f"beyond {self.megabytes:g} MB"]
        return " or ".join(bounds) or "nothing"


EVERYTHING = Retention()
"""No session is ever collected."""


def collect(db: Database, retention: Retention, busy: Callable[[str], bool] = lambda _: False) -> Iterator[str]:
    """Delete what has expired or has no room, the longest unused first, and worlds without a session.

    What world models said goes by the same days, and for want of room after the sessions. While the clock has not been
    set, nothing expires.

    Yields each id when its session has gone. A session that is busy at that moment is spared.
    """

    def goes(session_id: str, touched: str) -> bool:
        is_spared = session_id == retention.spared or busy(session_id)
        return not is_spared and _drop(db, session_id, touched)

    now = clock.now()
    if clock.written(now) >= clock.EARLIEST:
        _disbelieve(db, now, 1.0 if retention.days is None else retention.days)
        if retention.days is not None:
            before = clock.written(clock.moved(now, -retention.days))
            for row in db.run(_UNUSED_LONGEST).all():
                if row.touched < before and goes(row.id, row.touched):
                    yield row.id
            forget_before(db, before)
    if retention.megabytes is not None:
        for row in db.run(_UNUSED_LONGEST).all():
            if not _is_full(db, retention.megabytes):
                break
            if goes(row.id, row.touched):
                _drop_unused_worlds(db)
                yield row.id
        while _is_full(db, retention.megabytes) and forget_oldest(db):
            pass
    _drop_unused_worlds(db)


def _disbelieve(db: Database, now: datetime, days: float) -> None:
    """What is noted of a time that cannot be, by a clock that was wrong, counts from now on.

    That is a time when the clock had not been set, or one further ahead than `days`: what is less far ahead expires
    all the same, a little late; and if it is the clock that is behind, then nothing grows old by it.
    """
    for correct in _CORRECT:
        db.execute(
            correct, now=clock.written(now), earliest=clock.EARLIEST, latest=clock.written(clock.moved(now, days))
        )


def _is_full(db: Database, megabytes: float) -> bool:
    """PostgreSQL gives no room back to the disk, so that there the rows themselves are measured, if need be."""
    bound = megabytes * 2**20
    return db.used_bytes() > bound and (db.is_sqlite or rows_bytes(db) > bound)


def _drop(db: Database, session_id: str, touched: str) -> bool:
    try:
        sessions.drop(db, session_id, touched)
    except NoSuchSession:
        return False  # it was used meanwhile, or another server was faster
    return True


def _drop_unused_worlds(db: Database) -> None:
    for row in db.run(_UNUSED).all():
        with suppress(Conflict), db.transaction():  # a session of it may begin meanwhile, in another server
            db.run(_DROP_ROOT, of=row.root)
            db.run(_DROP_WORLD, of=row.id)
