"""A raw event as it is kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from schemas.recorded import Span
from store.traces.importers.event import RawEvent


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A raw event, and where it comes from.

    Attributes:
        id: SHA-256 over its run, its place in the file and its redacted content; the same on every machine.
        run: the id of its run.
        path: the file it was read from, as it was called then.
        file: SHA-256 of that file.
        form: the form of the file.
        line: the line on which it begins.
        spans: the bytes it takes in the file's content, unpacked and as UTF-8.
        what: `call`, `message` or `about`, which is something about the whole run.
        raw: the piece itself as JSON, without secrets.
        redacted: (JSON Pointer, kind) of what was taken out.
    """

    id: str
    run: str
    path: str
    file: str
    form: str
    line: int
    spans: tuple[Span, ...]
    what: str
    raw: Any
    redacted: tuple[tuple[str, str], ...]


def run_id(source: str, name: str) -> str:
    """What a run is called everywhere: by the content it was first read from, and its name there."""
    return hashlib.sha256(f"{source}\0{name}".encode()).hexdigest()


def event_id(run: str, event: RawEvent, body: bytes) -> str:
    """What an event is called everywhere: by its run, its place and its content.

    Two equal calls of two runs, or of one, have two ids; the same call read again has the same one.
    """
    first = event.spans[0]
    digest = hashlib.sha256(f"{run}\0{first.start}\0{first.pointer}\0{event.what}\0".encode())
    digest.update(body)
    return digest.hexdigest()
