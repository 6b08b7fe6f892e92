"""A format that runs are written in, and what it cannot hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from schemas.recorded import RecordedCall, RecordedMessage, RecordedRun

Losses = Counter[str]
"""How many times a field of a call, a message or a run had a value that a format does not hold."""


class Format(NamedTuple):
    """A format of JSON documents, one per line.

    Attributes:
        name: what it is called.
        lines: the documents of a run.
        remains: the run as it is when it is read back.
    """

    name: str
    lines: Callable[[RecordedRun], Iterable[Any]]
    remains: Callable[[RecordedRun], RecordedRun]


@dataclass
class Exported:
    """What was written: runs, calls, and what was lost of them."""

    runs: int = 0
    calls: int = 0
    losses: Losses = field(default_factory=Losses)

    def count(self, before: RecordedRun, after: RecordedRun) -> None:
        """Take note of a run that was written, and of what remains of it."""
        self.runs += 1
        self.calls += len(after.calls)
        self.losses += lost(before, after)


def lost(before: RecordedRun, after: RecordedRun) -> Losses:
    """What a run has lost, by name: `call.is_error`, `message.reasoning`, `run.facts`, or whole `message`s."""
    losses: Losses = Counter()
    losses.update(f"run.{name}" for name in _differing(before, after) if name != "parts")
    for kind, name in ((RecordedCall, "call"), (RecordedMessage, "message")):
        ours = [part for part in before.parts if isinstance(part, kind)]
        theirs = [part for part in after.parts if isinstance(part, kind)]
        if missing := len(ours) - len(theirs):
            losses[f"{name} (whole)"] += missing
            theirs = _aligned(ours, theirs)
        for one, other in zip(ours, theirs, strict=False):
            if other is not None:
                losses.update(f"{name}.{field}" for field in _differing(one, other))
    return losses


def _aligned(ours: list[Any], theirs: list[Any]) -> list[Any]:
    """Theirs, with None where one of ours is missing; a message is known by its speaker and its text."""
    rest = iter(theirs)
    wanted = next(rest, None)
    found: list[Any] = []
    for one in ours:
        if wanted is not None and (one.role, one.text) == (wanted.role, wanted.text):
            found.append(wanted)
            wanted = next(rest, None)
        else:
            found.append(None)
    return found


def _differing(one: Any, other: Any) -> list[str]:
    names = (field.name for field in fields(one) if field.compare)
    return [name for name in names if getattr(one, name) != getattr(other, name)]
