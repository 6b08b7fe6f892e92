"""Raw events: recorded calls as a store of them keeps them. The one place that reads recordings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.recorded import RecordedCall, RecordedRun, Speaker
from store.raw import Ingested, RawStore, StoredEvent, ingest
from store.traces.importers import Tell

_PIECE = 2**20


@dataclass(frozen=True, slots=True)
class Event:
    """A recorded call.

    Attributes:
        id: its id in the store of raw events: by its run, its place and its content, on every machine the same.
        run: the id of its run.
        call: the call, without secrets.
    """

    id: str
    run: str
    call: RecordedCall

    def __hash__(self) -> int:
        return hash(self.id)


@dataclass(frozen=True, slots=True)
class Said:
    """What was said between the calls of a run; `at`: how many calls were made before."""

    id: str
    at: int
    role: Speaker
    text: str


def digest(path: Path) -> str:
    """SHA-256 of the bytes of a file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def take_in(store: Path, paths: Iterable[Path], tell: Tell) -> Ingested:
    """Keep the raw events of files in a store; what it has already is known again.

    Raises:
        StoreError: the store cannot be written.
    """
    store.parent.mkdir(parents=True, exist_ok=True)
    with RawStore(store) as raw:
        return ingest(raw, paths, tell=tell)


def runs(store: Path, shard: int = 0, of: int = 1) -> Iterator[RecordedRun]:
    """The runs of a store that have calls; of several shards, those of one."""
    with RawStore(store) as raw:
        yield from (run for run in raw.runs(shard, of) if run.calls)


def events_of(run: RecordedRun) -> tuple[Event, ...]:
    """The calls of a run in order."""
    return tuple(Event(call.event, run.id, call) for call in run.calls)


def said_of(run: RecordedRun) -> tuple[Said, ...]:
    """What was said in a run, in order."""
    found, calls = [], 0
    for part in run.parts:
        if isinstance(part, RecordedCall):
            calls += 1
        elif part.text.strip():
            found.append(Said(part.event, calls, part.role, part.text))
    return tuple(found)


def raw_events(store: Path, events: Iterable[str]) -> list[StoredEvent]:
    """Some events as they stood in their files.

    Raises:
        StoreError: there is no such event.
    """
    with RawStore(store) as raw:
        return [raw.event(event) for event in events]
