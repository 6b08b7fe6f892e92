"""Reports of real runs: the two scripted agents over shipped contracts, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcp_sim import __version__
from mcp_sim.contracts import Run, judge
from mcp_sim.perturb.given import of_profile
from mcp_sim.runner.report import Case, CaseResult, Report
from mcp_sim.sessions import Sessions
from schemas.contracts.load import shipped_contract
from schemas.types import Trace
from store.db import Database
from tests.agents import careful, careless
from tests.agents.in_process import InProcess, recorded
from tests.agents.tools import Job

JOBS: dict[str, dict[str, Job]] = {"careful": careful.JOBS, "careless": careless.JOBS}
STARTED = "2030-05-06T09:00:00Z"


def tried(agent: str, contract: str, profile: str | None, seed: int) -> CaseResult:
    """What became of one case, in a session of its own."""
    case = Case(shipped_contract(contract), contract, profile, seed)
    database = Database("sqlite://")
    try:
        sessions = Sessions(database)
        perturbations = None if profile is None else of_profile(profile)
        session = sessions.create(case.contract.world, seed=seed, perturbations=perturbations)
        told = ""
        try:
            JOBS[agent][contract](InProcess(session))
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
        trace = recorded(sessions, session)
    finally:
        database.close()
    verdict = judge(case.contract, trace, Run(seconds=1.5))
    if told:
        return CaseResult(
            case, "error", "crashed", f"The agent ended with status 1: {told}", verdict, trace, 1.5, 1, told
        )
    return CaseResult(case, "passed" if verdict.passed else "failed", None, "", verdict, trace, 1.5, 0, "Done.\n")


def ran(
    agent: str, contracts: Iterable[str], profiles: Sequence[str | None], seeds: Iterable[int], k: int = 3
) -> Report:
    """The report of a run of one of the agents."""
    cases = [(contract, profile, seed) for contract in contracts for profile in profiles for seed in seeds]
    return reported([tried(agent, *case) for case in cases], f"python -m tests.agents.{agent}", k)


def never_connected(contract: str, seed: int) -> CaseResult:
    """A case without a fair trial."""
    case = Case(shipped_contract(contract), contract, "calm", seed)
    told = "The agent ended with status 3 and never connected to http://127.0.0.1:41234/sessions/5a/mcp"
    trace = Trace(1, case.contract.world, seed)
    output = "Traceback (most recent call last):\nModuleNotFoundError: No module named 'agent'\n"
    return CaseResult(case, "error", "never-connected", told, None, trace, 0.4, 3, output)


def reported(results: Sequence[CaseResult], agent: str = "python agent.py", k: int = 3) -> Report:
    """These results as a run."""
    return Report(agent, __version__, STARTED, 12.5, k, tuple(results))
