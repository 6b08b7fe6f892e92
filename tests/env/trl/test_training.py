"""TRL itself trains an agent in the sandbox: `make test-trl`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.trl, pytest.mark.slow]
ROOT = Path(__file__).parents[3]
EXAMPLE = Path(__file__).with_name("example.py")


@pytest.fixture(scope="session")
def python() -> Path:
    """The Python of the environment that has TRL."""
    found = Path(os.environ.get("MCP_SIM_TRAIN_PYTHON") or ROOT / ".venv-train" / "bin" / "python")
    if not found.exists():
        pytest.skip("there is no TRL here: `make train-env` installs it, `make test-trl` does both")
    return found


def test_grpo_plays_tasks_in_the_sandbox_and_is_rewarded_by_their_verdicts(python: Path, tmp_path: Path) -> None:
    done = subprocess.run([python, EXAMPLE, tmp_path], capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert len(told["steps"]) == 4
    assert sum(step["calls"] for step in told["steps"]) > 0, told
    assert all(step["failures"] == 0 for step in told["steps"]), told
    assert max(step["reward"] for step in told["steps"]) > 0, told


def test_transformers_reads_every_tool_of_the_shipped_worlds(python: Path) -> None:
    script = """
from transformers.utils import get_json_schema
from mcp_sim.env.callables import signatures
from schemas.load import shipped_world, shipped_worlds
count = 0
for name in shipped_worlds():
    world = shipped_world(name)
    for one in signatures(world.tools):
        found = get_json_schema(one.function(lambda *_: ""))["function"]
        wanted = world.tools[one.tool].input_schema
        assert set(found["parameters"]["properties"]) == set(wanted.get("properties", {})), found
        assert set(found["parameters"].get("required", ())) == set(wanted.get("required", ())), found
        count += 1
print(count)
"""
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 100
