"""A study, carried out: every arm trained from one checkpoint on as many tokens, and asked the same held-out calls."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

from trainer import checkpoint
from trainer.answering import answers
from trainer.bench import bench
from trainer.bench.html import html
from trainer.cases import Cases
from trainer.cpt import cpt
from trainer.durable import write_json
from trainer.encode import Encoder
from trainer.recipes.studies import Arm, Study
from trainer.record import Record, read_records, write_records
from trainer.stage import Stage

_log = logging.getLogger("trainer")
RESULT, REPORT = "bench.json", "report.html"


def compare(study: Study, start: Path, folder: Path) -> dict[str, Any]:
    """Carry out a study, or go on where it was interrupted.

    Args:
        study: its arms.
        start: the checkpoint that every arm begins with.
        folder: where records, models and the report go.

    Returns:
        What is in `bench.json`: the measures, and what every arm learned from.

    Raises:
        TrainingError: an arm cannot be trained.
    """
    said = {arm.name: _said(study, arm, start, folder / arm.name) for arm in study.arms}
    traces = folder / study.arms[-1].name / "traces"
    asked = list(read_records(folder / study.arms[-1].name / "held_out.jsonl.gz"))
    ground = Cases(traces)
    cases = [ground.of(record) for record in islice(asked, study.bench.calls)]
    result = bench(cases, said)
    arms = {arm.name: {**asdict(arm), **(Stage(arm.name, folder / arm.name).metrics or {})} for arm in study.arms}
    told = {"tokens": study.tokens, "start": checkpoint.weights_hash(start), "arms": arms}
    found = {**result.summary(), "study": told}
    write_json(folder / RESULT, found)
    (folder / REPORT).write_text(html(result, said), encoding="utf-8")
    return found


def _said(study: Study, arm: Arm, start: Path, folder: Path) -> list[str]:
    """What an arm answers once it is trained."""
    learned, held_out = folder / "learned.jsonl.gz", folder / "held_out.jsonl.gz"
    traces = folder / "traces"
    encoder = Encoder(checkpoint.load_tokenizer(start))
    if not held_out.is_file():
        write_records(learned, _within(encoder, study.records(arm, traces), study.tokens, study.loop.length))
        write_records(held_out, study.held_out(arm, traces))
    count = sum(1 for _ in read_records(learned))
    loop = replace(study.loop, steps=-(-count // (study.loop.batch * study.loop.accumulate)))
    _log.info("%s: %d records, %d steps", arm.name, count, loop.steps)
    stage = Stage(arm.name, folder)
    cpt(stage, start, learned, loop, kept={})
    return answers(stage, list(islice(read_records(held_out), study.bench.calls)), study.bench, loop)


def _within(encoder: Encoder, records: Iterable[Record], tokens: int, longest: int) -> Iterator[Record]:
    """The first records that have so many tokens together."""
    for record in records:
        size = sum(len(example.ids) for example in encoder.encode(record))
        if size <= longest:
            tokens -= size
            if tokens < 0:
                return
            yield record
