"""Reports of real runs: the two scripted agents over shipped contracts, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mcp_sim import __version__
from mcp_sim.contracts import Run, judge
from mcp_sim.perturb.given import of_profile
from mcp_sim.runner.report import Case, CaseResult, Report
from mcp_sim.sessions import Sessions
from schemas.contracts.load import shipped_contract
from schemas.types import Acted, Call, Change, Observation, StateDelta, Trace, Wire
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


REFUND, MERGE, CANCEL = "shop/refund-a-damaged-order", "helpdesk/merge-the-holiday-tickets", "shop/cancel-unpaid-orders"


def mixed() -> Report:
    """Passed, failed, failed under faults, and without a fair trial."""
    results = [
        *(tried("careless", REFUND, "flaky", seed) for seed in (0, 1)),
        *(tried("careful", REFUND, "production", seed) for seed in (0, 1)),
        tried("careful", CANCEL, "rate-limited", 3),
        tried("careless", MERGE, "hostile", 2),
        never_connected(CANCEL, 0),
    ]
    return reported(results, "python agent.py --model small", k=2)


SCRIPT = "<script>window.pwned = 1</script></script><img src=x onerror='window.pwned=2'>"
CONTROL = "\x1b[31mred\x00\x07\u202eesrever\ud800\ufffe"
FLOOD = "0123456789" * 10**6


def hostile(report: Report) -> Report:
    """The same report with texts everywhere that try to break out of it."""
    bad = f"{SCRIPT} {CONTROL}"
    result = report.results[1]
    verdict = result.verdict
    assert verdict is not None
    case = replace(result.case, profile=f"{SCRIPT}.yaml", source="no/such/file.yaml")
    case = replace(case, contract=case.contract.model_copy(update={"title": bad, "instruction": bad}))
    row = {"id": "R-1", bad: bad, "note": FLOOD}
    steps = tuple(
        replace(
            step,
            call=Call(step.call.tool, {bad: bad, "nested": {"deep": [bad]}}),
            observation=replace(step.observation, text=bad + FLOOD, wire=Wire({"X-Bad": bad}, bad)),
            answer=Observation(bad),
            delta=StateDelta((Change("update", "order", bad, row, {**row, bad: FLOOD}),)),
            perturbations=(Acted(bad, "hostile", {"text": bad}, 1.0),),
        )
        for step in result.trace.steps
    )
    clauses = tuple(
        replace(
            one, clause=bad, message=bad, why=bad, failures=tuple(replace(each, message=bad) for each in one.failures)
        )
        for one in verdict.clauses
    )
    ledger = tuple(replace(entry, message=bad, perturbations=(bad,)) for entry in verdict.ledger)
    harmful = replace(
        result,
        case=case,
        trouble="garbage",
        told=bad,
        output=bad + FLOOD,
        trace=replace(result.trace, steps=steps),
        verdict=replace(verdict, clauses=clauses, ledger=ledger),
    )
    return replace(report, agent=bad, results=(harmful, *report.results))


def flooded(report: Report, count: int) -> Report:
    """A session of many calls."""
    result = report.results[0]
    (step,) = result.trace.steps[:1]
    steps = tuple(replace(step, n=n, call=Call("get_order", {"id": f"ORD-{n:05}"})) for n in range(1, count + 1))
    return replace(report, results=(replace(result, trace=replace(result.trace, steps=steps)),))


def multiplied(report: Report, count: int) -> Report:
    """So many cases, like those of the report."""
    results = [report.results[seed % len(report.results)] for seed in range(count)]
    return replace(
        report, results=tuple(replace(one, case=replace(one.case, seed=seed)) for seed, one in enumerate(results))
    )
