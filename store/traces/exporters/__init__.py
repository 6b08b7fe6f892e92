"""Recorded runs as data sets, in the formats that others read; what a format cannot hold is counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import orjson

from schemas.recorded import RecordedRun
from store.traces.exporters.atif import ATIF
from store.traces.exporters.card import card
from store.traces.exporters.format import Exported, Format, Losses, lost
from store.traces.exporters.hf import HF, write_hf
from store.traces.exporters.jsonl import JSONL
from store.traces.exporters.names import distinct
from store.traces.exporters.openai import OPENAI
from store.traces.exporters.sharegpt import SHAREGPT

FORMATS = {one.name: one for one in (JSONL, OPENAI, SHAREGPT, ATIF, HF)}


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


__all__ = ["FORMATS", "Exported", "Format", "Losses", "appearing", "card", "lost", "write_hf", "write_runs"]
