"""Recorded runs as data sets, in the formats that others read; what a format cannot hold is counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import orjson

from schemas.recorded import RecordedRun
from store.traces.exporters.atif import ATIF
from store.traces.exporters.format import Format, Losses, lost
from store.traces.exporters.jsonl import JSONL
from store.traces.exporters.openai import OPENAI
from store.traces.exporters.sharegpt import SHAREGPT

FORMATS = {one.name: one for one in (JSONL, OPENAI, SHAREGPT, ATIF)}


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


def write_runs(runs: Iterable[RecordedRun], form: Format, out: Path) -> Exported:
    """Write runs, a JSON document per line. The file appears whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    exported = Exported()
    with appearing(out) as file:
        for run, named in distinct(runs):
            for document in form.lines(named):
                file.write(orjson.dumps(document) + b"\n")
            exported.count(run, form.remains(named))
    return exported


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


@contextmanager
def appearing(path: Path) -> Iterator[BinaryIO]:
    """A file that appears when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


__all__ = ["FORMATS", "Exported", "Format", "Losses", "distinct", "lost", "write_runs"]
