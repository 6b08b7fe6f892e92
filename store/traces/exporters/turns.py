"""The turns of a run, as conversations want them: what the agent says at once, and the answers to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.recorded import Part, RecordedCall, RecordedMessage, RecordedRun, gathered


@dataclass(slots=True)
class Turn:
    """A message, calls that were asked at once, or both; a message of somebody else stands alone."""

    message: RecordedMessage | None = None
    calls: list[RecordedCall] = field(default_factory=list)

    @property
    def parts(self) -> Iterator[Part]:
        """The message, then the calls."""
        if self.message is not None:
            yield self.message
        yield from self.calls


def turns(run: RecordedRun) -> list[Turn]:
    """The turns of a run. Parts of one turn that something stands between are two turns."""
    found: list[Turn] = []
    last: int | None = None
    for part in run.parts:
        goes_on = part.turn is not None and part.turn == last and isinstance(part, RecordedCall)
        if not goes_on:
            found.append(Turn())
        last = part.turn
        if isinstance(part, RecordedCall):
            found[-1].calls.append(part)
        else:
            found[-1].message = part
    return found


def regrouped(run: RecordedRun, found: list[Turn], **given: Any) -> RecordedRun:
    """The run of these turns, numbered anew, with what else is given."""
    parts = [replace(part, turn=number) for number, turn in enumerate(found) for part in turn.parts]
    numbered = gathered(run.trajectory, parts)
    return replace(run, parts=numbered.parts, **given)
