"""A third-party judge works the REST face and the control API, and finds nothing.

It is not believed blindly: most tools must have been used with success, and every reference must hold afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcp_sim.http import create_app
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.load import load_world
from schemas.rows import key_text, values_at
from schemas.types import World
from store.db import Database
from tests.conformance.serving import serving

from .verdict import judged

LIBRARY = Path(__file__).parents[1] / "packs" / "library"
ALL = "examples,coverage,fuzzing,stateful"


@dataclass(frozen=True)
class Bench:
    """A served world, and what became of it."""

    world: World
    sessions: Sessions
    address: str

    def used(self) -> float:
        """Which share of the operations has succeeded at least once."""
        _, *steps = map(json.loads, self.sessions.trace(DEFAULT))
        succeeded = {step["call"]["tool"] for step in steps if not step["observation"]["is_error"]}
        routed = {tool.name for tool in self.world.tools.values() if tool.effect and tool.effect.http}
        return len(succeeded & routed) / len(routed)

    def dangling(self) -> list[str]:
        """Every reference of a row that leads nowhere."""
        rows = self.sessions.rows(DEFAULT)
        keys = {name: {key_text(row[entity.key]) for row in rows[name]} for name, entity in self.world.entities.items()}
        return [
            f"{name}{pointer} of {row} is no {reference.to}"
            for name, entity in self.world.entities.items()
            for path, reference in entity.references.items()
            for row in rows[name]
            for pointer, value in values_at(row, path)
            if key_text(value) not in keys[reference.to]
        ]


@contextmanager
def bench(world: World) -> Iterator[Bench]:
    database = Database("sqlite://")
    sessions = Sessions(database)
    sessions.create(world, session_id=DEFAULT)
    with serving(create_app(sessions, {world.name: lambda: world})) as address:
        yield Bench(world, sessions, address)
    database.close()


@pytest.mark.parametrize("name", ["shop", "helpdesk"])
def test_long_chains_of_calls_show_no_fault(name: str, tmp_path: Path) -> None:
    with bench(load_world(name)) as here:
        judged(f"{here.address}/api/openapi.json", tmp_path, phases="stateful", seconds=22)
        assert here.used() > 0.5
        assert here.dangling() == []


def test_the_control_api_shows_no_fault(tmp_path: Path) -> None:
    with bench(load_world(LIBRARY)) as here:
        report = judged(f"{here.address}/control/openapi.json", tmp_path, phases=ALL, seconds=12)
    assert re.search(r"Operations: +(\d+) selected / \1 total[\s\S]+Tested: \1\n", report)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("name", ["shop", "helpdesk", str(LIBRARY)])
def test_every_phase_shows_no_fault(name: str, seed: int, tmp_path: Path) -> None:
    with bench(load_world(name)) as here:
        judged(f"{here.address}/api/openapi.json", tmp_path, phases=ALL, seconds=90, seed=seed)
        assert here.used() > 0.7
        assert here.dangling() == []
