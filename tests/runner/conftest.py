"""Agents at work in a small contract: real processes, and what is left of them."""

from __future__ import annotations

import asyncio
import os
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from mcp_sim.runner import CaseResult, Limits, Report, cases_of, run
from mcp_sim.runner.agents import agent_of

ROOT = Path(__file__).parent.parent.parent
DRACO = str(Path(__file__).with_name("draco.yaml"))

Try = Callable[..., Report]
TryOne = Callable[..., CaseResult]


def command(way: str, *arguments: str) -> str:
    """The command line of a hostile agent."""
    return " ".join([sys.executable, "-m", "tests.agents.hostile", way, *arguments])


class Processes:
    """The processes that agents noted, in a pipe with a name."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._read = b""

    @property
    def noted(self) -> list[int]:
        with suppress(BlockingIOError):
            self._read += os.read(self._pipe, 4096)
        return list(map(int, self._read.split()))

    def wait_for(self, count: int) -> None:
        """Return when so many are noted."""
        while len(self.noted) < count:
            assert select.select([self._pipe], [], [], 30)[0], f"{count} agents were to begin"

    def close(self) -> None:
        os.close(self._pipe)

    def all_ended(self, within: float = 10) -> bool:
        """Whether each of them ends, or has ended."""
        return all(has_ended(pid, within) for pid in self.noted)


def has_ended(pid: int, within: float = 10) -> bool:
    """Whether a process ends in so many seconds."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], within)[0])
    finally:
        os.close(descriptor)


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    path = tmp_path / "pids"
    monkeypatch.setenv("HOSTILE_PIDS", str(path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with closing(Processes(path)) as processes:
        yield processes


@pytest.fixture
def tried(processes: Processes) -> Try:
    """Run an agent in the small contract."""

    def tried(agent: Any, seeds: Sequence[int] = (0,), config: Any = None, **options: Any) -> Report:
        meant = agent_of(agent, config)
        limits = Limits(options.pop("timeout", 20), options.pop("calls", None))
        return asyncio.run(run(cases_of([DRACO], seeds=seeds), meant, limits=limits, **options))

    return tried


@pytest.fixture
def tried_once(tried: Try) -> TryOne:
    """The same with one case."""

    def tried_once(agent: Any, **options: Any) -> CaseResult:
        (result,) = tried(agent, **options).results
        return result

    return tried_once
