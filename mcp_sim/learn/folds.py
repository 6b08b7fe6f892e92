"""Recorded calls in parts, each of which judges a twin that was taught by the others."""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator

from schemas.recorded import RecordedCall

_PARTS = 3
_OF_EACH = 60
_MOST = 600
_LONGEST = 300


def folds(calls: list[RecordedCall]) -> Iterator[tuple[list[RecordedCall], list[RecordedCall]]]:
    """(what teaches, what judges) for every part; a task, or else a trajectory, is never torn apart.

    Of what judges, as many trajectories are taken as are needed to hear enough of every tool.
    """
    families = sorted({_family(call) for call in calls}, key=lambda name: (zlib.crc32(name.encode()), name))
    count = min(_PARTS, len(families))
    if count < 2:
        return
    side = {family: place % count for place, family in enumerate(families)}
    for part in range(count):
        taught = [call for call in calls if side[_family(call)] != part]
        yield taught, _enough([call for call in calls if side[_family(call)] == part])


def _family(call: RecordedCall) -> str:
    return call.task or call.trajectory


def _enough(calls: list[RecordedCall]) -> list[RecordedCall]:
    """Whole trajectories, or the beginnings of very long ones, with calls of every tool."""
    runs: dict[str, list[RecordedCall]] = defaultdict(list)
    for call in calls:
        runs[call.trajectory].append(call)
    heard: Counter[str] = Counter()
    found: list[RecordedCall] = []
    for name in sorted(runs, key=lambda name: (zlib.crc32(name.encode()), name)):
        run = sorted(runs[name], key=lambda call: call.index)[:_LONGEST]
        if any(heard[call.tool] < _OF_EACH for call in run) and len(found) < _MOST:
            found += run
            heard.update(call.tool for call in run)
    return found
