"""What can go wrong in a stage: one sentence, and what was saved before is whole."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from trainer import checkpoint, memory
from trainer.cpt import cpt
from trainer.durable import checkpoints
from trainer.errors import TrainingError
from trainer.loop import Loop, Sound
from trainer.stage import Stage

LOOP = Loop(steps=6, batch=1, rate=3e-3, length=1536, save_every=2, threads=1)


class Killed(BaseException):
    """Nobody catches it."""


@contextmanager
def ends_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def on_log(_: Sound, args: Any, state: Any, *rest: Any, **more: Any) -> None:
        if state.global_step == step:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Sound, "on_log", on_log)
        with pytest.raises(Killed):
            yield


def named(folder: Path) -> list[str]:
    return [path.name for path in checkpoints(folder)]


@pytest.mark.parametrize("file", ["model.safetensors", "optimizer.pt", "trainer_state.json"])
def test_a_damaged_checkpoint_is_named_and_without_it_the_one_before_is_gone_on_from(
    file: str, start: Path, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = cpt(Stage("cpt", tmp_path / "whole"), start, records, LOOP)
    stage = Stage("cpt", tmp_path / "cpt")
    with ends_at(5, monkeypatch):
        cpt(stage, start, records, LOOP)
    damaged = stage.folder / "checkpoint-4" / file
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size // 2])
    with pytest.raises(TrainingError, match=r"checkpoint-4 cannot be read: .*goes on from checkpoint-2"):
        cpt(stage, start, records, LOOP)
    assert named(stage.folder) == ["checkpoint-2", "checkpoint-4"]
    shutil.rmtree(stage.folder / "checkpoint-4")
    assert cpt(stage, start, records, LOOP) == whole


def test_a_disk_that_is_full_at_the_end_costs_no_step_and_takes_none_too_many(
    start: Path, records: Path, tmp_path: Path
) -> None:
    whole = cpt(Stage("cpt", tmp_path / "whole"), start, records, LOOP)
    stage = Stage("cpt", tmp_path / "cpt")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    finish = Stage.finish

    def full(self: Stage, *rest: Any) -> dict[str, Any]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        return finish(self, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stage, "finish", full)
        try:
            with pytest.raises(TrainingError, match="the model of cpt could not be saved in "):
                cpt(stage, start, records, LOOP)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert named(stage.folder) == ["checkpoint-4", "checkpoint-6"]
    assert cpt(stage, start, records, LOOP) == whole
    checkpoint.load(stage.model)


def test_too_little_memory_is_said_before_the_first_step(
    start: Path, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 20e6)
    with pytest.raises(TrainingError, match=r"GB are free: a batch of [\d,]+ tokens in all fits, this one has 1,536"):
        cpt(Stage("cpt", tmp_path / "cpt"), start, records, LOOP)
    assert named(tmp_path / "cpt") == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: "", "the tokenizer has no chat template"),
        (lambda text: text.replace("<|im_end|>", "<|over|>"), "does not fit the chat template of the model"),
        (
            lambda text: text.replace("message.content", "message.content|upper"),
            "does not fit the chat template of the",
        ),
    ],
)
def test_a_template_that_is_not_that_of_the_records_ends_a_stage_before_its_first_step(
    change: Any, told: str, start: Path, records: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(start, other)
    template = other / "chat_template.jinja"
    template.write_text(change(template.read_text()))
    with pytest.raises(TrainingError, match=told):
        cpt(Stage("cpt", tmp_path / "cpt"), other, records, LOOP)
    assert named(tmp_path / "cpt") == []


def test_a_tokenizer_without_the_tokens_of_its_template_is_told(start: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(start, other)
    for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        path = other / file
        text = path.read_text()
        path.write_text(text if file == "chat_template.jinja" else text.replace("<|im_start|>", "<|begin|>"))
    with pytest.raises(TrainingError, match=r"the tokenizer lacks the token '<\|im_start\|>' that its chat template"):
        checkpoint.load(other)


@pytest.mark.slow
def test_whoever_presses_control_c_is_told_where_the_run_stands(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trainer", "run", "--recipe", "debug", "--out", str(tmp_path / "run")]
    # What a shell starts in the background ignores Ctrl-C, and so would all that the tests start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("step 24 of 60"):
                    break
            process.send_signal(signal.SIGINT)
            said = process.stderr.read().splitlines()
        finally:
            process.kill()
    assert process.returncode == 1
    assert said[-1] == "error: interrupted at cpt, checkpoint-20; the same command goes on from there"
    assert not any("Traceback" in line for line in said)
