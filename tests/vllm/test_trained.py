"""What the trainer makes answers: through vLLM, and served by the trainer itself, to an MCP client of `mcp-sim serve`.

A recipe of three minutes teaches the form of an answer, hardly its content. So this holds: the model was asked, what it
said is in the step, and what the client gets is valid, whoever had to decide it in the end.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp.client import Client

from schemas.load import load_world
from tests.e2e.program import Program
from tests.vllm.conftest import PATIENCE, ROOT
from tests.worldmodel.ports import free_port
from trainer.recipes import LENDING

pytestmark = [pytest.mark.vllm, pytest.mark.train, pytest.mark.slow]

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("get_book", {"id": "B-1"}),
    ("get_member", {"id": "M-3"}),
    ("get_book", {"id": "B-77"}),
    ("list_loans", {"member_id": "M-4"}),
]
HOW = {"prompt_tokens": 1500, "answer_tokens": {"read": 256, "write": 256}, "sampling": {"temperature": 0.0}}
"""As the recipe asked it in training."""


@pytest.fixture(scope="module")
def trainer() -> Path:
    """The Python of the environment that has TRL."""
    found = Path(os.environ.get("MCP_SIM_TRAIN_PYTHON") or ROOT / ".venv-train" / "bin" / "python")
    if not found.exists():
        pytest.skip("there is no TRL here: `make train-env` installs it")
    return found


@pytest.fixture(scope="module")
def trained(trainer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of the recipe `debug`."""
    folder = tmp_path_factory.mktemp("runs") / "debug"
    command = [trainer, "-m", "trainer", "run", "--recipe", "debug", "--out", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "rl" / "model"


@pytest.fixture
def served(python: Path, trained: Path, tmp_path: Path) -> Iterator[str]:
    """The URL of `mcp-sim worldmodel serve cpu`, as the end of a run says it."""
    port = free_port()
    options = ["--model", trained, "--python", python, "--port", port, "--log", tmp_path / "vllm.log"]
    command = [sys.executable, "-m", "mcp_sim", "worldmodel", "serve", "cpu", *map(str, options)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(f"{trained.name} answers at http://127.0.0.1:{port} ")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """The world of the recipe, whose lookups no effect decides any more."""
    known = yaml.safe_load(LENDING.read_text())
    for tool in ("get_book", "get_member", "list_loans"):
        del known["tools"][tool]["effect"]
    path = tmp_path / "lending.yaml"
    path.write_text(yaml.safe_dump(known, sort_keys=False))
    return path


def answers_hold(program: Program, world: Path, *options: str, **environment: str) -> None:
    """Ask as a client does; what was said, and what came of it, holds."""

    async def ask(url: str) -> list[Any]:
        async with Client(url, read_timeout_seconds=PATIENCE) as client:
            return [await client.call_tool(tool, arguments) for tool, arguments in CALLS]

    answers = asyncio.run(ask(program.serve(str(world), *options, **environment).url))
    steps = [json.loads(line) for line in program.run("trace", "default").stdout.splitlines()[1:]]
    assert [step["call"]["tool"] for step in steps] == [tool for tool, _ in CALLS]
    for (tool, _), answer, step in zip(CALLS, answers, steps, strict=True):
        drafts = [step["completions"], *(attempt["draft"]["completions"] for attempt in step["attempts"])]
        asked = [completion for completions in drafts for completion in completions]
        assert asked or step["observation"]["is_error"], "whoever does not exist needs no model to be refused"
        assert all(one["said"] and not one["failure"] for one in asked), asked
        assert step["responder"] in ("worldmodel", "synthesize", "validate")
        assert answer.is_error == step["observation"]["is_error"]
        if not answer.is_error:
            assert load_world(world).tools[tool].output.holds(answer.structured_content)  # type: ignore[union-attr]
    assert sum(bool(step["completions"]) for step in steps) > 0, "one answer at least is the model's own"


def test_it_answers_through_vllm(served: str, world: Path, tmp_path: Path) -> None:
    patient = {"deadline": PATIENCE, "first_token": PATIENCE, "pause": PATIENCE}
    settings = tmp_path / "worldmodel.yaml"
    settings.write_text(yaml.safe_dump({"urls": [served], **HOW, **patient}))
    with Program(tmp_path / "home", PATIENCE) as program:
        answers_hold(program, world, "--worldmodel", str(settings))


def test_it_answers_without_vllm(trainer: Path, trained: Path, world: Path, tmp_path: Path) -> None:
    options = ("--worldmodel", "embedded", "--model", str(trained))
    with Program(tmp_path / "home", PATIENCE) as program:
        answers_hold(program, world, *options, MCP_SIM_TRAIN_PYTHON=str(trainer))
