"""Raw events: one recorded call each, named by the bytes it came from. The one place that reads recordings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from schemas.recorded import RecordedCall
from store.traces.importers import Complaint, Tell, read_recorded
from store.traces.importers.lines import lines

_PIECE = 2**20


@dataclass(frozen=True, slots=True)
class Event:
    """A recorded call and where it stands.

    Attributes:
        id: SHA-256 over the bytes of its file and its place there: the same bytes give the same id, wherever they lie.
        run: the run of calls it belongs to: file and trajectory.
        file: the path of its file.
        place: where it stands in the file: mostly the number of its line.
        call: the call.
    """

    id: str
    run: str
    file: str
    place: str
    call: RecordedCall

    def __hash__(self) -> int:
        return hash(self.id)


def digest(path: Path) -> str:
    """SHA-256 of the bytes of a file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def read_events(path: Path, tell: Tell) -> Iterator[Event]:
    """The events of a file, in its order.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    file, name = digest(path), str(path)
    for call in read_recorded([path], tell=tell):
        place = call.source.removeprefix(name).removeprefix(":") or str(call.index)
        trajectory = path.name if call.trajectory == name else call.trajectory
        yield Event(event_id(file, place), f"{file[:12]}/{trajectory}", name, place, call)


def event_id(file: str, place: str) -> str:
    """The id of the event at a place of a file with this digest."""
    return hashlib.sha256(f"{file}:{place}".encode()).hexdigest()[:32]


def encode_event(event: Event, source: str, domain: str) -> bytes:
    """One line, without its line end: an event, the source it came from, and its domain there."""
    return orjson.dumps([source, domain, event])


def decode_event(line: bytes) -> tuple[Event, str, str]:
    """The event of one line, its source and its domain."""
    source, domain, found = orjson.loads(line)
    return Event(**{**found, "call": RecordedCall(**found["call"])}), source, domain


def raw(file: str, place: str) -> bytes | None:
    """The bytes of an event as they stand in its file; None where its place is no line, or not there any more."""
    number, _, _ = place.partition(" ")
    if not number.isdigit() or not Path(file).exists():
        return None
    wanted = int(number)
    return next((line for at, line in lines(Path(file), _ignore) if at == wanted), None)


def _ignore(_: Complaint) -> None:
    pass
