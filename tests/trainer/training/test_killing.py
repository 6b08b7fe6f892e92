from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.vllm.conftest import ROOT
from trainer.checkpoint import weights_hash
from trainer.run import MANIFEST, RESULT, STAGES

SEED = 8
KILLS = 10


def train(folder: Path, *how: object) -> tuple[int, list[str]]:
    """Run the recipe, killed as `how` says; its status, and the lines of its log."""
    command = [sys.executable, "-m", "tests.trainer.training.killed", folder, *how]
    done = subprocess.run(
        [*map(str, command)], cwd=ROOT, env={**os.environ}, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, -signal.SIGKILL):
        raise AssertionError(done.stderr[-3000:])
    return done.returncode, done.stderr.splitlines()


@pytest.mark.slow
def test_a_run_that_is_killed_ten_times_comes_to_the_same_weights_and_metrics(tmp_path: Path) -> None:
    status, lines = train(tmp_path / "whole")
    assert status == 0
    # A line of each tenth of the run, its very start among them, so that data, training, saving and bench all have theirs.
    random = Random(SEED)
    told = ["", *dict.fromkeys(line for line in lines if lines.count(line) == 1)]
    moments = [random.randrange(len(told) * at // KILLS, len(told) * (at + 1) // KILLS) for at in range(KILLS)]
    died = []
    for number, at in enumerate(moments):
        how, amount = ("event", random.randint(1, 25)) if number % 2 else ("moment", random.randint(0, 800))
        status, _ = train(tmp_path / "killed", json.dumps(told[at:] if at else []), how, amount)
        died.append(status == -signal.SIGKILL)
        print(f"seed {SEED}: {how} {amount} after {told[at]!r}: {'killed' if died[-1] else 'came to its end'}")
    assert sum(died) >= KILLS - 2, "near the end a run may be over first"
    status, _ = train(tmp_path / "killed")
    assert status == 0
    for stage in STAGES:
        assert weights_hash(tmp_path / "killed" / stage / "model") == weights_hash(tmp_path / "whole" / stage / "model")
    for file in (MANIFEST, RESULT):
        assert json.loads((tmp_path / "killed" / file).read_bytes()) == json.loads(
            (tmp_path / "whole" / file).read_bytes()
        )
