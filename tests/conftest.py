"""What every test may use: a database in memory, and the harbour, a small world with every kind of reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from mcp_sim.sessions import Sessions
from schemas.load import load_world
from schemas.types import World
from store.db import Database
from tests.running import HARBOUR, Running, acting

settings.register_profile("steady", deadline=None, derandomize=True, max_examples=30)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=150)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def harbour() -> World:
    return load_world(HARBOUR)


@pytest.fixture
def database() -> Iterator[Database]:
    database = Database("sqlite://")
    yield database
    database.close()


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database)


@pytest.fixture
def running(sessions: Sessions, harbour: World) -> Running:
    return Running(sessions, harbour)


@pytest.fixture
def act(sessions: Sessions, tmp_path: Path) -> Callable[..., Running]:
    """A running harbour with a single tool `act` that does the given steps."""

    def start(*steps: Any, **tool: Any) -> Running:
        return Running(sessions, acting(tmp_path, *steps, **tool))

    return start
