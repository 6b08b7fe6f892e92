"""Tasks of the harbour, made once for all tests, and what proves them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_sim.tasks import Ground, make_tasks
from schemas.contracts.task import Task
from schemas.types import World
from tests.cli.conftest import run

__all__ = ["run"]

N = 24


@pytest.fixture(scope="session")
def tasks(harbour: World) -> list[Task]:
    return make_tasks(harbour, N, seed=5)


@pytest.fixture(scope="session")
def changes(tasks: list[Task]) -> list[Task]:
    return [task for task in tasks if task.kind == "change"]


@pytest.fixture(scope="session")
def questions(tasks: list[Task]) -> list[Task]:
    return [task for task in tasks if task.kind == "question"]


@pytest.fixture
def ground(harbour: World) -> Iterator[Ground]:
    with Ground(harbour) as ground:
        yield ground
