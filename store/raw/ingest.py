"""Ingestion: files in, raw events kept. What was read before is known again; a file is kept whole or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from schemas.canonical import canonical
from store.raw.event import event_id, run_id
from store.raw.files import Content, content_of, files_of, is_unchanged
from store.raw.store import RawStore
from store.traces.importers.event import NOT_WHOLE, Form, RawEvent
from store.traces.importers.forms import recognised
from store.traces.importers.lines import Complaint, Tell
from store.traces.importers.recent import Recent
from store.traces.redaction import Redactor

_AT_ONCE = 1000
_OPEN = 5000
"""Runs that are read at the same time; what is remembered of others is looked up again, or forgotten."""
_SOURCE = "SELECT key, content, length FROM source WHERE path = ? OR content = ?"
_ADD_SOURCE = """
INSERT INTO source VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET (file, content, length) = (excluded.file, excluded.content, excluded.length)
"""
_ADD_RUN = "INSERT OR IGNORE INTO run (id, source, name, is_named) VALUES (?, ?, ?, ?)"
_ADD_EVENT = (
    "INSERT OR IGNORE INTO event (id, run, place, what, line, spans, context, findings, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_DEFINITION = "INSERT OR IGNORE INTO definition VALUES (?, ?)"
_CONTEXT = {"index": 0, "turn": None, "kind": "unknown", "domain": ""}
"""What is known of an event from others, and what it is if nothing is."""

Progress = Callable[[Path, int, int], None]
"""Hears, now and then, how many bytes of the content of a file are read, and of how many."""


@dataclass
class Ingested:
    """What became of the files.

    Attributes:
        files: that were read and hold events.
        known: whose content is known from before, all of it.
        unread: that could not be read, or hold nothing that is.
        events: that are new.
        again: that were known from before.
        redacted: secrets that were taken out of new events, by kind.
    """

    files: int = 0
    known: int = 0
    unread: int = 0
    events: int = 0
    again: int = 0
    redacted: Counter[str] = field(default_factory=Counter)


def ingest(
    store: RawStore, paths: Iterable[str | Path], *, tell: Tell, progress: Progress = lambda *_: None
) -> Ingested:
    """Keep the raw events of files and folders; what cannot be read is told, and the rest is kept all the same.

    The same content is known again under any name, packed or not. Of a file that has grown, what is new is added.

    Raises:
        StoreError: the store cannot be written.
    """
    done = Ingested()
    for path in files_of(paths, tell):
        try:
            _ingest(store, path, tell, progress, done)
        except OSError as error:
            tell(Complaint(path, 0, f"cannot be read: {error.strerror or error}"))
            done.unread += 1
        except _Changed:
            tell(Complaint(path, 0, "it changed while it was read; nothing of it is kept, so ingest it again"))
            done.unread += 1
    return done


class _Changed(Exception):
    pass


def _ingest(store: RawStore, path: Path, tell: Tell, progress: Progress, done: Ingested) -> None:
    before = path.stat()
    name = str(path.resolve())
    earlier = store.db.execute(_SOURCE, (name, "")).fetchall()
    content = content_of(path, (length for _, _, length in earlier))
    same = store.db.execute(_SOURCE, ("", content.digest)).fetchone()
    if same is not None:
        done.known += 1
        return
    grown = (key for key, digest, length in earlier if content.begins.get(length) == digest and length)
    key = next(grown, content.digest)
    form = recognised(path, tell)
    if form is None:
        done.unread += 1
        return
    with store.transaction():
        store.db.execute(_ADD_SOURCE, (key, name, form.name, content.file, content.digest, content.length))
        adding = _Adding(store, key, path, form, tell)
        new, found = adding.all(form.events(path, tell), content.length, progress)
        if not is_unchanged(path, before) and content_of(path, [content.length]).begins != _begins(content):
            raise _Changed
    done.files += bool(found)
    done.unread += not found
    done.events += new
    done.again += found - new
    done.redacted += adding.redacted


def _begins(content: Content) -> dict[int, str]:
    return {content.length: content.digest} if content.length else {}


class _Adding:
    """Adds the events of one file."""

    def __init__(self, store: RawStore, key: str, path: Path, form: Form, tell: Tell) -> None:
        self.redacted: Counter[str] = Counter()
        self._db = store.db
        self._key = key
        self._path = path
        self._form = form
        self._tell = tell
        self._runs: Recent[str, tuple[int, str, Redactor]] = Recent(_OPEN)

    def all(self, events: Iterable[RawEvent], length: int, progress: Progress) -> tuple[int, int]:
        """How many events are new, and how many there are, up to this length of the file."""
        new = found = 0
        rows: list[tuple[Any, ...]] = []
        for event in events:
            if event.spans[-1].end > length:
                break  # it was written after the file was looked at; the next ingestion finds it
            row = self._row(event)
            if row is None:
                continue
            rows.append(row)
            found += 1
            if len(rows) == _AT_ONCE:
                new += self._add(rows)
                rows = []
                progress(self._path, event.spans[-1].end, length)
        new += self._add(rows)
        progress(self._path, length, length)
        return new, found

    def _add(self, rows: list[tuple[Any, ...]]) -> int:
        before = self._db.total_changes
        self._db.executemany(_ADD_EVENT, rows)
        return self._db.total_changes - before

    def _row(self, event: RawEvent) -> tuple[Any, ...] | None:
        """The row of an event, without its secrets; None, which is told, where it cannot be kept."""
        number, run, redactor = self._run(event)
        raw, findings = redactor.redact(event.raw)
        try:
            body = canonical(raw)
            if event.what == "definition":
                self._define(event, raw)
            else:
                self._form.decode(replace(event, raw=raw), "")
        except NOT_WHOLE as error:
            what = f"not a whole {event.what} of {self._form.told} ({error}); left out"
            self._tell(Complaint(self._path, event.line, what))
            return None
        self.redacted.update(finding.kind for finding in findings)
        context = {word: value for word, usual in _CONTEXT.items() if (value := getattr(event, word)) != usual}
        found = [(finding.pointer, finding.kind) for finding in findings]
        return (
            event_id(run, event, body),
            number,
            event.at,
            event.what,
            event.line,
            orjson.dumps([list(span) for span in event.spans]).decode(),
            orjson.dumps(context).decode(),
            orjson.dumps(found).decode(),
            body,
        )

    def _run(self, event: RawEvent) -> tuple[int, str, Redactor]:
        kept = self._runs.get(event.run)
        if kept is None:
            name = run_id(self._key, event.run)
            self._db.execute(_ADD_RUN, (name, self._key, event.run, event.is_named))
            number = self._db.execute("SELECT number FROM run WHERE id = ?", (name,)).fetchone()[0]
            kept = number, name, Redactor()
            self._runs.keep(event.run, kept)
        return kept

    def _define(self, event: RawEvent, raw: Any) -> None:
        body = canonical(raw["schema"])
        self._db.execute(_ADD_DEFINITION, (raw["schema_key"], body))
        known = self._db.execute("SELECT body FROM definition WHERE key = ?", (raw["schema_key"],)).fetchone()[0]
        if known != body:
            told = f"'{raw['schema_key']}' is defined otherwise already; the first definition holds"
            self._tell(Complaint(self._path, event.line, told))
