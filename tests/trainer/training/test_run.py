from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from trainer.checkpoint import Shape, load
from trainer.errors import TrainingError
from trainer.loop import Loop, Sound
from trainer.recipes import LENDING, RECIPES, find_recipe
from trainer.recipes.recipe import Bench, Recipe
from trainer.recipes.worlds import Worlds
from trainer.record import Record, read_records
from trainer.rl import Learning
from trainer.run import MANIFEST, REPORT, STAGES, Run, run
from trainer.sft import Thinking

LOOP = Loop(steps=2, batch=1, rate=1e-3, length=1536, save_every=1, threads=1)
TINY = Recipe(
    name="tiny",
    about="To see that it runs.",
    source=Worlds((str(LENDING),), calls=5, prompt_tokens=1500, sessions=(2, 1, 2, 1)),
    model=Shape(
        hidden=32, layers=1, heads=2, key_value_heads=1, head=16, intermediate=64, vocabulary=512, positions=4096
    ),
    cpt=replace(LOOP, length=3000),
    sft=replace(LOOP, length=3000),
    thinking=Thinking(0.5),
    rl=replace(LOOP, length=3000, batch=2),
    learning=Learning(group=2, longest=8, rounds=1),
    bench=Bench(calls=3, longest=8),
)


class Killed(BaseException):
    """Nobody catches it."""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    return folder, run(TINY, folder)


def test_a_run_leaves_models_a_report_a_manifest_and_a_card(done: tuple[Path, dict[str, Any]]) -> None:
    folder, manifest = done
    for stage in STAGES:
        load(folder / stage / "model")
    assert orjson.loads((folder / MANIFEST).read_bytes()) == orjson.loads(orjson.dumps(manifest))
    assert {"recipe", "data", "versions", "stages", "bench"} <= manifest.keys()
    assert set(manifest["data"]["files"]) == {"cpt", "sft", "rl", "held_out"}
    assert "<svg" in (folder / REPORT).read_text()
    assert "library_name: transformers" in (folder / "rl" / "model" / "README.md").read_text()


def test_no_session_is_learned_from_and_asked_about(done: tuple[Path, dict[str, Any]]) -> None:
    whole = Run(TINY, done[0])
    pools: list[set[str]] = [
        {record.trajectory for record in read_records(whole.records(pool))} for pool in ("cpt", "sft", "rl", "held_out")
    ]
    assert all(pools)
    assert len(set.union(*pools)) == sum(map(len, pools))
    held_out: list[Record] = list(read_records(whole.records("held_out")))
    assert all(record.intent == "next-observation" for record in held_out)


@pytest.mark.parametrize("after", STAGES)
def test_whoever_is_interrupted_in_any_stage_comes_to_the_same_end(
    after: str, done: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def on_log(_: Sound, args: Any, state: Any, *rest: Any, **more: Any) -> None:
            if Path(args.output_dir).name == after and state.global_step == 2:
                raise Killed

        patch.setattr(Sound, "on_log", on_log)
        with pytest.raises(Killed):
            run(TINY, tmp_path)
    assert run(TINY, tmp_path) == done[1]


def test_another_recipe_in_the_same_folder_is_refused(done: tuple[Path, dict[str, Any]]) -> None:
    with pytest.raises(TrainingError, match="holds other data than the recipe asks for"):
        run(replace(TINY, source=replace(TINY.source, calls=6)), done[0])  # type: ignore[type-var]
    with pytest.raises(TrainingError, match=r"was begun with rate = 0\.001, not 0\.5"):
        run(replace(TINY, cpt=replace(TINY.cpt, rate=0.5)), done[0])


def test_a_recipe_that_needs_a_gpu_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(TrainingError, match="recipe 'tiny' needs a GPU, and there is none here"):
        run(replace(TINY, gpu=True), tmp_path)


def test_every_recipe_is_found_and_an_unknown_one_is_told() -> None:
    assert {find_recipe(name).name for name in RECIPES} == set(RECIPES)
    with pytest.raises(TrainingError, match=r"no recipe 'debgu' \(did you mean 'debug'\?\): give one of"):
        find_recipe("debgu")


@pytest.mark.slow
def test_the_recipe_debug_runs_from_the_command_line_with_the_losses_that_it_always_has(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trainer", "run", "--recipe", "debug", "--out", tmp_path]
    ended = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, env=dict(os.environ))
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "Traceback" not in ended.stderr
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    golden = json.loads(Path(__file__).with_name("debug.json").read_text())
    for stage, losses in golden.items():
        assert manifest["stages"][stage]["losses"][: len(losses)] == pytest.approx(losses, rel=2e-3)
    assert manifest["stages"]["cpt"]["loss"] < manifest["stages"]["cpt"]["losses"][0] / 1.5
