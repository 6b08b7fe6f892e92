"""The head of a session: what its next call sees, and how its next step is committed."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, insert, select

from schemas.types import Call, Completion, Regime, Row, Step, World
from store import sessions
from store.completions import completions_of, keep, recall
from store.db import Database
from store.errors import Conflict, ConnectionLost, NoSuchSession, StoreError
from store.history import Moment, moment, read_measured, read_steps, steps_of_tool
from store.past import rows_at
from store.rows import Rows
from store.tables import opening, session, step
from store.traces.encode import decode_step, encode_step
from store.view import EntityView, first_counters, undisturbed

_STANDS = (session.c.id == bindparam("session")) & (session.c.layer == bindparam("layer"))
_ADD_STEP = insert(step).from_select(
    [column.name for column in step.c],
    # Only while the session stands on this layer; on PostgreSQL, it stays there until the commit.
    select(*(bindparam(column.name, type_=column.type) for column in step.c)).where(_STANDS).with_for_update(read=True),
)
_KEPT = select(step.c.body, step.c.measured).where(step.c.layer == bindparam("layer"), step.c.n == bindparam("n"))
_SWEEP = delete(opening).where(opening.c.layer == bindparam("of"))
_TOUCH_EVERY = 60.0
_FAR = 500
"""How many steps back the calls of one tool are looked for."""
_MAX_WAIT = 10 * 365 * 86400.0


class Timeline:
    """A layer with its clock and id counters.

    Attributes:
        n: the number of steps so far.
        regimes: the perturbations of the session, where they are not those of its world.
    """

    def __init__(self, db: Database, world: World, session_id: str) -> None:
        self._db = db
        self._world = world
        self._session_id = session_id
        self._touched = -math.inf
        self.n: int
        self.regimes: tuple[Regime, ...]
        self._clock: int
        self._counters: dict[str, int]
        self._rows: Rows
        self._load()

    def reload(self) -> None:
        """Read the head again after a conflict, and sweep away what a dead process left open.

        Raises:
            NoSuchSession: the session was deleted, or made anew from another world.
        """
        self._load()
        with self._db.transaction():
            self._db.run(_SWEEP, of=self._layer)

    def view(self, call: Call, as_of: int | None = None) -> EntityView:
        """What this call may see, at its moment of virtual time; with the rows as step `as_of` left them, if given."""
        now = self._time(self._after(call))
        rows = self._rows if as_of is None else self._past(as_of)
        return EntityView(rows, self._world, self._seed, self.n + 1, now, self._counters, self)

    def _past(self, n: int) -> Rows:
        return rows_at(self._db, self._world, sessions.find(self._db, self._session_id), n)

    def commit(self, committed: Step, view: EntityView, measured: dict[str, Any]) -> None:
        """Write delta and step in one transaction, then move the head.

        Where the connection is lost on the way, the step is looked for, and made if it is not there: once, never twice.

        Raises:
            Conflict: another process committed this step first.
            DeltaRejected: the database refused the delta; nothing was written.
            StoreError: the database failed; nothing was written.
        """
        clock = self._after(committed.call) + _delay(committed)
        answer = committed.answer or committed.observation  # a lost answer takes no id back
        counters = self._counters if answer.is_error else view.counters
        row = {
            "session": self._session_id,
            "layer": self._layer,
            "n": committed.n,
            "at": committed.at,
            "tool": committed.call.tool,
            "is_error": committed.observation.is_error,
            "changes": len(committed.delta.changes),
            "body": encode_step(committed).decode(),
            "state": Moment(clock, counters).encode(),
            "measured": orjson.dumps(measured).decode(),
        }
        try:
            self._write(committed, row)
        except ConnectionLost as lost:
            if not self._is_kept(row, lost):
                self._write(committed, row)
        self.n, self._clock, self._counters = committed.n, clock, counters
        self._rows.head = committed.n

    def _write(self, committed: Step, row: dict[str, Any]) -> None:
        is_due = time.monotonic() - self._touched > _TOUCH_EVERY
        with self._db.transaction():
            if is_due:
                sessions.touch(self._db, self._session_id)
            if committed.delta.changes:
                self._rows.write(committed.delta.changes, committed.n)
            if self._db.execute(_ADD_STEP, **row) == 0:
                raise Conflict(f"session '{self._session_id}' was moved meanwhile")
            if committed.completions or committed.attempts:
                keep(self._db, completions_of(committed))
        if is_due:
            self._touched = time.monotonic()

    def _is_kept(self, row: dict[str, Any], lost: ConnectionLost) -> bool:
        """Whether this very step is there: the time that it took tells it from its like of another process."""
        try:
            found = self._db.run(_KEPT, layer=row["layer"], n=row["n"]).first()
        except StoreError:
            raise lost from None
        return found is not None and (found.body, found.measured) == (row["body"], row["measured"])

    def recent(self, limit: int, tool: str | None = None) -> list[Step]:
        """The last steps, oldest first; those of one tool, as far back as 500 steps."""
        if tool is None:
            lines = list(read_steps(self._db, self._layer, after=max(self.n - limit, 0)))
        else:
            lines = steps_of_tool(self._db, self._layer, tool, limit, max(self.n - _FAR, 0))
        return undisturbed([decode_step(line) for line in lines])

    def recall(self, prompt: str) -> Completion | None:
        """What a world model said to this question before, in any session."""
        return recall(self._db, prompt)

    def query(self, entity: str) -> list[Row]:
        """The committed rows of an entity, in key order."""
        return self._rows.query(entity)

    def steps(self) -> Iterator[bytes]:
        """The canonical bytes of every step so far, in order."""
        return read_steps(self._db, self._layer)

    def measured(self) -> Iterator[dict[str, Any]]:
        """What every step took, in order: seconds, and tokens where a world model was asked."""
        return read_measured(self._db, self._layer)

    def _load(self) -> None:
        record = sessions.find(self._db, self._session_id)
        if record.fingerprint != self._world.fingerprint:
            raise NoSuchSession(f"session '{self._session_id}' was replaced by one of another world")
        self._layer, self._seed, self.n = record.layer, record.seed, record.steps
        state = moment(self._db, record.layer, record.steps)
        self._clock = state.clock if state else 0
        self._counters = state.counters if state else first_counters(self._world)
        self._rows = Rows(self._db, self._world, record.layer, record.steps)
        self.regimes = record.regimes

    def _after(self, call: Call) -> int:
        waited = min(call.waited, _MAX_WAIT) if call.waited > 0 else 0.0  # NaN is no wait either
        return self._clock + round((self._world.clock.tick + waited) * 1_000_000)

    def _time(self, clock: int) -> str:
        try:
            now: datetime = self._world.clock.start + timedelta(microseconds=clock)
        except OverflowError:
            now = datetime.max.replace(tzinfo=self._world.clock.start.tzinfo)
        precision = "milliseconds" if now.microsecond else "seconds"
        return now.isoformat(timespec=precision).replace("+00:00", "Z")


def _delay(step: Step) -> int:
    """Microseconds of virtual time that perturbations took."""
    return round(sum(acted.seconds for acted in step.perturbations) * 1_000_000)
