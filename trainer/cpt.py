"""Continual pre-training: what the service answers next, from recorded conversations and documents; no thinking.

Records -> the turns that are learned -> token ids with labels on observations alone -> packed rows whose parts do not
see one another -> TRL's SFTTrainer -> a checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from trainer import checkpoint
from trainer.encode import Encoded, Encoder, encode_all
from trainer.errors import TrainingError
from trainer.loop import Durable, Loop, finished, train
from trainer.memory import Need, check_memory
from trainer.record import Record, TurnClass, read_records
from trainer.stage import Stage, file_hash
from trainer.tailor.classes import KEEP, is_learned


class Trainer(Durable, SFTTrainer):
    """TRL's trainer with checkpoints that last."""


def cpt(stage: Stage, start: Path, records: Path, loop: Loop, kept: Mapping[TurnClass, float] = KEEP) -> dict[str, Any]:
    """Train the checkpoint `start` on a file of records; goes on where an earlier call was interrupted.

    Returns:
        What it came to: `losses` of every step, `loss` of the last, `tokens` learned, `examples`, `too_long`, `masked`.

    Raises:
        TrainingError: nothing can be learned from the records, or training cannot go on.
        RecordError: the file holds no records.
    """
    settings = {
        "stage": "cpt",
        "start": checkpoint.weights_hash(start),
        "records": file_hash(records),
        "kept": dict(kept),
        **loop.told(),
    }
    if not stage.begin(settings):
        return stage.metrics or {}
    loop.begin()
    model, tokenizer = checkpoint.load(start, loop.dtype)
    counts = {"masked": 0}
    encoded = encode_all(Encoder(tokenizer), _learned(read_records(records), loop.seed, kept, counts), loop.length)
    check_examples("cpt", records, encoded, loop.length)
    trainer = sft_trainer(model, tokenizer, encoded, loop, stage.folder)
    check_memory(need_of(trainer.model, loop))
    log = train(trainer, stage.folder)
    return finished(trainer, stage, tokenizer, {**losses(log), **told(encoded), **counts})


def _learned(
    records: Iterable[Record], seed: int, kept: Mapping[TurnClass, float], counts: dict[str, int]
) -> Iterator[tuple[Record, str]]:
    for record in records:
        if is_learned(record.turn_class, record.id, seed, kept):
            yield record, ""
        else:
            counts["masked"] += 1


def sft_trainer(model: Any, tokenizer: Any, encoded: Encoded, loop: Loop, folder: Path) -> Trainer:
    """TRL's trainer for examples whose labels are decided."""
    rows = [{"input_ids": list(example.ids), "labels": example.labels} for example in encoded.examples]
    return Trainer(
        model=model,
        args=SFTConfig(
            **loop.arguments(folder),
            max_length=loop.length,
            packing=loop.packed,
            packing_strategy="bfd",
            shuffle_dataset=True,
            # Rows of one token each would be one document without it: positions begin anew in each part of a row.
            padding_free=loop.packed,
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=loop.adapter(),
    )


def check_examples(stage: str, records: Path, encoded: Encoded, length: int) -> None:
    """Make sure that there is something to learn.

    Raises:
        TrainingError: there is nothing; the message says why.
    """
    if encoded.examples:
        return
    if encoded.too_long:
        raise TrainingError(
            f"{stage}: each of the {encoded.too_long} examples of {records} is longer than {length} tokens; "
            "raise the length, or render shorter prompts"
        )
    raise TrainingError(f"{stage}: {records} holds nothing to learn from")


def need_of(model: Any, loop: Loop) -> Need:
    """What training a model holds in memory."""
    config = model.config.get_text_config()
    weights = list(model.parameters())
    return Need(
        parameters=sum(weight.numel() for weight in weights),
        trained=sum(weight.numel() for weight in weights if weight.requires_grad),
        hidden=config.hidden_size,
        layers=1 if loop.recompute else config.num_hidden_layers,
        vocabulary=config.vocab_size,
        tokens=loop.batch * loop.length,
        width=2 if loop.bf16 else 4,
        shards=loop.shards,
    )


def losses(log: list[dict[str, Any]]) -> dict[str, Any]:
    """The losses of a stage, step by step, and the mean of the last tenth."""
    found = [entry["loss"] for entry in log]
    tail = found[-max(len(found) // 10, 1) :]
    return {"losses": found, "loss": sum(tail) / len(tail), "steps": len(found)}


def told(encoded: Encoded) -> dict[str, int]:
    """What was learned from."""
    return {
        "examples": len(encoded.examples),
        "too_long": encoded.too_long,
        "tokens": sum(len(example.ids) for example in encoded.examples),
        "learned_tokens": sum(sum(example.learned) for example in encoded.examples),
    }
