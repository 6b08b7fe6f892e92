"""`mcp-sim tasks`: tasks for agents, made from a world by seed, each of them proved."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import closing, nullcontext
from itertools import count, islice
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mcp_sim.cli.options import World
from mcp_sim.cli.output import complain, notices
from mcp_sim.errors import SetupError
from mcp_sim.tasks import PATIENCE, Account, Attempt, Ground, Maker, attempts, distinct_tasks
from schemas.contracts.task import Task, encode_task, world_name
from schemas.load import load_world
from schemas.types import World as Definition

_WORTH_IT = 150
"""Tasks from which on it pays to start further processes."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tasks")(tasks)


def tasks(
    world: World,
    n: Annotated[int, typer.Option("--n", min=1, max=1_000_000, help="How many.")] = 100,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Equal seeds give equal tasks.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, max=256, help="Processes at work; default: one per core.")
    ] = None,
) -> None:
    """Write tasks for agents as JSON Lines: instruction, contract with what SQL says is true, difficulty, a solution.

    Each is proved: its solution fulfils its contract, and doing nothing does not. Exit status 1: fewer were found.
    """
    definition = load_world(world)
    processes = jobs or (os.cpu_count() or 1 if n >= _WORTH_IT else 1)
    account, told = Account(), _Summary(definition)
    name = world_name(definition, world, Path() if out is None else out.resolve().parent)
    with Ground(definition) as ground:
        maker = Maker(ground, seed)  # tells before the file is touched what no tasks can be made of
        if not ground.writing:
            notices.print(
                f"World '{definition.name}' has no tool whose effect changes rows: these are questions alone."
            )
        source = attempts(world, seed, processes) if processes > 1 else _here(maker)
        with closing(source), _opened(out) as file, _progress() as progress:
            bar = progress.add_task(f"tasks of {definition.name}", total=n)
            for task in islice(distinct_tasks(source, account), n):
                file.write(encode_task(task, name) + b"\n")
                told.take(task)
                progress.advance(bar)
    for line in told.lines():
        notices.print(line, highlight=False, markup=False, soft_wrap=True)
    if told.count < n:
        complain(_too_few(told.count, n, account, definition))
        raise typer.Exit(1)
    if out is not None:
        notices.print(f"{told.count} tasks in {out}", highlight=False, markup=False)


def _here(maker: Maker) -> Generator[Attempt]:
    yield from map(maker.attempt, count())


def _opened(path: Path | None) -> closing[BinaryIO] | nullcontext[BinaryIO]:
    if path is None:
        return nullcontext(sys.stdout.buffer)
    try:
        return closing(path.open("wb"))
    except OSError as error:
        raise SetupError(f"cannot write {path}: {error.strerror}") from None


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=notices, transient=True)


class _Summary:
    """What kinds of tasks were made."""

    def __init__(self, world: Definition) -> None:
        self.count = 0
        self._world = world
        self._kinds: Counter[str] = Counter()
        self._levels: Counter[int] = Counter()
        self._tools: set[str] = set()
        self._entities: set[str] = set()

    def take(self, task: Task) -> None:
        """One more."""
        self.count += 1
        self._kinds[task.kind] += 1
        self._levels[task.difficulty.level] += 1
        self._tools |= {asked.tool for asked in task.path}
        self._entities |= set(task.entities)

    def lines(self) -> list[str]:
        """Kinds, levels, and how much of the world they reach."""
        levels = ", ".join(f"{self._levels[level]} of level {level}" for level in sorted(self._levels))
        return [
            f"{self._kinds['change']} changes, {self._kinds['question']} questions: {levels or 'none'}",
            f"Their solutions use {len(self._tools)} of {len(self._world.tools)} tools, "
            f"and speak of {len(self._entities)} of {len(self._world.entities)} entities.",
        ]


def _too_few(found: int, wanted: int, account: Account, world: Definition) -> str:
    """How many there are, and why not more."""
    reasons = "; ".join(f"{times} times {why}" for why, times in account.misses.most_common(3))
    writing = sum(tool.writes for tool in world.tools.values())
    rows = sum(map(len, world.rows.values()))
    return (
        f"found {found} of {wanted} tasks: the last {PATIENCE} of {account.attempts} attempts gave none that is new "
        f"(of all, {reasons}). World '{world.name}' has {writing} tools that change rows, and {rows} rows; "
        f"more of either, or another --seed, give more tasks"
    )
