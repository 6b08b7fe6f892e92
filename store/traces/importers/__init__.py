"""Recordings of real services, from whatever form they were written down in."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from schemas.recorded import About, RecordedCall, RecordedRun, gathered
from store.traces.importers.definitions import DEFINITIONS
from store.traces.importers.event import NOT_WHOLE, Form, RawEvent
from store.traces.importers.forms import recognised
from store.traces.importers.har import HAR, Operation, call_of, decode_as
from store.traces.importers.lines import Complaint, Tell
from store.traces.importers.mcp import listed_tools

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
        paths: recordings in any of the forms of `forms.FORMS`.
        domain: only calls of this domain, where a file says so of each.
        operations: what the requests of an HTTP archive are called.
        tell: hears of everything that cannot be read; the rest is read all the same.

    Raises:
        OSError: a file is not there or cannot be read.
    """
    for path in map(Path, paths):
        form = recognised(path, tell)
        for event in form.events(path, tell) if form else ():
            if event.what != "call":
                continue
            call = _call(form, event, path, operations, tell)
            if call is not None and domain in (None, call.domain):
                yield call


def read_runs(path: str | Path, *, tell: Tell = _warn) -> list[RecordedRun]:
    """The runs of one file, whole, in the order in which they begin; for many files or large ones there is `RawStore`.

    Raises:
        OSError: the file is not there or cannot be read.
    """
    path = Path(path)
    form = recognised(path, tell)
    runs: dict[str, list[RawEvent]] = {}
    for event in form.events(path, tell) if form not in (None, DEFINITIONS) else ():
        runs.setdefault(event.trajectory(str(path)), []).append(event)
    return [
        gathered(name, (one for event in in_order(events) if form and (one := decoded(form, event, path, tell))))
        for name, events in runs.items()
    ]


def recorded_tools(path: str | Path, *, tell: Tell = _warn) -> list[dict[str, Any]]:
    """The definitions of tools that a recording holds beside its calls, as MCP lists them; often there are none.

    Raises:
        OSError: the file is not there or cannot be read.
    """
    path = Path(path)
    form = recognised(path, tell)
    found: dict[str, dict[str, Any]] = {}
    for event in form.events(path, tell) if form else ():
        if event.what == "about" and form is not None:
            about = form.decode(event, str(path))
            tools = about.tools if isinstance(about, About) else ()
            found |= {tool["name"]: tool for tool in tools if isinstance(tool.get("name"), str)}
    return list(found.values())


def in_order(events: Iterable[RawEvent]) -> list[RawEvent]:
    """The events of one run, which a file need not hold in order."""
    return sorted(events, key=lambda event: event.at)


def decoded(form: Form, event: RawEvent, path: Path, tell: Tell) -> RecordedCall | None:
    """What an event says; None, which is told, where it is not whole."""
    try:
        return form.decode(event, str(path))  # type: ignore[return-value]
    except NOT_WHOLE:
        tell(Complaint(path, event.line, f"not a whole {event.what} of {form.told}; left out"))
        return None


def _call(
    form: Form | None, event: RawEvent, path: Path, operations: Sequence[Operation], tell: Tell
) -> RecordedCall | None:
    if form is None:
        return None
    if form is HAR and operations:
        return decode_as(event, str(path), operations)
    return decoded(form, event, path, tell)


__all__ = ["Complaint", "Operation", "Tell", "call_of", "listed_tools", "read_recorded", "read_runs", "recorded_tools"]
