"""Tasks from a world, one after the other: the same world and seed give the same tasks, however many are wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from random import Random

from mcp_sim.errors import McpSimError
from mcp_sim.tasks.change import NoTask, change_task
from mcp_sim.tasks.find import Finder
from mcp_sim.tasks.ground import Ground
from mcp_sim.tasks.question import question_task
from schemas.contracts.task import Task
from schemas.types import Tool, World

PATIENCE = 200
"""Attempts in a row that may come to nothing new before no more tasks are expected."""
_EVERY = 4
"""Every fourth attempt is a question."""
KNOWN = "it had been found already"


class NoTasks(McpSimError):
    """A world that no task can be made of."""


@dataclass
class Account:
    """What the attempts came to so far.

    Attributes:
        attempts: how many there were.
        misses: why some came to nothing, and how often.
        exhausted: whether the search was given up.
    """

    attempts: int = 0
    misses: Counter[str] = field(default_factory=Counter)
    exhausted: bool = False


@dataclass(frozen=True)
class Attempt:
    """One attempt: the task, or why there is none."""

    number: int
    task: Task | None
    miss: str = ""


class Maker:
    """Makes attempts, each of them from world, seed and number alone.

    Raises:
        NoTasks: nothing in the world can be changed, or asked about, by declared effects.
    """

    def __init__(self, ground: Ground, seed: int) -> None:
        self._ground = ground
        self._seed = seed
        self._finder = Finder(ground, seed)
        self._targets = sorted(ground.writing, key=lambda tool: _shuffled(seed, tool))
        _check(ground)

    def attempt(self, number: int) -> Attempt:
        """Attempt of this number, from 0."""
        chance = Random(f"{self._seed}:{number}")  # noqa: S311 - content by chance, not a secret
        try:
            if not self._targets or number % _EVERY == _EVERY - 1:
                return Attempt(number, question_task(self._ground, self._finder, self._seed, number, chance))
            turn = number - number // _EVERY
            target = self._targets[turn % len(self._targets)]
            return Attempt(number, change_task(self._ground, self._finder, self._seed, number, chance, target))
        except NoTask as miss:
            return Attempt(number, None, str(miss))


def make_tasks(world: World, n: int, seed: int = 0) -> list[Task]:
    """Up to `n` tasks of a world, made in this process.

    Raises:
        NoTasks: nothing in the world can be changed, or asked about, by declared effects.
    """
    with Ground(world) as ground:
        return list(islice(distinct_tasks(map(Maker(ground, seed).attempt, count()), Account()), n))


def distinct_tasks(attempts: Iterator[Attempt], account: Account) -> Iterator[Task]:
    """The tasks of these attempts, each goal once, until they run dry; `account` follows what becomes of them."""
    seen: set[str] = set()
    barren = 0
    for made in attempts:
        account.attempts += 1
        if made.task is not None and made.task.name not in seen:
            seen.add(made.task.name)
            barren = 0
            yield made.task
            continue
        account.misses[KNOWN if made.task is not None else made.miss] += 1
        barren += 1
        if barren == PATIENCE:
            account.exhausted = True
            return


def _check(ground: Ground) -> None:
    world = ground.world
    if not ground.writing and not ground.reading:
        raise NoTasks(f"world '{world.name}' has no tool with a declared effect, so no task of it could be proved")
    if not ground.writing and not any(world.rows.values()):
        raise NoTasks(f"world '{world.name}' has neither a tool whose effect changes rows, nor rows to ask about")


def _shuffled(seed: int, tool: Tool) -> float:
    return Random(f"{seed}:{tool.name}").random()  # noqa: S311 - an order, not a secret
