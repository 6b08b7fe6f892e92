"""A depot, and sessions of it in which something goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mcp_sim.sessions import Sessions
from schemas.types import World
from tests.perturb import depots
from tests.perturb.perturbed import Perturbed

Perturb = Callable[..., Perturbed]


@pytest.fixture(scope="session")
def depot() -> World:
    return depots.depot()


@pytest.fixture
def perturb(sessions: Sessions, depot: World) -> Perturb:
    """A depot with these perturbations."""

    def start(*perturbations: dict[str, Any], seed: int = 0) -> Perturbed:
        return Perturbed(sessions, depot, perturbations, seed)

    return start
