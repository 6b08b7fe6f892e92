"""The forms of recordings, and which of them a file has."""

from __future__ import annotations

from pathlib import Path

from store.traces.importers.atif import ATIF
from store.traces.importers.canonical import CANONICAL
from store.traces.importers.definitions import DEFINITIONS
from store.traces.importers.event import Form
from store.traces.importers.har import HAR
from store.traces.importers.jsonl import JSONL
from store.traces.importers.lines import Complaint, Tell, chunks
from store.traces.importers.mcp import MCP
from store.traces.importers.openai import OPENAI
from store.traces.importers.otel import OTEL
from store.traces.importers.parquet import PARQUET
from store.traces.importers.sharegpt import SHAREGPT

FORMS: tuple[Form, ...] = (
    CANONICAL,
    JSONL,
    DEFINITIONS,
    HAR,
    ATIF,
    MCP,  # before the conversations: what a server asks of a model holds messages as well
    OTEL,
    OPENAI,
    SHAREGPT,
    PARQUET,
)
"""In the order in which they are tried."""
_LOOKED_AT = 2**22
"""Bytes by which the form of a file is recognised."""
_LINES = 50


def recognised(path: Path, tell: Tell) -> Form | None:
    """The form of a file, by what it holds; None, which is told, where it has none of them.

    Raises:
        OSError: the file is not there or cannot be read.
    """
    head = _head(path)
    form = next((form for form in FORMS if form.fits(head)), None)
    if form is None:
        told = ", ".join(form.told for form in FORMS)
        tell(Complaint(path, 0, f"nothing in it is one of: {told}" if head else "there is nothing in it"))
    return form


def _head(path: Path) -> list[bytes]:
    """The first lines that are not blank."""
    start = b""
    for piece in chunks(path, lambda _: None):
        start += piece
        if len(start) > _LOOKED_AT:
            break
    start = start.removeprefix(b"\xef\xbb\xbf")
    return [line for line in map(bytes.strip, start.split(b"\n", _LINES)[:_LINES]) if line]
