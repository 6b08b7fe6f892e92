"""What the tests of contracts may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_sim.sessions import Sessions
from schemas.types import World
from store.db import Database
from tests.contracts.traces import Fleet


@pytest.fixture(scope="session")
def fleet(harbour: World) -> Iterator[Fleet]:
    """One for all tests: each voyage is a session of its own."""
    database = Database("sqlite://")
    yield Fleet(Sessions(database), harbour)
    database.close()
