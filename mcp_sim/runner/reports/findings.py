"""What is wrong with a case: each broken clause with the steps that decide it, and the faults beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mcp_sim.runner.reliability import Reliability
from mcp_sim.runner.report import CaseResult, Report
from mcp_sim.runner.reports.words import brief, owed, printable, told
from schemas.types import ClauseResult, Failure, Step, Trace, Verdict

SHOWN = 20
"""How many failures are told of a clause, and how many steps and entries of the ledger of a case."""


@dataclass(frozen=True, slots=True)
class Found:
    """A broken clause, its place among those of its contract, and what shows it."""

    index: int
    clause: ClauseResult

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What is wrong, one by one."""
        return self.clause.failures or (Failure(self.clause.message, self.clause.steps),)

    @property
    def steps(self) -> tuple[int, ...]:
        """The numbers of the steps that show it."""
        return tuple(sorted({n for failure in self.failures for n in failure.steps} | set(self.clause.steps)))


def broken(verdict: Verdict | None) -> list[Found]:
    """The broken clauses, those that fail the verdict first."""
    found = [Found(index, clause) for index, clause in enumerate(verdict.clauses if verdict else ())]
    wrong = [one for one in found if one.clause.outcome == "broken"]
    return sorted(wrong, key=lambda one: one.clause.severity != "must")


def deciding(verdict: Verdict | None) -> set[int]:
    """The numbers of the steps that show what is broken."""
    return {n for found in broken(verdict) for n in found.steps}


def deciding_steps(verdict: Verdict | None, trace: Trace) -> list[Step]:
    """The steps themselves."""
    wanted = deciding(verdict)
    return [step for step in trace.steps if step.n in wanted]


def wrong(verdict: Verdict, trace: Trace) -> Iterator[str]:
    """What is wrong, line by line: every broken clause, the steps that decide it, the ledger of faults."""
    for found in broken(verdict):
        mark = "broken" if found.clause.severity == "must" else "warning"
        yield f"  {mark}: {printable(found.clause.clause)} ({found.clause.verb})"
        yield from some(f"    {brief(failure.message, 500)}" for failure in found.failures)
        if found.clause.why:
            yield f"    why: {printable(found.clause.why)}"
    steps = deciding_steps(verdict, trace)
    if steps:
        yield "  the steps that decide it"
        yield from some(f"    {told(step)}" for step in steps)
    if verdict.ledger:
        yield "  fault ledger"
        yield from some(f"    {owed(entry)}" for entry in verdict.ledger)


def some(lines: Iterable[str]) -> Iterator[str]:
    """As many lines as are told, and how many more there are."""
    whole = list(lines)
    yield from whole[:SHOWN]
    if len(whole) > SHOWN:
        indent = len(whole[0]) - len(whole[0].lstrip())
        yield f"{' ' * indent}and {len(whole) - SHOWN} more"


def headline(result: CaseResult) -> str:
    """What is wrong with a case, in one sentence; empty if nothing is."""
    said = [result.told] if result.trouble else []
    names = [found.clause.clause for found in broken(result.verdict) if found.clause.severity == "must"]
    if names and result.verdict is not None:
        verb = "clause is" if len(names) == 1 else "clauses are"
        said.append(f"{len(names)} of {len(result.verdict.clauses)} {verb} broken: {'; '.join(names)}")
    return ". ".join(part.rstrip(".") for part in said)


@dataclass(frozen=True, slots=True)
class Trials:
    """The results of one contract, or of one contract under one profile."""

    contract: str
    title: str
    profile: str | None
    results: tuple[CaseResult, ...]

    @property
    def errors(self) -> int:
        """How many say nothing fair of the agent."""
        return sum(result.outcome == "error" for result in self.results)

    @property
    def reliability(self) -> Reliability:
        """Over the fair trials alone."""
        fair = [result.outcome for result in self.results if result.outcome != "error"]
        return Reliability(len(fair), fair.count("passed"))


def by_contract(report: Report) -> list[Trials]:
    """The results of each contract, in the order in which the contracts came."""
    return [
        Trials(name, results[0].case.contract.title, None, tuple(results))
        for name, results in _grouped(report.results, contract_name)
    ]


def by_profile(trials: Trials) -> list[Trials]:
    """The same apart by profile."""
    return [
        Trials(trials.contract, trials.title, name, tuple(results))
        for name, results in _grouped(trials.results, lambda result: result.case.profile or "as declared")
    ]


def contract_name(result: CaseResult) -> str:
    """The contract of a case: `shop/sell-a-cart`."""
    return f"{result.case.contract.world.name}/{result.case.contract.name}"


def _grouped(
    results: Iterable[CaseResult], name: Callable[[CaseResult], str]
) -> Iterator[tuple[str, list[CaseResult]]]:
    groups: dict[str, list[CaseResult]] = {}
    for result in results:
        groups.setdefault(name(result), []).append(result)
    yield from groups.items()
