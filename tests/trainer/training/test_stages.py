from __future__ import annotations

import math
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest
import torch

from trainer import checkpoint
from trainer.cpt import cpt
from trainer.durable import UNFINISHED, checkpoints
from trainer.errors import TrainingError
from trainer.loop import Durable, Loop, Sound
from trainer.memory import Need, check_memory
from trainer.record import Record, read_records, write_records
from trainer.rejection import Rejection
from trainer.sft import Thinking, sft
from trainer.stage import Stage

LOOP = Loop(steps=6, batch=1, rate=3e-3, length=1536, save_every=2, threads=1)


def test_cpt_learns_and_its_checkpoint_loads(start: Path, records: Path, tmp_path: Path) -> None:
    metrics = cpt(Stage("cpt", tmp_path), start, records, LOOP)
    assert metrics["steps"] == 6
    assert metrics["losses"][-1] < metrics["losses"][0]
    assert 0 < metrics["learned_tokens"] < metrics["tokens"]
    model, tokenizer = checkpoint.load(tmp_path / "model")
    assert tokenizer.chat_template == checkpoint.TEMPLATE.read_text().rstrip("\n")
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert {"model.safetensors", "generation_config.json", "chat_template.jinja"} <= set(os.listdir(tmp_path / "model"))


def test_a_stage_that_is_done_is_not_done_again(start: Path, records: Path, tmp_path: Path) -> None:
    loop = replace(LOOP, steps=2)
    first = cpt(Stage("cpt", tmp_path), start, records, loop)
    before = (tmp_path / "model" / "model.safetensors").stat().st_mtime_ns
    assert cpt(Stage("cpt", tmp_path), start, records, loop) == first
    assert (tmp_path / "model" / "model.safetensors").stat().st_mtime_ns == before
    with pytest.raises(TrainingError, match=r"was begun with rate = 0\.003, not 0\.5"):
        cpt(Stage("cpt", tmp_path), start, records, replace(loop, rate=0.5))


STAGES: dict[str, Callable[[Stage, Path, Path], dict[str, Any]]] = {
    "cpt": lambda stage, start, records: cpt(stage, start, records, LOOP),
    "sft": lambda stage, start, records: sft(stage, start, records, LOOP, Thinking()),
}


class Killed(BaseException):
    """Nobody catches it."""


