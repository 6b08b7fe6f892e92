"""A hall for the environments of one test, and tasks of the harbour."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_sim.env import Environment, Hall
from mcp_sim.tasks import make_tasks
from schemas.contracts.task import Task
from schemas.types import World


@pytest.fixture(scope="session")
def tasks(harbour: World) -> list[Task]:
    return make_tasks(harbour, 12, seed=2)


@pytest.fixture(scope="session")
def task(tasks: list[Task]) -> Task:
    """One that takes more than one change."""
    return max((task for task in tasks if task.kind == "change"), key=lambda task: task.difficulty.writes)


@pytest.fixture(scope="session")
def question(tasks: list[Task]) -> Task:
    return next(task for task in tasks if task.kind == "question")


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.close()


@pytest.fixture
def environment(hall: Hall) -> Iterator[Environment]:
    with Environment(hall) as environment:
        yield environment
