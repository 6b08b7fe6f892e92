"""A store of raw events: one SQLite file, which is only ever added to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from schemas.definitions import as_listed
from schemas.recorded import About, Recorded, RecordedCall, RecordedRun, Span, gathered
from store.errors import StoreError
from store.raw.event import StoredEvent
from store.raw.tables import TABLES, VERSION
from store.traces.importers.event import NOT_WHOLE, Form, RawEvent
from store.traces.importers.forms import FORMS

_WAIT = 120.0
"""Seconds that a writer waits for another one."""
_FORMS = {form.name: form for form in FORMS}
_EVENT = """
SELECT event.id, run.id, source.path, source.file, source.form, event.line, event.spans, event.what, event.body,
       event.findings
FROM event JOIN run ON run.number = event.run JOIN source ON source.key = run.source
"""
_RUN = """
SELECT run.number, run.id, run.name, run.is_named, source.key, source.form
FROM run JOIN source ON source.key = run.source
"""
_NEXT_RUNS = f"{_RUN} WHERE run.number > ? AND source.form <> 'definitions' ORDER BY run.number LIMIT 1000"
_RUNS_OF_SHARD = f"{_RUN} WHERE run.id >= ? AND run.id < ? AND source.form <> 'definitions' ORDER BY run.number"
_DIGITS = 12
"""Hex digits of the id of a run that say in which shard it is."""
_PARTS = "SELECT id, place, what, line, spans, context, body FROM event WHERE run = ? ORDER BY place, number"


class RawStore:
    """What was recorded, run by run. `store.raw.ingest` fills it; nothing in it ever changes.

    Reading takes no lock, so that any number of processes may read a store at once, also while one adds to it.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the store in this file; it is made if there is none.

        Raises:
            StoreError: the file is no store of raw events, is newer than this program, or cannot be opened.
        """
        self.path = Path(path)
        try:
            self.db = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = NORMAL")
            self._prepare()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be used as a store of raw events: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was ingested stays."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, also when the process is killed.

        Raises:
            StoreError: another process is writing for too long, or there is no room on the disk.
        """
        try:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from None

    def runs(self, shard: int = 0, of: int = 1) -> Iterator[RecordedRun]:
        """Every run, in the order of ingestion; of several shards, the runs of one, which depend on their ids alone.

        Raises:
            ValueError: there is no such shard.
        """
        if not 0 <= shard < of:
            raise ValueError(f"there is no shard {shard} of {of}; they are numbered from 0")
        if of > 1:  # by the index of ids, so that many shards of many runs cost no more than one of all
            edges = _edge(shard, of), _edge(shard + 1, of)
            yield from map(self._run, self.db.execute(_RUNS_OF_SHARD, edges).fetchall())
            return
        last = -1
        while rows := self.db.execute(_NEXT_RUNS, (last,)).fetchall():
            last = rows[-1][0]
            yield from map(self._run, rows)

    def run(self, run_id: str) -> RecordedRun:
        """The run with this id.

        Raises:
            StoreError: there is none.
        """
        row = self.db.execute(f"{_RUN} WHERE run.id = ?", (run_id,)).fetchone()
        if row is None:
            raise StoreError(f"{self.path} has no run '{run_id}'")
        return self._run(row)

    def event(self, event_id: str) -> StoredEvent:
        """The event with this id, as it stood in its file.

        Raises:
            StoreError: there is none.
        """
        row = self.db.execute(f"{_EVENT} WHERE event.id = ?", (event_id,)).fetchone()
        if row is None:
            raise StoreError(f"{self.path} has no event '{event_id}'")
        name, run, path, file, form, line, spans, what, body, findings = row
        taken = tuple((pointer, kind) for pointer, kind in orjson.loads(findings))
        return StoredEvent(name, run, path, file, form, line, _spans(spans), what, orjson.loads(body), taken)

    def counts(self) -> dict[str, int]:
        """How many `sources`, `runs`, `events`, `calls`, `definitions`, and events that something was `redacted` of."""
        asked = {
            "sources": "SELECT count(*) FROM source",
            "runs": "SELECT count(*) FROM run",
            "events": "SELECT count(*) FROM event",
            "calls": "SELECT count(*) FROM event WHERE what = 'call'",
            "definitions": "SELECT count(*) FROM definition",
            "redacted": "SELECT count(*) FROM event WHERE findings <> '[]'",
        }
        return {name: int(self.db.execute(sql).fetchone()[0]) for name, sql in asked.items()}

    def _prepare(self) -> None:
        if self._version() == 0:
            self.db.execute("BEGIN IMMEDIATE")  # of several processes that make it at once, one does
            try:
                if self._version() == 0:
                    self._make()
            finally:
                self.db.execute("COMMIT")
        version = self._version()
        if version > VERSION:
            raise StoreError(f"{self.path} was made by a newer mcp-sim (version {version}; this one knows {VERSION})")
        self.db.execute("SELECT number FROM event LIMIT 1")

    def _make(self) -> None:
        if self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StoreError(f"{self.path} is another database, no store of raw events; name a new file")
        for statement in TABLES:
            self.db.execute(statement)

    def _version(self) -> int:
        return int(self.db.execute("PRAGMA user_version").fetchone()[0])

    def _run(self, row: tuple[Any, ...]) -> RecordedRun:
        number, run, name, is_named, key, form = row
        origin = key[:16]
        found = list(self._parts(number, name, bool(is_named), origin, _FORMS[form]))
        trajectory = name if is_named else f"{origin}{name}"
        return gathered(trajectory, [*self._definitions(found, trajectory), *found], run)

    def _parts(self, number: int, name: str, is_named: bool, origin: str, form: Form) -> Iterator[Recorded]:
        for event, place, what, line, spans, context, body in self.db.execute(_PARTS, (number,)):
            raw = RawEvent(
                what, orjson.loads(body), name, is_named, place, line, _spans(spans), **orjson.loads(context)
            )
            try:
                found = form.decode(raw, origin)
            except NOT_WHOLE as error:
                raise StoreError(f"{self.path}: event {event} cannot be read any more: {error}") from None
            if found is not None:
                yield _with_event(found, event)

    def _definitions(self, found: list[Recorded], trajectory: str) -> Iterator[About]:
        """The tools that the calls refer to by key."""
        keys = {call.schema_key: call.tool for call in found if isinstance(call, RecordedCall) and call.schema_key}
        for key, tool in keys.items():
            row = self.db.execute("SELECT body FROM definition WHERE key = ?", (key,)).fetchone()
            if row is not None:
                yield About(trajectory, ({**as_listed(orjson.loads(row[0])), "name": tool},))


def _edge(shard: int, of: int) -> str:
    """Where the ids of a shard begin: each has an equal part of all that there can be."""
    edge = -(-(shard << 4 * _DIGITS) // of)
    return f"{edge:0{_DIGITS}x}" if shard < of else "g"


def _spans(text: str) -> tuple[Span, ...]:
    return tuple(Span(*span) for span in orjson.loads(text))


def _with_event(found: Recorded, event: str) -> Recorded:
    object.__setattr__(found, "event", event)  # it was made a moment ago, and nobody else has it
    return found
