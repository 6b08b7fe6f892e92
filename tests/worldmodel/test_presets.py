"""The presets: what a person sees of them, and the commands that they become."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from mcp_sim.errors import SetupError
from mcp_sim.worldmodel.launch import Launch, plan
from mcp_sim.worldmodel.presets import PRESETS, find_preset

PYTHON = Path("/opt/vllm/bin/python")
XGRAMMAR = """--structured-outputs-config '{"backend":"xgrammar","disable_any_whitespace":true}'"""
EVERYWHERE = f"--enable-prefix-caching --enable-prompt-tokens-details --stream-interval 8 {XGRAMMAR}"
COOL = """--override-generation-config '{"temperature":0.6,"top_p":0.95,"top_k":20}'"""
WARM = """--override-generation-config '{"temperature":0.7,"top_p":0.8,"top_k":20}'"""
SILENT = """--default-chat-template-kwargs '{"enable_thinking":false}'"""
SERVE = "/opt/vllm/bin/python -m vllm.entrypoints.cli.main serve"
AGENTWORLD = "Qwen/Qwen-AgentWorld-35B-A3B --served-model-name Qwen/Qwen-AgentWorld-35B-A3B"
HERE = "--host 127.0.0.1 --port 8801"
AS_PUBLISHED = "--reasoning-parser qwen3 --language-model-only --trust-remote-code"
COMMANDS = {
    "agentworld-35b": f"{SERVE} {AGENTWORLD} {HERE} --tensor-parallel-size 1 --max-model-len 131072 {COOL} {SILENT} {EVERYWHERE} {AS_PUBLISHED}",
    "agentworld-35b-tp2": f"{SERVE} {AGENTWORLD} {HERE} --tensor-parallel-size 2 --max-model-len 262144 {COOL} {SILENT} {EVERYWHERE} {AS_PUBLISHED}",
    "agentworld-35b-tp4": f"{SERVE} {AGENTWORLD} {HERE} --tensor-parallel-size 4 --max-model-len 262144 {COOL} {SILENT} {EVERYWHERE} {AS_PUBLISHED}",
    "qwen3-0.6b": f"{SERVE} Qwen/Qwen3-0.6B --served-model-name Qwen/Qwen3-0.6B {HERE} --tensor-parallel-size 1 --max-model-len 32768 {WARM} {SILENT} {EVERYWHERE} --reasoning-parser qwen3",
    "qwen3-4b": f"{SERVE} Qwen/Qwen3-4B-Instruct-2507 --served-model-name Qwen/Qwen3-4B-Instruct-2507 {HERE} --tensor-parallel-size 1 --max-model-len 65536 {WARM} {EVERYWHERE}",
    "qwen3-30b-a3b": f"{SERVE} Qwen/Qwen3-30B-A3B-Instruct-2507 --served-model-name Qwen/Qwen3-30B-A3B-Instruct-2507 {HERE} --tensor-parallel-size 1 --max-model-len 65536 {WARM} {EVERYWHERE}",
    "local": f"{SERVE} /models/mine --served-model-name mine {HERE} --tensor-parallel-size 1 {COOL} {EVERYWHERE}",
    "cpu": (
        f"/opt/vllm/bin/python -m vllm.entrypoints.openai.api_server --model /models/mine --served-model-name mine {HERE} --max-model-len 8192 {COOL} {EVERYWHERE} "
        "--dtype float32 --enforce-eager --max-num-batched-tokens 8192 --no-enable-chunked-prefill --enable-lora --max-lora-rank 16 --max-loras 4"
    ),
}


def planned(name: str, **asked: object) -> Launch:
    model = None if PRESETS[name].model else Path("/models/mine")
    return plan(PRESETS[name], **{"python": PYTHON, "model": model, **asked})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_becomes_this_command(name: str) -> None:
    assert shlex.join(planned(name).command) == COMMANDS[name]


def test_the_build_for_the_cpu_gets_what_keeps_it_from_crashing_and_the_others_nothing() -> None:
    assert planned("cpu").environment == {
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "TORCH_COMPILE_DISABLE": "1",
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
    }
    assert [name for name in PRESETS if planned(name).environment] == ["cpu"]


def test_what_is_asked_for_stands_in_place_of_the_presets_own() -> None:
    launch = planned("agentworld-35b", model="me/mine", gpus=8, host="::", port=9000)
    assert launch.command[4:6] == ("me/mine", "--served-model-name")
    assert shlex.join(launch.command).count("--tensor-parallel-size 8") == 1
    assert (launch.model, launch.url) == ("me/mine", "http://[::1]:9000")


def test_further_flags_come_last_so_that_they_count() -> None:
    launch = planned("cpu", extra=("--max-model-len", "4096"))
    assert launch.command[-2:] == ("--max-model-len", "4096")


@pytest.mark.parametrize(("positions", "context"), [(2048, "2048"), (32768, "8192"), ("many", "8192")])
def test_a_checkpoint_is_not_asked_for_more_than_it_was_made_for(tmp_path: Path, positions: Any, context: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"max_position_embeddings": positions}))
    command = planned("cpu", model=tmp_path).command
    assert command[command.index("--max-model-len") + 1] == context


def test_a_checkpoint_of_ones_own_has_to_be_named() -> None:
    with pytest.raises(
        SetupError, match=r"^preset 'local' serves a checkpoint of your own: name its folder with --model"
    ):
        plan(PRESETS["local"], python=PYTHON)


def test_a_preset_without_a_gpu_is_not_split_over_any() -> None:
    with pytest.raises(SetupError, match=r"^preset 'cpu' uses no GPU; leave --gpus out, or take preset 'local'$"):
        planned("cpu", gpus=2)


def test_an_unknown_preset_is_told_the_nearest_name() -> None:
    with pytest.raises(
        SetupError, match=r"^no preset 'agentworld-35' \(did you mean 'agentworld-35b'\?\): give one of"
    ):
        find_preset("agentworld-35")


def test_the_published_model_is_asked_as_it_was_published() -> None:
    published = [preset for name, preset in PRESETS.items() if name.startswith("agentworld")]
    assert {(p.sampling.temperature, p.sampling.top_p, p.sampling.top_k) for p in published} == {(0.6, 0.95, 20)}
    assert [preset.gpus for preset in published] == [1, 2, 4]


@pytest.mark.parametrize("name", PRESETS)
def test_json_among_the_flags_is_json(name: str) -> None:
    texts = [flag for flag in planned(name).command if flag.startswith("{")]
    assert len(texts) >= 2
    assert all(isinstance(json.loads(text), dict) for text in texts)
