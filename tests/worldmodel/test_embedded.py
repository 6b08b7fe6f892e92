"""`--worldmodel embedded`: its server starts with the command, is asked, and ends with it.

A script stands in for the trainer's; tests/vllm/test_trained.py does the same with a checkpoint.
"""

from __future__ import annotations

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.e2e.program import Program
from tests.worldmodel.processes import descendants, running, until

STAND_IN = Path(__file__).with_name("stand_in.py")


@pytest.fixture
def python(tmp_path: Path) -> str:
    """A Python whose trainer is the stand-in."""
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(STAND_IN))} "$@"\n')
    script.chmod(0o755)
    return str(script)


def test_it_is_there_for_as_long_as_the_command_is(tmp_path: Path, python: str) -> None:
    with Program(tmp_path) as program:
        served = program.serve(
            "shop", "--worldmodel", "embedded", "--model", "some/folder", MCP_SIM_TRAIN_PYTHON=python
        )
        started = descendants(served.pid)
        assert len(running(started)) == 3, "the leash, the server and its child"
        served.end()
        until(lambda: not running(started))
    assert not list(tmp_path.rglob("embedded-*.log")), "the log of a good start is of no use"


def test_a_server_that_does_not_start_is_told_in_its_own_words(tmp_path: Path, python: str) -> None:
    said = {"STAND_IN": "dies", "STAND_IN_SAYS": "error: /nowhere holds no checkpoint: it has no config.json"}
    with Program(tmp_path) as program:
        done = program.run("serve", "--worldmodel", "embedded", MCP_SIM_TRAIN_PYTHON=python, **said)
    assert done.returncode == 1
    told = "error: The embedded world model ended: /nowhere holds no checkpoint: it has no config.json (log: "
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1


def test_what_a_checkpoint_says_of_how_it_is_asked_is_checked_before_it_starts(tmp_path: Path, python: str) -> None:
    (tmp_path / "worldmodel.yaml").write_text("promt_tokens: 700")
    with Program(tmp_path) as program:
        done = program.run("serve", "--worldmodel", "embedded", "--model", str(tmp_path), MCP_SIM_TRAIN_PYTHON=python)
    told = f"{tmp_path}/worldmodel.yaml: promt_tokens: there is no such setting (did you mean 'prompt_tokens'?)"
    assert done.stderr == f"error: {told}\n"


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is here, so nothing is missing")
def test_without_torch_it_says_what_is_missing(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        done = program.run(
            "call", "shop", "list_orders", "--worldmodel", "embedded", "--model", str(tmp_path),
            MCP_SIM_TRAIN_PYTHON=sys.executable,
        )  # fmt: skip
    assert done.returncode == 1
    assert "serving a checkpoint needs torch and transformers and llguidance, which this Python has not" in done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ["embedded", "--worldmodel", "http://127.0.0.1:1"],
            "--worldmodel embedded stands alone; leave the other 1 out",
        ),
        (["embedded"], "there is no Python at /nowhere: let MCP_SIM_TRAIN_PYTHON name one that has torch"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(tmp_path: Path, options: list[str], told: str) -> None:
    with Program(tmp_path) as program:
        done = program.run("serve", "--worldmodel", *options, MCP_SIM_TRAIN_PYTHON="/nowhere")
    assert done.stderr == f"error: {told}\n"
