"""A process that is killed at any moment loses no step that it acknowledged, and leaves no half of another."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_sim.sessions import Sessions
from schemas.types import Call
from store.db import Database
from store.traces.encode import decode_step
from tests.memory.audit import audit
from tests.memory.victim import SESSIONS

ROOT = Path(__file__).parents[2]


def _run_until_killed(url: str, seed: int, after: int) -> dict[str, int]:
    """Kill the process after so many acknowledged steps; the last that each session acknowledged."""
    command = [sys.executable, "-m", "tests.memory.victim", url, str(seed)]
    acknowledged: dict[str, int] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as victim:
        assert victim.stdout is not None
        for count, line in enumerate(victim.stdout):
            session_id, step, _ = line.split()
            acknowledged[session_id] = int(step)
            if count == after:
                victim.send_signal(signal.SIGKILL)
        # What it had said before it died counts as well: the loop has read it all.
    assert victim.returncode == -signal.SIGKILL
    return acknowledged


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_no_acknowledged_step_is_lost_and_none_is_left_half_done(url: str, kills: int) -> None:
    dice = random.Random(kills)
    for kill in range(kills):
        acknowledged = _run_until_killed(url, kill, dice.randint(1, 120))
        assert audit(url) == []
        database = Database(url)
        sessions = Sessions(database)
        for session_id in SESSIONS:
            steps = [decode_step(line).n for line in list(sessions.trace(session_id))[1:]]
            assert steps == list(range(1, len(steps) + 1))
            assert len(steps) >= acknowledged.get(session_id, 0)
            before = len(sessions.rows(session_id, "ship")["ship"])
            call = Call("build_ship", {"name": f"after kill {kill}", "yard": "Leith"})
            assert not asyncio.run(sessions.open(session_id).call(call)).is_error
            assert len(sessions.rows(session_id, "ship")["ship"]) == before + 1
        database.close()


def test_two_processes_share_sessions_and_the_death_of_one_does_not_stop_the_other(url: str) -> None:
    Database(url).close()  # both find the tables there
    commands = [[sys.executable, "-m", "tests.memory.victim", url, str(seed)] for seed in (1, 2)]
    with (
        subprocess.Popen(commands[0], stdout=subprocess.PIPE, text=True, cwd=ROOT) as first,
        subprocess.Popen(commands[1], stdout=subprocess.PIPE, text=True, cwd=ROOT) as second,
    ):
        assert first.stdout is not None
        assert second.stdout is not None
        acknowledged = [first.stdout.readline() for _ in range(40)]
        first.kill()
        acknowledged += first.stdout.readlines()
        acknowledged += [second.stdout.readline() for _ in range(40)]
        second.kill()
        acknowledged += second.stdout.readlines()
    assert audit(url) == []
    database = Database(url)
    for session_id in SESSIONS:
        steps = len(list(Sessions(database).trace(session_id))) - 1
        assert steps >= max(int(line.split()[1]) for line in acknowledged if line.startswith(f"{session_id} "))
        built = sum(line.startswith(f"{session_id} ") and line.endswith("built\n") for line in acknowledged)
        assert steps >= built
    database.close()
