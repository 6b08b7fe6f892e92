"""Many trials, side by side, on one server."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from mcp_sim import __version__
from mcp_sim.errors import SetupError
from mcp_sim.runner.agents import agent_of
from mcp_sim.runner.arena import Arena, arena
from mcp_sim.runner.cases import faults_of
from mcp_sim.runner.job import Agent, Job
from mcp_sim.runner.report import Case, CaseResult, Report
from mcp_sim.runner.sweep import sweep
from mcp_sim.runner.trial import Limits, Setting, trial
from mcp_sim.sessions import Sessions
from store.db import Database

USUAL = Limits()
JOBS = 8
"""Trials side by side, unless told otherwise."""


class Watcher(Protocol):
    """Is told how a run goes on."""

    def began(self, case: Case, /) -> None:
        """A trial begins."""
        ...

    def ended(self, result: CaseResult, /) -> None:
        """A trial has ended."""
        ...


async def run(
    cases: Sequence[Case],
    agent: str | Callable[[Job], Any] | Agent,
    *,
    jobs: int = JOBS,
    limits: Limits = USUAL,
    k: int | None = None,
    sessions: Sessions | None = None,
    watcher: Watcher | None = None,
) -> Report:
    """Try an agent in every case.

    Args:
        cases: what it is tried in, each in a fresh session.
        agent: a command line, `module:function`, or a function that takes a `Job`.
        jobs: how many trials run side by side.
        limits: what one trial may take.
        k: the largest k of pass@k and pass^k; default: the number of seeds of a contract under one profile.
        sessions: where sessions are kept afterwards; default: nowhere.
        watcher: is told how it goes on.

    Raises:
        SetupError: the agent or k cannot be.
        LoadError: a profile is not there, or does not fit its world.
    """
    return await Trials(cases, agent, jobs=jobs, limits=limits, k=k, sessions=sessions, watcher=watcher).run()


class Trials:
    """A run, whose report can be had although it was interrupted."""

    def __init__(
        self,
        cases: Sequence[Case],
        agent: str | Callable[[Job], Any] | Agent,
        *,
        jobs: int = JOBS,
        limits: Limits = USUAL,
        k: int | None = None,
        sessions: Sessions | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        """Prepare a run; see `run`."""
        self._cases = tuple(cases)
        self._agent = agent_of(agent)
        self._jobs = jobs
        self._limits = limits
        self._k = _largest_k(self._cases, k)
        self._sessions = sessions
        self._watcher = watcher
        self._faults = faults_of(self._cases)
        self._results: dict[int, CaseResult] = {}
        self._started = datetime.now(UTC)
        self._began = time.perf_counter()
        self._seconds: float | None = None

    async def run(self) -> Report:
        """Try every case. Cancelled, it leaves no process behind, and `report` has what ended before."""
        self._started, self._began = datetime.now(UTC), time.perf_counter()
        mark = token_hex(8)
        waiting = iter(enumerate(self._cases))
        with self._kept() as sessions, TemporaryDirectory(prefix="mcp-sim-", ignore_cleanup_errors=True) as folder:
            try:
                async with arena(sessions) as ground, asyncio.TaskGroup() as group:
                    for _ in range(min(self._jobs, len(self._cases))):
                        group.create_task(self._work(waiting, ground, mark, Path(folder)))
            finally:
                sweep(mark)
                self._seconds = time.perf_counter() - self._began
        return self.report()

    def report(self) -> Report:
        """What the cases that have ended came to."""
        return Report(
            agent=self._agent.name,
            version=__version__,
            started=self._started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            seconds=self._seconds if self._seconds is not None else time.perf_counter() - self._began,
            k=self._k,
            results=tuple(self._results[index] for index in sorted(self._results)),
        )

    async def _work(self, waiting: Iterator[tuple[int, Case]], ground: Arena, mark: str, folder: Path) -> None:
        """One trial after the other, as long as there are any."""
        for index, case in waiting:
            if self._watcher is not None:
                self._watcher.began(case)
            faults = self._faults[index]
            setting = Setting(ground, faults, self._limits, f"{mark}-{index}.", folder / str(index))
            result = await trial(case, self._agent, setting)
            self._results[index] = result
            if self._watcher is not None:
                self._watcher.ended(result)

    @contextmanager
    def _kept(self) -> Iterator[Sessions]:
        """Where sessions are: those that were given, or a database in memory that goes with the run."""
        if self._sessions is not None:
            yield self._sessions
            return
        database = Database("sqlite://")
        try:
            yield Sessions(database)
        finally:
            database.close()


def _largest_k(cases: Sequence[Case], k: int | None) -> int:
    seeds = Counter((case.source, case.profile) for case in cases)
    fewest = min(seeds.values(), default=1)
    if k is None:
        return fewest
    if not 1 <= k <= fewest:
        raise SetupError(f"--k {k} needs at least {k} seeds of every contract and profile; there are {fewest}")
    return k
