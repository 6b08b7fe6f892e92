"""What can be said of recorded answers alone: those that were cut off, and those that contradict one another."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mcp_sim.fidelity import same_text
from schemas.canonical import canonical
from schemas.recorded import RecordedCall

_CLOSING = {"{": "}", "[": "]"}


def is_cut_off(call: RecordedCall) -> bool:
    """Whether an answer begins as JSON, and ends before it is whole."""
    text = call.text.strip()
    if call.structured is not None or text[:1] not in _CLOSING or text.endswith(_CLOSING[text[:1]]):
        return False
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        rest = text[error.pos :]
        return not rest or (error.msg.startswith("Unterminated string") and len(rest) < len(text) - 1)
    except RecursionError:
        return False
    return False


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two calls that ask the same of the same rows, and are answered differently.

    Attributes:
        times: how many such calls there are, each beside the first.
    """

    tool: str
    first: RecordedCall
    other: RecordedCall
    times: int

    def __str__(self) -> str:
        where = f"{place(self.first)} and {place(self.other)}"
        times = "once" if self.times == 1 else f"{self.times:,} times"
        return f"{self.tool}: the same call on untouched rows is answered differently {times}, first at {where}"


def place(call: RecordedCall) -> str:
    """Where a call was recorded."""
    return call.source or f"{call.trajectory}, call {call.index}"


def contradictions(calls: Iterable[RecordedCall]) -> list[Contradiction]:
    """For every tool, how often a call that no write came before is answered otherwise than an equal one."""
    runs: dict[str, list[RecordedCall]] = defaultdict(list)
    for call in calls:
        runs[call.trajectory].append(call)
    first: dict[tuple[str, bytes], RecordedCall] = {}
    found: dict[str, tuple[RecordedCall, RecordedCall, int]] = {}
    for run in runs.values():
        for call in sorted(run, key=lambda one: one.index):
            asked = _asked(call)
            before = first.setdefault((call.tool, asked), call) if asked is not None else call
            if before is not call and not _same(before, call):
                one, other, times = found.get(call.tool, (before, call, 0))
                found[call.tool] = (one, other, times + 1)
            if call.kind != "read" and not call.is_error:
                break
    return [Contradiction(tool, *parts) for tool, parts in sorted(found.items())]


def _asked(call: RecordedCall) -> bytes | None:
    try:
        return canonical(call.arguments)
    except TypeError:
        return None


def _same(one: RecordedCall, other: RecordedCall) -> bool:
    return one.is_error == other.is_error and (one.text == other.text or same_text(one.text, other.text))
