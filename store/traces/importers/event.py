"""A raw event: a piece of a recording as it stood there, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from schemas.recorded import Kind, Recorded, Span
from store.traces.importers.lines import Tell

What = Literal["call", "message", "about", "definition"]


@dataclass(frozen=True, slots=True)
class RawEvent:
    """What one piece of a recording holds, before it is understood.

    Attributes:
        what: a call with its answer, a message, something about the whole run, or the definition of a tool that calls
            refer to by its key.
        raw: the piece, or its pieces put together, as JSON.
        run: the run it belongs to.
        is_named: whether the recording itself names the run; else the name counts the runs of the file.
        at: its place in the run; equal places follow the order of the file.
        line: the line of the file on which it begins.
        spans: the bytes it takes.
        index: the number of the call in its run, where the recording or the order of the file says so.
        turn: the number of the agent's turn.
        kind: whether the call reads or writes, where something else in the recording says so.
        domain: the service, where something else in the recording says so.
    """

    what: What
    raw: Any
    run: str
    is_named: bool
    at: int
    line: int
    spans: tuple[Span, ...]
    index: int = 0
    turn: int | None = None
    kind: Kind = "unknown"
    domain: str = ""

    def trajectory(self, origin: str) -> str:
        """The name of its run, which begins with the file where the recording has none."""
        return self.run if self.is_named else f"{origin}{self.run}"


Events = Callable[[Path, Tell], Iterator[RawEvent]]
Decode = Callable[[RawEvent, str], Recorded | None]


class Form(NamedTuple):
    """A form in which recordings are kept.

    Attributes:
        name: what it is called, also in a store of raw events.
        told: what it is called in a sentence.
        fits: whether a file that begins with these lines is one.
        events: the raw events of a file.
        decode: what an event says; the text is the file, or whatever stands for it in names. None: nothing of use.
            Raises KeyError, TypeError, ValueError or AttributeError where it is not whole.
    """

    name: str
    told: str
    fits: Callable[[list[bytes]], bool]
    events: Events
    decode: Decode


NOT_WHOLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
"""What `decode` raises where an event is not whole."""


def whole(events: Iterable[RawEvent], complain: Callable[[], None]) -> list[RawEvent]:
    """The events of one document, or none, with a complaint, where it is not built as such documents are."""
    try:
        return list(events)
    except NOT_WHOLE:
        complain()
        return []