@pytest.mark.parametrize("stage", STAGES)
def test_whoever_is_interrupted_goes_on_to_the_same_weights(
    stage: str, start: Path, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = tmp_path / "few.jsonl"  # so that all of them come again before the end
    write_records(few, islice(read_records(records), 4))
    whole = STAGES[stage](Stage(stage, tmp_path / "whole"), start, few)
    for after in (3, 5):
        with monkeypatch.context() as patch:

            def on_log(_: Sound, args: Any, state: Any, *rest: Any, last: int = after, **more: Any) -> None:
                if state.global_step == last:
                    raise Killed

            patch.setattr(Sound, "on_log", on_log)
            with pytest.raises(Killed):
                STAGES[stage](Stage(stage, tmp_path / "killed"), start, few)
    assert STAGES[stage](Stage(stage, tmp_path / "killed"), start, few) == whole


SCRIPT = """
import os, signal, sys
from pathlib import Path
import trainer.loop
from trainer.cpt import cpt
from trainer.loop import Loop
from trainer.stage import Stage

def settle(unfinished, name):
    if name.name == "checkpoint-4":
        os.kill(os.getpid(), signal.SIGKILL)
    return was(unfinished, name)

was, trainer.loop.settle = trainer.loop.settle, settle
folder, start, records = map(Path, sys.argv[1:])
cpt(Stage("cpt", folder), start, records, Loop(steps=6, batch=1, rate=3e-3, length=1536, save_every=2, threads=1))
"""


def test_whoever_is_killed_while_a_checkpoint_is_written_goes_on_from_the_one_before(
    start: Path, records: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", SCRIPT, tmp_path / "killed", start, records]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert (tmp_path / "killed" / UNFINISHED).is_dir(), "it died in the middle of a checkpoint"
    assert [path.name for path in checkpoints(tmp_path / "killed")] == ["checkpoint-2"]
    killed = cpt(Stage("cpt", tmp_path / "killed"), start, records, LOOP)
    assert killed == cpt(Stage("cpt", tmp_path / "whole"), start, records, LOOP)


def test_rejection_sampling_keeps_what_is_right_and_remembers_it(
    start: Path, records: Path, traces: Path, tmp_path: Path
) -> None:
    thinking = Thinking(1.0, Rejection(rollouts=1, threshold=0.0, longest=8, thinking=False))
    metrics = sft(Stage("sft", tmp_path), start, records, replace(LOOP, steps=2), thinking, traces)
    kept = orjson.loads((tmp_path / "chosen.json").read_bytes())
    assert metrics["chosen"] == len(kept)
    strict = Thinking(1.0, Rejection(rollouts=1, threshold=0.99, longest=8, thinking=False))
    metrics = sft(Stage("sft", tmp_path / "strict"), start, records, replace(LOOP, steps=2), strict, traces)
    assert metrics["chosen"] == 0
    assert metrics["thought"] == metrics["examples"], "what was thought is told by the engine"


def test_a_loss_that_is_no_number_ends_the_stage_before_it_is_saved(start: Path, records: Path, tmp_path: Path) -> None:
    model, tokenizer = checkpoint.load(start)
    model.model.norm.weight.data.fill_(math.nan)
    checkpoint.save(model, tokenizer, tmp_path / "broken")
    with pytest.raises(TrainingError, match=r"step 1: the .* is nan, no number; nothing was saved before"):
        cpt(Stage("cpt", tmp_path / "cpt"), tmp_path / "broken", records, LOOP)
    assert not checkpoints(tmp_path / "cpt")


def test_a_full_disk_is_told_and_the_last_checkpoint_stays(
    start: Path, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    saved = Durable._save_checkpoint

    def save(self: Durable, model: object, trial: object) -> None:
        if self.state.global_step == 4:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        saved(self, model, trial)

    monkeypatch.setattr(Durable, "_save_checkpoint", save)
    try:
        with pytest.raises(TrainingError, match=r"step 4 could not be saved .*checkpoint-2 is whole"):
            cpt(Stage("cpt", tmp_path), start, records, LOOP)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    monkeypatch.undo()
    assert [path.name for path in checkpoints(tmp_path)] == ["checkpoint-2"]
    assert not (tmp_path / UNFINISHED).exists()
    assert cpt(Stage("cpt", tmp_path), start, records, LOOP)["steps"] == 6


def test_an_empty_stage_and_one_whose_examples_are_too_long_are_told_apart(
    start: Path, records: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.jsonl"
    write_records(empty, [])
    with pytest.raises(TrainingError, match="holds nothing to learn from"):
        cpt(Stage("cpt", tmp_path / "a"), start, empty, LOOP)
    with pytest.raises(TrainingError, match="is longer than 64 tokens"):
        cpt(Stage("cpt", tmp_path / "b"), start, records, replace(LOOP, length=64))


def test_a_class_that_is_masked_out_teaches_nothing(start: Path, played: list[Record], tmp_path: Path) -> None:
    classes = ("echo", "action")
    write_records(tmp_path / "r.jsonl", [replace(one, turn_class=classes[i % 2]) for i, one in enumerate(played)])
    metrics = cpt(Stage("cpt", tmp_path / "cpt"), start, tmp_path / "r.jsonl", replace(LOOP, steps=1))
    assert 0.4 * len(played) < metrics["masked"] <= 0.5 * len(played) + 1
    assert metrics["masked"] + metrics["examples"] == len(played)


def test_too_little_memory_is_told_with_the_size_that_fits() -> None:
    need = Need(parameters=10**9, trained=10**9, hidden=2048, layers=24, vocabulary=32000, tokens=65536)
    with pytest.raises(TrainingError, match=r"takes about .* GB are free: a batch of [\d,]+ tokens in all fits"):
        check_memory(need, free=40e9)
    with pytest.raises(TrainingError, match=r"a model of 50M trained weights fits, this one has 1,000M"):
        check_memory(need, free=1e9)
    check_memory(need, free=1e12)


def test_what_is_no_checkpoint_is_named(start: Path, records: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"holds no checkpoint: it has no config\.json"):
        checkpoint.load(tmp_path)
    damaged = tmp_path / "damaged"
    model, tokenizer = checkpoint.load(start)
    checkpoint.save(model, tokenizer, damaged)
    (damaged / "model.safetensors").write_bytes((damaged / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(TrainingError, match="cannot be loaded"):
        checkpoint.load(damaged)


def test_the_shape_tells_how_many_weights_there_are(start: Path) -> None:
    model, _ = checkpoint.load(start)
    shape = checkpoint.Shape(32, 2, 2, 1, 16, 96, 768, 2048)
    assert shape.parameters == model.num_parameters()
    assert torch.is_tensor(model.lm_head.weight)
