"""Starting and ending a server: it is waited for, its failures are told in a sentence, and it is never left behind.

A script of a few lines stands in for vLLM; tests/vllm does the same with vLLM itself.
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from mcp_sim.errors import SetupError
from mcp_sim.worldmodel import gpus
from mcp_sim.worldmodel.failures import explain
from mcp_sim.worldmodel.launch import Launch, Server, serving
from tests.cli.conftest import run as run  # noqa: PLC0414 - a fixture
from tests.cli.running import Run
from tests.worldmodel.ports import free_port
from tests.worldmodel.processes import descendants, running, until

ROOT = Path(__file__).parents[2]
STAND_IN = Path(__file__).with_name("stand_in.py")
DIED = "ValueError: To serve at least one request with the model's max seq len (8192), (1.79 GiB KV cache is needed, which is larger than the available KV cache memory (1.0 GiB). Try"


@pytest.fixture
def launch() -> Launch:
    port = free_port()
    arguments = ("--host", "127.0.0.1", "--port", str(port), "--served-model-name", "mine")
    return Launch((sys.executable, str(STAND_IN), *arguments), {}, "127.0.0.1", port, "mine")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """What passes for the folder of a checkpoint."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    return folder


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A Python whose vLLM is the stand-in."""
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(STAND_IN))} "$@"\n')
    script.chmod(0o755)
    return script


Start = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def start(tmp_path: Path, checkpoint: Path, python: Path) -> Iterator[Start]:
    """`mcp-sim worldmodel serve` as a process of its own, and its address, once it says so."""
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], str]:
        port = free_port()
        options = ["--model", checkpoint, "--python", python, "--port", port, "--log", tmp_path / "log"]
        process = subprocess.Popen(
            [sys.executable, "-m", "mcp_sim", "worldmodel", "serve", "cpu", *map(str, options)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"mine answers at http://127.0.0.1:{port} ")
        return process, f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_server_is_ready_when_it_offers_its_model_and_all_of_it_ends_with_the_block(
    launch: Launch, tmp_path: Path
) -> None:
    before = descendants(os.getpid())
    with serving(launch, tmp_path / "logs" / "log") as server:
        server.wait_until_ready(timeout=30)
        assert httpx.get(f"{launch.url}/v1/models").json() == {"data": [{"id": "mine"}]}
        started = descendants(os.getpid()) - before
        assert len(started) == 3, "the leash, the server and its child"
    until(lambda: not running(started))
    assert server.log.read_text() == "Loading weights\nWhoever started it let go, so this server ends.\n"


def test_who_waits_is_told_what_the_server_said_last(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "hangs")

    class Told(Exception):
        pass

    def tell(seconds: float, line: str) -> None:
        if line == "Loading weights" and seconds > 0:
            raise Told

    with serving(launch, tmp_path / "log") as server, pytest.raises(Told):
        server.wait_until_ready(tell, timeout=30)


def test_a_variable_of_the_user_counts_more_than_that_of_the_preset(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "dies")
    monkeypatch.setenv("STAND_IN_SAYS", "as the user says")
    preset = replace(launch, environment={"STAND_IN_SAYS": "as the preset says"})
    with serving(preset, tmp_path / "log") as server, pytest.raises(SetupError, match="as the user says"):
        server.wait_until_ready(timeout=30)


def test_a_server_that_never_answers_is_given_up(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "hangs")
    with serving(launch, tmp_path / "log") as server, pytest.raises(SetupError) as given_up:
        server.wait_until_ready(timeout=0.5)
    assert str(given_up.value) == f"vLLM did not answer at {launch.url} within 0.5 s: see {server.log}"


def test_a_port_in_use_is_named_before_anything_starts(launch: Launch, tmp_path: Path) -> None:
    with socket.create_server((launch.host, launch.port)), pytest.raises(SetupError) as refused:
        Server(launch, tmp_path / "log")
    assert str(refused.value) == (
        f"cannot listen on 127.0.0.1:{launch.port}: Address already in use; "
        f"take another with --port, e.g. --port {launch.port + 1}"
    )
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_however_the_command_ends_the_server_and_its_children_end_too(start: Start, how: signal.Signals) -> None:
    # What a shell starts in the background ignores Ctrl-C, under nohup the end of its terminal too, and so would all that
    # the tests start.
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    try:
        process, _ = start()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    started = descendants(process.pid)
    assert len(running(started)) == 3
    process.send_signal(how)
    status = process.wait(timeout=30)
    assert status == (128 + how if how in (signal.SIGTERM, signal.SIGINT) else -how)
    until(lambda: not running(started))


def test_a_server_that_breaks_down_while_it_serves_is_told_with_its_last_error(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STAND_IN", "breaks")
    process, _ = start()
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said == f"error: vLLM ended with status 1: RuntimeError: the engine is gone (log: {tmp_path / 'log'})\n"


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        (1, "python: Error while finding module specification for 'vllm.entrypoints.openai.api_server' (ModuleNotFoundError: No module named 'vllm')", "this Python has no vLLM: `make vllm-env`"),
        (1, "OSError: [Errno 98] Address already in use", "port 8801 of 127.0.0.1 is taken; take another with --port"),
        (1, "ValueError: World size (4) is larger than the number of available GPUs (1) in this node.", "it should be split over 4 GPUs, and this machine has 1: say --gpus 1"),
        (1, "RuntimeError: No CUDA GPUs are available", "vLLM sees no GPU; the preset `cpu`"),
        (1, "ValueError: Free memory on device cuda:0 (3.1/79.1 GiB) on startup is less than desired", "only 3.1 of 79.1 GiB are free on cuda:0"),
        (1, DIED, "a context of 8192 tokens needs 1.79 GiB and 1.0 are left: add `-- --max-model-len`"),
        (1, "ValueError: No available memory for the cache blocks. Try", "the weights leave no memory for a context"),
        (1, "RuntimeError: Unsupported CPU attention configuration: head_dim=16 isa=2 kv_cache_idx=0", "this build for the CPU cannot serve a model with heads of 16: train one"),
        (1, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate", "the GPU is out of memory"),
        (1, "OSError: You are trying to access a gated repo.\n401 Client Error.", "its owner gives the model to those who ask"),
        (1, "OSError: nope/nope is not a local folder and is not a valid model identifier listed on", "there is no such model"),
        (2, "api_server.py: error: unrecognized arguments: --frobnicate 3", "this vLLM does not know --frobnicate 3"),
        (0, "(APIServer pid=9877) INFO [shutdown] API server: shutdown triggered", "another process asked it to (SIGTERM)"),
        (137, "Loading weights", "it was killed from outside; most likely the machine ran out of memory"),
        (132, "", "this processor lacks an instruction that this build of vLLM uses"),
    ],
)  # fmt: skip
def test_a_failure_is_told_in_a_sentence_with_the_nearest_fix(status: int, said: str, told: str) -> None:
    assert explain(status, f"Traceback:\n{said}\nmore", "127.0.0.1", 8801).startswith(f"vLLM ended: {told}")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "INFO starting\n(EngineCore pid=12) KeyError: 'model.layers.0'\nINFO shutting down\n",
            "KeyError: 'model.layers.0'",
        ),
        ("something else\n\n", "something else"),
        ("", "it said nothing"),
    ],
)
def test_a_failure_nobody_has_seen_is_told_in_its_own_last_words(said: str, told: str) -> None:
    assert explain(3, said, "127.0.0.1", 8801) == f"vLLM ended with status 3: {told}"


@pytest.fixture
def with_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[int], None]:
    """Let nvidia-smi list so many GPUs."""

    def put(count: int) -> None:
        lines = "".join(f"echo 'GPU {number}: A card'\n" for number in range(count))
        program = tmp_path / "bin" / "nvidia-smi"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{lines}")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return put


@pytest.mark.parametrize(("visible", "seen"), [(None, 3), ("0,2", 2), ("", 0)])
def test_gpus_are_counted_as_vllm_would_see_them(
    with_gpus: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, visible: str | None, seen: int
) -> None:
    with_gpus(3)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus.count_gpus() == seen


def test_without_a_gpu_a_preset_for_one_says_what_can_be_done_instead(
    run: Run, with_gpus: Callable[[int], None]
) -> None:
    with_gpus(0)
    assert run("worldmodel", "serve", "qwen3-4b").complaint == (
        "preset 'qwen3-4b' needs a GPU and this machine has none: serve a small checkpoint with "
        "`mcp-sim worldmodel serve cpu --model PATH`, or give `mcp-sim serve --worldmodel URL` the address of another "
        "machine or of a hosted API"
    )


def test_too_few_gpus_are_counted(run: Run, with_gpus: Callable[[int], None]) -> None:
    with_gpus(2)
    assert run("worldmodel", "serve", "agentworld-35b-tp4").complaint == (
        "preset 'agentworld-35b-tp4' is split over 4 GPUs and this machine has 2: say --gpus 2, if 128 GB fit into that"
    )


def test_a_model_over_several_machines_is_left_to_vllm(
    run: Run, with_gpus: Callable[[int], None], python: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_gpus(0)
    monkeypatch.setenv("STAND_IN", "dies")
    monkeypatch.setenv("STAND_IN_SAYS", "RuntimeError: no ray here")
    asked = [
        "worldmodel",
        "serve",
        "agentworld-35b",
        "--python",
        python,
        "--log",
        tmp_path / "log",
        "--port",
        free_port(),
    ]
    told = run(*asked, "--", "--distributed-executor-backend", "ray").err
    assert "RuntimeError: no ray here" in told


def test_a_dry_run_prints_a_command_for_a_shell(run: Run, checkpoint: Path, python: Path) -> None:
    asked = ["worldmodel", "serve", "cpu", "--model", checkpoint, "--python", python, "--dry-run", "--", "--seed", 3]
    done = run(*asked)
    words = shlex.split(done.out)
    assert (done.status, words[0], words[-2:]) == (0, "env", ["--seed", "3"])
    assert "VLLM_CPU_KVCACHE_SPACE=1" in words
    assert words[words.index(str(python)) : -2][:5] == [
        str(python), "-m", "vllm.entrypoints.openai.api_server", "--model", str(checkpoint),
    ]  # fmt: skip
    assert done.out.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["cpuu"], "no preset 'cpuu' (did you mean 'cpu'?)"),
        (["cpu"], "preset 'cpu' serves a checkpoint of your own: name its folder with --model PATH"),
        (["cpu", "--model", "./gone"], "there is no folder ./gone: --model takes the folder of a checkpoint or"),
        (["cpu", "--model", "/"], "/ holds no checkpoint: it has no config.json"),
        (
            ["cpu", "--python", "/gone/python"],
            "there is no Python at /gone/python: name one that has vLLM with --python",
        ),
        (["cpu", "8192"], "'8192' is no argument for vLLM; those follow `--`, e.g. -- --max-model-len 8192"),
    ],
)
def test_what_cannot_be_served_is_told_before_anything_starts(run: Run, arguments: list[str], told: str) -> None:
    assert run("worldmodel", "serve", *arguments).complaint.startswith(told)


def test_the_presets_are_listed_for_people_and_for_programs(run: Run) -> None:
    listed = {preset["name"]: preset for preset in run("worldmodel", "presets", "--json").json}
    assert (listed["cpu"]["gpus"], listed["agentworld-35b"]["sampling"]["top_k"]) == (0, 20)
    shown = run("worldmodel", "presets").out
    assert [name for name in listed if name not in shown] == []
