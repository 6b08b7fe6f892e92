"""Definitions of tools that recorded calls refer to: a JSON object per line, with a `schema_key` and the `schema`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from schemas.recorded import Span
from store.traces.importers.event import Form, RawEvent
from store.traces.importers.lines import Complaint, Tell, lines


def is_definitions(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines holds such definitions."""
    return any(_defined(line) for line in head)


def events(path: Path, tell: Tell) -> Iterator[RawEvent]:
    """The definitions of one file."""
    for line in lines(path, tell):
        found = _defined(line.text)
        if found is None:
            tell(Complaint(path, line.number, "no definition: it has no 'schema_key' with a 'schema'; left out"))
            continue
        yield RawEvent("definition", found, "", False, line.number, line.number, (Span(line.start, line.end),))


def decode(_: RawEvent, __: str) -> None:
    """A definition alone says nothing of a run."""


DEFINITIONS = Form("definitions", "definitions of tools by key", is_definitions, events, decode)


def _defined(line: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("schema_key"), str):
        return None
    return found if isinstance(found.get("schema"), dict) else None
