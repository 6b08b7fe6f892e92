from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.training.test_run import LOOP, TINY
from tests.worldmodel.adversary import Adversary
from trainer import stages
from trainer.checkpoint import load
from trainer.errors import TrainingError
from trainer.record import read_records, write_records
from trainer.rewards import RewardError
from trainer.stage import Stage


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a recipe that is over in seconds."""
    tiny = replace(TINY, cpt=LOOP, sft=LOOP, rl=replace(LOOP, batch=2))
    monkeypatch.setattr(stages, "find_recipe", lambda _: tiny)


@pytest.fixture
def shards(records: Path, tmp_path: Path) -> Path:
    """Records as tailoring leaves them: several files in a folder."""
    found = read_records(records)
    (tmp_path / "train").mkdir()
    for number in range(2):
        write_records(tmp_path / "train" / f"train-{number:05}.jsonl.gz", islice(found, 8))
    return tmp_path / "train"


def test_each_stage_goes_on_with_the_model_of_another_on_records_of_ones_own(
    shards: Path, start: Path, traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stages.cpt([shards], str(start), tmp_path / "cpt")
    stages.sft([shards], str(tmp_path / "cpt" / "model"), tmp_path / "sft", traces=traces)
    stages.rl([shards], str(tmp_path / "sft" / "model"), tmp_path / "rl", traces=traces)
    load(tmp_path / "rl" / "model")
    found: list[Any] = [Stage(name, tmp_path / name).metrics for name in ("cpt", "sft", "rl")]
    assert found[0]["examples"] == 16, "of both files"
    assert len({metrics["weights"] for metrics in found}) == 3
    assert f"python -m trainer serve {tmp_path / 'rl' / 'model'}" in capsys.readouterr().err


def test_whoever_interrupts_a_stage_is_told_where_it_stands(
    shards: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Stage, "finish", interrupt)
        with pytest.raises(TrainingError, match="interrupted; checkpoint-2 is whole, and the same command goes on"):
            stages.cpt([shards], str(start), tmp_path / "cpt")
    stages.cpt([shards], str(start), tmp_path / "cpt")
    load(tmp_path / "cpt" / "model")


@pytest.mark.parametrize(
    ("given", "begun", "told"),
    [
        ("nowhere.jsonl.gz", "start", "there is no file .*nowhere.jsonl.gz"),
        (".", "start", r"holds no files of records \(\*\.jsonl\.gz\)"),
        ("records", "/nowhere", "there is no folder /nowhere: name the folder of a checkpoint, or one at Hugging Face"),
        ("records", "nobody/nothing", "there is no folder nobody/nothing, and it cannot be fetched: "),
    ],
)
def test_what_is_not_there_is_named(
    given: str, begun: str, told: str, records: Path, start: Path, tmp_path: Path
) -> None:
    there = {"records": records, "start": start}
    with pytest.raises(TrainingError, match=told):
        stages.cpt([tmp_path / there.get(given, given)], str(there.get(begun, begun)), tmp_path / "cpt")


def test_a_judge_that_flatters_is_not_trained_with(records: Path, start: Path, tmp_path: Path) -> None:
    five = '{"scores": {"format": 5, "factuality": 5, "consistency": 5, "realism": 5, "quality": 5}}'
    with Adversary(answer=lambda _: five, scripted=True) as server:
        with pytest.raises(RewardError, match="the judge flatters: it gives a useless answer 25 of 25"):
            stages.rl([records], str(start), tmp_path / "rl", judge=server.url)
        assert server.requests
    assert not (tmp_path / "rl").exists()


def test_a_recipe_that_wants_a_gpu_says_so_before_anything_begins(
    start: Path, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(stages, "find_recipe", lambda _: replace(TINY, gpu=True))
    with pytest.raises(TrainingError, match="recipe 'tiny' needs a GPU, and there is none here"):
        stages.rl([records], str(start), tmp_path / "rl")
    assert not (tmp_path / "rl").exists()
