"""What the model of a stage answers to held-out calls; asked once, and kept in its folder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict

import orjson
import torch

from trainer import checkpoint
from trainer.durable import write_json
from trainer.encode import Encoder
from trainer.generate import Sampling, generate
from trainer.loop import Loop
from trainer.recipes.recipe import Bench
from trainer.record import Record
from trainer.rejection import asked
from trainer.stage import Stage

_log = logging.getLogger("trainer")


def answers(stage: Stage, records: Sequence[Record], how: Bench, loop: Loop) -> list[str]:
    """What the stage's model says to each record.

    Args:
        stage: that is done.
        records: the questions.
        how: they are asked.
        loop: its seed and threads.
    """
    file = stage.folder / "answers.json"
    wanted = {"bench": asdict(how), "records": [record.id for record in records]}
    if file.is_file():
        kept = orjson.loads(file.read_bytes())
        if kept["asked"] == wanted:
            said: list[str] = kept["said"]
            return said
    _log.info("bench: %d answers of %s", len(records), stage.name)
    loop.begin()
    model, tokenizer = checkpoint.load(stage.model)
    if torch.cuda.is_available():
        model.to("cuda")
    encoder = Encoder(tokenizer)
    prompts = [encoder.prompt_ids(asked(record), thinking=how.thinking) for record in records]
    said = [one.text for one in generate(model, tokenizer, prompts, Sampling(how.longest, batch=how.batch))]
    write_json(file, {"asked": wanted, "said": said})
    return said
