"""vLLM itself, on the CPU, with a checkpoint that is made on the spot: `make test-vllm`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from mcp_sim.worldmodel.launch import plan, serving
from mcp_sim.worldmodel.presets import PRESETS
from tests.vllm.lessons import lessons
from tests.worldmodel.ports import free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 600.0
"""Seconds for a start; a busy machine takes a minute or two."""


@dataclass(frozen=True)
class Vllm:
    """A server that answers: its address without `/v1`, the name of its model, and the folder that holds it."""

    url: str
    model: str
    checkpoint: Path


@pytest.fixture(scope="session")
def python() -> Path:
    """The Python of the environment that has vLLM."""
    found = Path(os.environ.get("MCP_SIM_VLLM_PYTHON") or ROOT / ".venv-vllm" / "bin" / "python")
    if not found.exists():
        pytest.skip("there is no vLLM here: `make vllm-env` installs it, `make test-vllm` does both")
    return found


@pytest.fixture(scope="session")
def checkpoint(python: Path, request: pytest.FixtureRequest) -> Path:
    """A small Qwen3 that learned from the lessons; made once, and again when script or lessons change."""
    script = Path(__file__).with_name("checkpoint.py")
    told = b"".join(orjson.dumps(lesson) + b"\n" for lesson in lessons())
    version = hashlib.sha256(script.read_bytes() + told).hexdigest()[:12]
    cache = request.config.cache
    assert cache is not None
    home = cache.mkdir("vllm-checkpoints")
    folder = home / f"small-{version}"
    if not folder.exists():
        (home / "lessons.jsonl").write_bytes(told)
        unfinished = home / "unfinished"
        # About a minute on two free cores; the steps make it the same checkpoint on any machine that is fast enough.
        training = ["--steps", "400", "--seconds", "600"]
        subprocess.run(
            [python, script, home / "lessons.jsonl", unfinished, *training],
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
            check=True,
        )
        for older in home.glob("small-*"):
            shutil.rmtree(older)
        unfinished.rename(folder)
    return folder


@pytest.fixture(scope="session")
def vllm(python: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vllm]:
    """vLLM with that checkpoint, started as `mcp-sim worldmodel serve cpu` starts it; one for all tests."""
    launch = plan(PRESETS["cpu"], python=python, model=checkpoint, port=free_port())
    with serving(launch, tmp_path_factory.mktemp("vllm") / "log") as server:
        server.wait_until_ready(timeout=PATIENCE)
        yield Vllm(launch.url, launch.model, checkpoint)
