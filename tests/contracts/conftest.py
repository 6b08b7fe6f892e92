"""What the tests of contracts may use."""

from __future__ import annotations

import pytest

from mcp_sim.sessions import Sessions
from schemas.types import World
from tests.contracts.traces import Fleet


@pytest.fixture
def fleet(sessions: Sessions, harbour: World) -> Fleet:
    return Fleet(sessions, harbour)
