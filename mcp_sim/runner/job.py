"""What an agent under test is told, what is seen of it, and what it reports."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

LARGEST_REPORT = 2**20
"""Bytes of the file in which an agent reports."""


@dataclass(frozen=True, slots=True)
class Job:
    """One trial, as its agent sees it.

    Attributes:
        url: the MCP endpoint, Streamable HTTP; of no use once the trial is over.
        task: what the agent is asked to do.
        contract: `world/name` of the contract, for scripted agents.
        seed: of the session.
        mark: names the trial among all processes of this machine.
        folder: for files of the trial; gone after it.
    """

    url: str
    task: str
    contract: str
    seed: int
    mark: str
    folder: Path

    @property
    def report(self) -> Path:
        """Where the agent may write a JSON object with `answer`, a text, and `tokens`, a number."""
        return self.folder / "report.json"


@dataclass(frozen=True, slots=True)
class Said:
    """What an agent reports of itself.

    Attributes:
        problem: why its report could not be read; empty if it could, or there was none.
    """

    answer: str | None = None
    tokens: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How the work of an agent ended.

    Attributes:
        unstarted: why it never began; empty if it did.
        crash: how it failed, such as `exit status 3`; empty if it did not.
        status: its exit status, negative for a signal; None if it was ended by us, or has none.
        left: the commands of the processes that it left behind.
        output: the last lines that it wrote.
        wrote: how many bytes it wrote.
    """

    unstarted: str = ""
    crash: str = ""
    status: int | None = None
    left: tuple[str, ...] = ()
    output: str = ""
    wrote: int = 0
    said: Said = Said()


class Agent(Protocol):
    """An agent under test."""

    @property
    def name(self) -> str:
        """How a report names it."""
        ...

    async def work(self, job: Job, stop: asyncio.Event) -> Ending:
        """Do one job; `stop` says that its time is over. Cancelled, it leaves nothing behind either."""
        ...


def read_report(path: Path) -> Said:
    """What an agent wrote into its report, if it wrote one."""
    try:
        if not path.is_file():
            return Said(problem="its MCP_SIM_REPORT is no file") if path.exists() else Said()
        with path.open("rb") as file:
            raw = file.read(LARGEST_REPORT + 1)
    except OSError as error:
        return Said(problem=f"its MCP_SIM_REPORT cannot be read: {error.strerror}")
    if len(raw) > LARGEST_REPORT:
        return Said(problem=f"its MCP_SIM_REPORT has more than {LARGEST_REPORT:,} bytes")
    try:
        return said(json.loads(raw))
    except (ValueError, RecursionError):
        return Said(problem="its MCP_SIM_REPORT is no JSON")


def said(value: Any) -> Said:
    """What an agent reports, from a JSON value: an object with `answer` and `tokens`, an answer alone, or nothing."""
    if value is None or isinstance(value, Said):
        return value or Said()
    if isinstance(value, str):
        return Said(answer=value)
    if not isinstance(value, dict):
        return Said(problem="what it reports is neither an answer nor an object with `answer` and `tokens`")
    answer, tokens = value.get("answer"), value.get("tokens")
    if answer is not None and not isinstance(answer, str):
        return Said(problem="the `answer` that it reports is no text")
    if tokens is not None and (isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 0):
        return Said(answer, problem="the `tokens` that it reports are no whole number")
    return Said(answer, tokens)
