"""Recorded calls of real services, from whatever form they were written down in."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from schemas.recorded import RecordedCall
from store.traces.importers.canonical import is_canonical, read_canonical
from store.traces.importers.har import Operation, is_har, read_har
from store.traces.importers.jsonl import is_jsonl, read_jsonl
from store.traces.importers.lines import Complaint, Tell, chunks
from store.traces.importers.mcp import is_mcp, listed_tools, read_mcp

_LOOKED_AT = 2**22
"""Bytes by which the form of a file is recognised."""
_LINES = 50
_log = logging.getLogger("mcp_sim")


def _warn(complaint: Complaint) -> None:
    _log.warning("%s", complaint)


def read_recorded(
    paths: Iterable[str | Path],
    *,
    domain: str | None = None,
    operations: Sequence[Operation] = (),
    tell: Tell = _warn,
) -> Iterator[RecordedCall]:
    """The calls of files, packed or not, one by one; each file's form is recognised by what it holds.

    Args:
        paths: canonical traces, JSON Lines of calls, captures of MCP messages, HAR archives.
        domain: only calls of this domain, where a file says so of each.
        operations: what the requests of an HTTP archive are called.
        tell: hears of everything that cannot be read; the rest is read all the same.

    Raises:
        OSError: a file is not there or cannot be read.
    """
    for path in map(Path, paths):
        yield from _read(path, domain, operations, tell)


def _read(path: Path, domain: str | None, operations: Sequence[Operation], tell: Tell) -> Iterator[RecordedCall]:
    head = _head(path)
    if is_canonical(head):
        yield from _of(domain, read_canonical(path, tell))
    elif is_jsonl(head):
        yield from read_jsonl(path, tell, domain)
    elif is_har(head):
        yield from _of(domain, read_har(path, tell, operations))
    elif is_mcp(head):
        yield from read_mcp(path, tell)
    else:
        forms = "a trace of mcp-sim, calls as JSON Lines, MCP messages, or an HTTP archive (HAR)"
        tell(Complaint(path, 0, f"nothing in it is {forms}" if head else "there is nothing in it"))


def _head(path: Path) -> list[bytes]:
    """The first lines that are not blank."""
    start = b""
    for piece in chunks(path, lambda _: None):
        start += piece
        if len(start) > _LOOKED_AT:
            break
    return [line for line in map(bytes.strip, start.split(b"\n", _LINES)[:_LINES]) if line]


def _of(domain: str | None, calls: Iterator[RecordedCall]) -> Iterator[RecordedCall]:
    return (call for call in calls if domain is None or call.domain == domain)


__all__ = ["Complaint", "Operation", "Tell", "listed_tools", "read_recorded"]
