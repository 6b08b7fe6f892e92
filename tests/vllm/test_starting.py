"""`mcp-sim worldmodel serve` with vLLM itself: how it ends, and what it says when it cannot start."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.vllm.conftest import PATIENCE, ROOT
from tests.worldmodel.ports import free_port
from tests.worldmodel.processes import descendants, running, until

pytestmark = pytest.mark.vllm


def serve(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mcp_sim", "worldmodel", "serve", "cpu", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_all_of_vllm_ends_with_the_command_that_started_it(
    python: Path, checkpoint: Path, tmp_path: Path, how: signal.Signals
) -> None:
    port = free_port()
    options = ["--model", checkpoint, "--python", python, "--port", port, "--log", tmp_path / "log"]
    with serve(*options) as process:
        try:
            assert process.stdout is not None
            answers = process.stdout.readline()
            assert answers.startswith(f"{checkpoint.name} answers at http://127.0.0.1:{port} "), answers
            assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
            started = descendants(process.pid)
            assert len(started) >= 4, "the leash, the server, its engine and its worker"
            process.send_signal(how)
            process.wait(timeout=60)
            until(lambda: not running(started))
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--", "--frobnicate"], "vLLM ended: this vLLM does not know --frobnicate"),
        (["--model", "nobody/nothing"], "vLLM ended: there is no such model, neither as a folder nor at Hugging Face"),
        (["--python", sys.executable], "vLLM ended: this Python has no vLLM: `make vllm-env` makes an environment"),
    ],
    ids=["flag", "model", "python"],
)
def test_what_vllm_fails_at_is_told_in_one_sentence(
    python: Path, checkpoint: Path, tmp_path: Path, asked: list[str], told: str
) -> None:
    options = ["--model", checkpoint, "--python", python, "--port", free_port(), "--log", tmp_path / "log"]
    with serve(*options, *asked) as process:
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert said.startswith(f"error: {told}")
    assert said.count("\n") == 1
