"""One trial: a fresh session, the agent at work in it, and what that comes to."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from mcp_sim.contracts import JudgeError, Run, judge
from mcp_sim.errors import McpSimError
from mcp_sim.runner.arena import Arena
from mcp_sim.runner.gate import Tally
from mcp_sim.runner.job import Agent, Ending, Job
from mcp_sim.runner.outcome import Found, outcome, simulator_trouble, trouble
from mcp_sim.runner.report import Case, CaseResult
from mcp_sim.session import Session
from schemas.contracts.clauses import leaves
from schemas.contracts.conduct import Budget
from schemas.contracts.contract import Contract
from schemas.perturbations import Perturbation
from schemas.types import Trace, Verdict
from store.errors import StoreError
from store.traces.encode import VERSION, decode_step

MOST_CALLS = 1000
"""Calls after which an agent is stopped whose contract has no budget of calls."""
_ROOM = 10
"""How many times its budget an agent may take before it is stopped; that it took more than once is for the judge."""
_LEAST = 100

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one trial may take.

    Attributes:
        timeout: seconds for the agent.
        calls: calls after which it is stopped; None goes by the budget of its contract.
    """

    timeout: float = 300.0
    calls: int | None = None

    def most_calls(self, contract: Contract) -> int:
        """Calls after which an agent is stopped."""
        if self.calls is not None:
            return self.calls
        budgets = [clause.budget.calls for clause in leaves(contract.clauses) if isinstance(clause, Budget)]
        allowed = [calls for calls in budgets if calls is not None]
        return max(_LEAST, _ROOM * min(allowed)) if allowed else MOST_CALLS


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a trial takes place.

    Attributes:
        perturbations: those of its profile; None means those of its world.
        mark: names it among all processes of this machine.
        folder: for its files.
    """

    arena: Arena
    perturbations: tuple[Perturbation, ...] | None
    limits: Limits
    mark: str
    folder: Path


async def trial(case: Case, agent: Agent, setting: Setting) -> CaseResult:
    """What becomes of a case; a fault of ours is a result too."""
    tally = Tally(setting.limits.most_calls(case.contract))
    began = time.perf_counter()
    try:
        return await _tried(case, agent, setting, tally)
    except Exception as error:
        told = f"The simulator failed, so this is no fair trial: {_told(error)}"
    trace = Trace(VERSION, case.contract.world, case.seed)
    return CaseResult(case, "error", "simulator", told, None, trace, time.perf_counter() - began, None, "")


async def _tried(case: Case, agent: Agent, setting: Setting, tally: Tally) -> CaseResult:
    contract, timeout = case.contract, setting.limits.timeout
    setting.folder.mkdir(parents=True)
    async with setting.arena.playing(contract.world, case.seed, setting.perturbations, tally) as (session, url):
        name = f"{contract.world.name}/{contract.name}"
        job = Job(url, contract.instruction, name, case.seed, setting.mark, setting.folder)
        began = time.perf_counter()
        ending, is_late = await _at_work(agent, job, tally, timeout)
        seconds = time.perf_counter() - began
    trace = _recorded(session)
    found = trouble(ending, tally, timeout if is_late else None)
    verdict: Verdict | None = None
    if _is_to_be_judged(found, tally):
        run = Run(seconds, ending.said.tokens, ending.said.answer or "")
        verdict, found = _judged(contract, trace, run, found)
    problem = f"\n[{ending.said.problem}]" if ending.said.problem else ""
    return CaseResult(
        case=case,
        outcome=outcome(found.trouble, verdict),
        trouble=found.trouble,
        told=found.told,
        verdict=verdict,
        trace=trace,
        seconds=seconds,
        status=ending.status,
        output=(ending.output + problem).strip(),
    )


def _told(error: Exception) -> str:
    """A fault of ours in words; its traceback goes to the log, if nobody has foreseen it."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:  # as a task group raises it
        error = error.exceptions[0]
    if isinstance(error, (McpSimError, StoreError, OSError)):
        return str(error)
    log.error("A trial failed for a reason of our own", exc_info=error)
    return f"{type(error).__name__}: {error}"


async def _at_work(agent: Agent, job: Job, tally: Tally, timeout: float) -> tuple[Ending, bool]:
    """How the agent ended, and whether its time was over before."""
    stop = asyncio.Event()
    working = asyncio.create_task(agent.work(job, stop))
    flooding = asyncio.create_task(tally.flooded.wait())
    try:
        done, _ = await asyncio.wait([working, flooding], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        return await working, not done
    finally:
        flooding.cancel()
        if working.cancel():
            await asyncio.wait([working])


def _is_to_be_judged(found: Found, tally: Tally) -> bool:
    """Whether the agent did anything at all that says something of it."""
    return found.trouble not in {"not-started", "never-connected"} and not (found.trouble and not tally.requests)


def _judged(contract: Contract, trace: Trace, run: Run, found: Found) -> tuple[Verdict | None, Found]:
    try:
        verdict = judge(contract, trace, run)
    except JudgeError as error:
        return None, Found("simulator", f"The contract cannot be judged: {error}")
    if found.trouble == "no-call" and verdict.passed:  # what it was to leave alone, it has left alone
        found = Found(None, "")
    return verdict, found if found.trouble else simulator_trouble(verdict)


def _recorded(session: Session) -> Trace:
    """What happened in a session, without a copy of its world."""
    return Trace(VERSION, session.world, session.seed, tuple(map(decode_step, session.steps())), session.regimes)
