"""What can be said of recorded answers alone: which were cut off, contradict one another, or are faults that pass."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

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

    def facts(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"times": self.times, "first": place(self.first), "other": place(self.other)}

    def __str__(self) -> str:
        where = f"{place(self.first)} and {place(self.other)}"
        times = "once" if self.times == 1 else f"{self.times:,} times"
        return f"{self.tool}: the same call on untouched rows is answered differently {times}, first at {where}"


def place(call: RecordedCall) -> str:
    """Where a call was recorded."""
    return call.source or f"{call.trajectory}, call {call.index}"


def contradictions(calls: Iterable[RecordedCall]) -> list[Contradiction]:
    """For every tool, how often a call that no write came before is answered otherwise than an equal one."""
    first: dict[tuple[str, bytes], RecordedCall] = {}
    found: dict[str, tuple[RecordedCall, RecordedCall, int]] = {}
    for run in _runs(calls):
        for call in _until_write(run):
            asked = _asked(call)
            before = first.setdefault((call.tool, asked), call) if asked is not None else call
            if before is not call and not _same(before, call):
                one, other, times = found.get(call.tool, (before, call, 0))
                found[call.tool] = (one, other, times + 1)
    return [Contradiction(tool, *parts) for tool, parts in sorted(found.items())]


def passing_faults(calls: list[RecordedCall]) -> Counter[str]:
    """Error texts that go away when the same call is made again, though nothing was written: how many calls have each.

    They say nothing of the rows, so nothing can be learned from them.
    """
    groups = [group for run in _runs(calls) for group in _repeated(run)]
    times = Counter(call.text for call in calls if call.is_error)
    found: Counter[str] = Counter()
    while True:
        steady, passing = Counter[str](), Counter[str]()
        for group in groups:
            left = [call for call in group if not (call.is_error and call.text in found)]
            counts = steady if len({call.text for call in left}) == 1 else passing
            if len(left) > 1:
                counts.update({call.text for call in left if call.is_error})
        fitting = [text for text, n in passing.items() if n >= 2 and n >= 3 * steady[text]]
        if not fitting:
            return found
        worst = max(fitting, key=lambda text: (passing[text] / times[text], passing[text], text))
        found[worst] = times[worst]


def _repeated(run: list[RecordedCall]) -> Iterator[list[RecordedCall]]:
    """The calls of a run that ask the same without a write between them."""
    equal: dict[tuple[str, bytes], list[RecordedCall]] = defaultdict(list)
    for call in run:
        if (asked := _asked(call)) is not None:
            equal[call.tool, asked].append(call)
        if call.kind != "read" and not call.is_error:
            yield from equal.values()
            equal.clear()
    yield from equal.values()


def _runs(calls: Iterable[RecordedCall]) -> Iterator[list[RecordedCall]]:
    runs: dict[str, list[RecordedCall]] = defaultdict(list)
    for call in calls:
        runs[call.trajectory].append(call)
    for run in runs.values():
        yield sorted(run, key=lambda call: call.index)


def _until_write(run: list[RecordedCall]) -> Iterator[RecordedCall]:
    for call in run:
        yield call
        if call.kind != "read" and not call.is_error:
            return


def _asked(call: RecordedCall) -> bytes | None:
    try:
        return canonical(call.arguments)
    except TypeError:
        return None


def _same(one: RecordedCall, other: RecordedCall) -> bool:
    return one.is_error == other.is_error and (one.text == other.text or same_text(one.text, other.text))
