from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from trl import GRPOConfig, SFTConfig

from trainer.checkpoint import Shape
from trainer.plan import commands, needs, stages
from trainer.recipes import RECIPES, find_recipe
from trainer.rl import check_boundaries

GPU = {
    "h200": 141,
    "qwen3-8b-lora": 80,
    "agentworld-35b-lora": 141,
    "multi-node": 80,
}
"""GB of the GPU that a recipe is meant for."""


@pytest.mark.parametrize("name", RECIPES)
def test_the_settings_of_every_recipe_are_settings_of_trl(name: str, tmp_path: Path) -> None:
    recipe = find_recipe(name)
    for loop in (recipe.cpt, recipe.sft):
        SFTConfig(**loop.arguments(tmp_path), max_length=loop.length, packing=True, packing_strategy="bfd")
    GRPOConfig(**recipe.rl.arguments(tmp_path), **recipe.learning.arguments(recipe.rl), shuffle_dataset=False)
    check_boundaries(recipe.rl, recipe.learning)
    assert all(loop.save_every <= loop.steps for loop in stages(recipe).values())


@pytest.mark.parametrize("name", RECIPES)
def test_every_question_and_its_answer_fit_into_what_the_model_reads(name: str) -> None:
    recipe = find_recipe(name)
    for loop in stages(recipe).values():
        assert recipe.learning.longest < loop.length
        if isinstance(recipe.model, Shape):
            assert loop.length <= recipe.model.positions


@pytest.mark.parametrize("name", GPU)
def test_what_a_recipe_for_gpus_needs_is_reckoned_and_fits_into_the_gpu_that_it_names(name: str) -> None:
    found = needs(find_recipe(name))
    assert set(found) == {"cpt", "sft", "rl"}
    assert all(0 < need.bytes < GPU[name] * 0.9e9 for need in found.values())


@pytest.mark.parametrize("name", RECIPES)
def test_the_build_of_vllm_for_the_cpu_knows_heads_of_this_size(name: str) -> None:
    model = find_recipe(name).model
    assert isinstance(model, str) or model.head % 32 == 0


def test_the_model_of_the_recipe_for_fifteen_minutes_is_small_enough_to_be_sent() -> None:
    model = find_recipe("h200").model
    assert isinstance(model, Shape)
    assert model.parameters * 4 < 60e6


def test_adapters_are_a_small_part_of_what_is_held_and_shards_divide_it() -> None:
    adapted, split = needs(find_recipe("qwen3-8b-lora"))["cpt"], needs(find_recipe("multi-node"))["cpt"]
    assert 0.005 < adapted.trained / adapted.parameters < 0.02
    assert split.fixed == pytest.approx(split.parameters * 16 / 16)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trainer", "run", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})


def test_a_plan_says_what_it_takes_and_the_commands_of_all_machines() -> None:
    said = run("--recipe", "multi-node", "--plan")
    assert said.returncode == 0, said.stderr
    told = commands(find_recipe("multi-node"), "runs/multi-node")
    assert "vllm serve Qwen/Qwen3-8B" in told[0]
    assert "torchrun --nnodes 2 --nproc-per-node 8" in told[1]
    assert all(command in said.stdout for command in told)
    assert "8,190,735,360" in said.stdout


def test_without_a_gpu_a_recipe_that_wants_one_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    said = run("--recipe", "h200", "--out", str(tmp_path / "h200"))
    assert said.returncode == 1
    assert said.stderr == "error: recipe 'h200' needs a GPU, and there is none here; recipe 'cpu' does without\n"
    assert not (tmp_path / "h200").exists()
