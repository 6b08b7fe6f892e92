"""The same world, seed and calls give the same bytes: in another process, on another day, under another hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_sim.sessions import Sessions
from schemas.load import shipped_world, shipped_worlds
from schemas.types import World
from store.db import Database
from tests.running import Running
from tests.store.test_traces import JOB, play

ROOT = Path(__file__).parent.parent
PLAY = """
import sys
from mcp_sim.sessions import Sessions
from schemas.load import load_world
from store.db import Database
from tests.running import HARBOUR, Running
from tests.store.test_traces import play
running = Running(Sessions(Database(sys.argv[1])), load_world(HARBOUR), seed=5)
running.ask("forecast", dock_id="D-01")
running.ask("forecast")
play(running)
sys.stdout.buffer.write(running.trace())
"""
EXAMPLES = """
import asyncio, sys
from mcp_sim.sessions import Sessions
from schemas.load import load_world
from schemas.types import Call
from store.db import Database
sessions = Sessions(Database("sqlite://"))
for name in sys.argv[1:]:
    session = sessions.create(load_world(name), session_id=name)
    for example in session.world.examples:
        asyncio.run(session.call(Call(example.tool, example.arguments)))
    for tool in session.world.tools.values():
        if tool.effect is None:
            asyncio.run(session.call(Call(tool.name, {})))
    sys.stdout.buffer.write(b"".join(sessions.trace(name)))
"""


def run(source: str, *arguments: str, hash_seed: int) -> bytes:
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed), "TZ": ["UTC", "Asia/Tokyo"][hash_seed % 2]}
    command = [sys.executable, "-c", source, *arguments]
    return subprocess.run(command, capture_output=True, check=True, cwd=ROOT, env=environment).stdout


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    in_memory = run(PLAY, "sqlite://", hash_seed=1)
    on_disk = run(PLAY, f"sqlite:///{tmp_path / 'x.db'}", hash_seed=2)
    assert in_memory == on_disk
    assert in_memory.count(b"\n") == 1 + 2 + len(JOB)


def test_shipped_worlds_write_the_same_bytes_in_two_processes() -> None:
    names = list(shipped_worlds())
    assert run(EXAMPLES, *names, hash_seed=1) == run(EXAMPLES, *names, hash_seed=2)


def test_another_seed_gives_other_content_and_the_same_rows(sessions: Sessions, harbour: World) -> None:
    one, two = Running(sessions, harbour, seed=1), Running(sessions, harbour, seed=2)
    assert one.done("forecast", dock_id="D-01") != two.done("forecast", dock_id="D-01")
    assert one.rows() == two.rows()


def test_what_happens_in_one_session_shifts_nothing_in_another(sessions: Sessions, harbour: World) -> None:
    alone = play(Running(sessions, harbour))
    crowded = Running(sessions, harbour)
    other = Running(sessions, harbour)
    for tool, arguments in JOB:
        other.ask("forecast")
        crowded.ask(tool, **arguments)
        other.ask("build_ship", name="Dora", yard="Leith")
    assert crowded.trace() == alone


def test_a_session_that_was_opened_again_goes_on_as_if_nothing_had_happened(tmp_path: Path, harbour: World) -> None:
    database = Database("sqlite://")
    whole = play(Running(Sessions(database), harbour))
    database.close()
    url = f"sqlite:///{tmp_path / 'parts.db'}"
    for at, (tool, arguments) in enumerate(JOB):
        database = Database(url)
        sessions = Sessions(database)
        if at == 0:
            sessions.create(harbour, session_id="s")
        running = Running.again(sessions, "s")
        running.ask(tool, **arguments)
        parts = running.trace()
        database.close()
    assert parts == whole


@pytest.mark.parametrize("name", list(shipped_worlds()))
def test_a_world_that_is_read_again_is_the_same_world(name: str) -> None:
    stored = World.model_validate(shipped_world(name).model_dump(mode="json", by_alias=True))
    assert stored == shipped_world(name)
    assert stored.fingerprint == shipped_world(name).fingerprint
