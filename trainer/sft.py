"""Supervised fine-tuning: what the next state is, thought through and then said; the loss is on that turn alone.

Records -> the model's own best answers where some are right, else the right answer with the engine's own facts as the
thinking before it -> token ids -> TRL's SFTTrainer -> a checkpoint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from trainer import checkpoint
from trainer.cases import Cases
from trainer.cpt import check_examples, losses, need_of, sft_trainer, told
from trainer.durable import write_json
from trainer.encode import Encoder, encode_all
from trainer.loop import Loop, finished, train
from trainer.memory import check_memory
from trainer.ranks import first_alone
from trainer.reasoning import reasoning
from trainer.record import Record, Turn, read_records
from trainer.rejection import Chosen, Rejection, choose
from trainer.rewards import Judge
from trainer.stage import Stage, file_hash

CHOSEN = "chosen.json"


@dataclass(frozen=True, slots=True)
class Thinking:
    """How a stage learns to think.

    Attributes:
        share: of the records that are thought through; the others are answered at once.
        rejection: how the model's own answers are chosen; None: every answer is the right one.
    """

    share: float = 0.5
    rejection: Rejection | None = None


def sft(
    stage: Stage,
    start: Path,
    records: Path,
    loop: Loop,
    thinking: Thinking,
    traces: Path | None = None,
    judge: Judge | None = None,
) -> dict[str, Any]:
    """Train the checkpoint `start` on a file of records; goes on where an earlier call was interrupted.

    Returns:
        What it came to: `losses` of every step, `loss` of the last, `tokens` learned, `examples`, `thought`, `chosen`.

    Raises:
        TrainingError: nothing can be learned from the records, or training cannot go on.
        RecordError: the file holds no records.
    """
    settings = {
        "stage": "sft",
        "start": checkpoint.weights_hash(start),
        "records": file_hash(records),
        "thinking": asdict(thinking),
        **loop.told(),
    }
    if not stage.begin(settings):
        return stage.metrics or {}
    loop.begin()
    model, tokenizer = checkpoint.load(start, loop.dtype)
    chosen = _chosen(stage, model, tokenizer, records, loop, thinking.rejection, traces, judge)
    counts = {"thought": 0, "chosen": 0}
    lessons = _lessons(read_records(records), thinking.share, loop.seed, chosen, counts)
    encoded = encode_all(Encoder(tokenizer), lessons, loop.length)
    check_examples("sft", records, encoded, loop.length)
    loop.begin()
    trainer = sft_trainer(model, tokenizer, encoded, loop, stage.folder)
    check_memory(need_of(trainer.model, loop))
    log = train(trainer, stage.folder)
    return finished(trainer, stage, tokenizer, {**losses(log), **told(encoded), **counts})


def _lessons(
    records: Iterator[Record], share: float, seed: int, chosen: dict[str, Chosen], counts: dict[str, int]
) -> Iterator[tuple[Record, str]]:
    for record in records:
        thinks = _drawn(record, seed) < share
        own = chosen.get(record.id)
        if own is not None:
            counts["chosen"] += 1
            record = _saying(record, own.said)  # noqa: PLW2901 - the same record in the model's own words
        thought = (own.thought if own is not None else reasoning(record)) if thinks else ""
        counts["thought"] += bool(thought)
        yield record, thought


def _saying(record: Record, text: str) -> Record:
    last = max(at for at, turn in enumerate(record.turns) if turn.loss)
    return replace(record, turns=(*record.turns[:last], Turn("assistant", text, loss=True)))


def _drawn(record: Record, seed: int) -> float:
    return int.from_bytes(hashlib.sha256(f"thinks/{seed}/{record.id}".encode()).digest()[:8]) / 2**64


def _chosen(
    stage: Stage,
    model: Any,
    tokenizer: Any,
    records: Path,
    loop: Loop,
    rejection: Rejection | None,
    traces: Path | None,
    judge: Judge | None,
) -> dict[str, Chosen]:
    """The model's own answers that are learned from, by record; asked for once, and kept in the folder of the stage."""
    if rejection is None:
        return {}
    file = stage.folder / CHOSEN
    with first_alone():
        if not file.is_file():
            cases = Cases(traces)
            known = [cases.of(record) for record in read_records(records) if "answer" in record.facts]
            write_json(file, [asdict(one) for one in choose(model, tokenizer, known, rejection, loop.seed, judge)])
    return {one["record"]: Chosen(**one) for one in orjson.loads(file.read_bytes())}
