"""Names that stand once in what is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from schemas.recorded import RecordedRun


def distinct(runs: Iterable[RecordedRun]) -> Iterator[tuple[RecordedRun, RecordedRun]]:
    """(run, run under a name of its own) for every run: recordings of several files may name theirs alike."""
    used: set[int] = set()
    for run in runs:
        name, number = run.trajectory, 1
        while hash(name) in used:
            number += 1
            name = f"{run.trajectory}#{number}"
        used.add(hash(name))
        yield run, run if number == 1 else _renamed(run, name)


def _renamed(run: RecordedRun, name: str) -> RecordedRun:
    return replace(run, trajectory=name, parts=tuple(replace(part, trajectory=name) for part in run.parts))
