"""Clauses put together: any of, all of, not."""

from __future__ import annotations

from mcp_sim.contracts.calls import Seen
from mcp_sim.contracts.finding import SHOWN, Finding
from mcp_sim.contracts.monitor import End, Monitor
from schemas.contracts.clauses import AllOf, AnyOf, Not
from schemas.contracts.patterns import Common
from schemas.contracts.wording import title
from schemas.types import ClauseResult, Failure, Outcome


class Group:
    """Several clauses as one; a part that holds because nothing happened holds all the same."""

    def __init__(self, clause: AnyOf | AllOf | Not, parts: list[Monitor]) -> None:
        self._clause = clause
        self._parts = list(zip(clause.parts, parts, strict=True))

    def take(self, seen: Seen) -> None:
        """Every part follows."""
        for _, part in self._parts:
            part.take(seen)

    def finding(self, end: End) -> Finding:
        """What the parts come to."""
        return self.judged(end)[0]

    def judged(self, end: End) -> tuple[Finding, tuple[ClauseResult, ...]]:
        """What the parts come to, and each of them."""
        found: list[Finding] = []
        results = []
        for clause, part in self._parts:
            inner: tuple[ClauseResult, ...] = ()
            if isinstance(part, Group):
                finding, inner = part.judged(end)
            else:
                finding = part.finding(end)
            found.append(finding)
            results.append(result(clause, finding, inner))
        match self._clause:
            case AnyOf():
                whole = _any_of(self._clause, found)
            case AllOf():
                whole = _all_of(self._clause, found)
            case Not():
                whole = _not(self._clause, found[0], end)
        return whole, tuple(results)


def result(clause: Common, finding: Finding, parts: tuple[ClauseResult, ...] = ()) -> ClauseResult:
    """The result of a clause in a verdict."""
    return ClauseResult(
        clause=title(clause),
        verb=clause.verb,
        severity=clause.severity,
        outcome=finding.outcome,
        settled=finding.settled,
        message=finding.message,
        steps=finding.steps,
        failures=finding.failures,
        parts=parts,
        why=clause.why,
    )


def _any_of(clause: AnyOf, found: list[Finding]) -> Finding:
    good = [one for one in found if one.outcome == "held"] or [one for one in found if one.outcome == "vacuous"]
    if good:
        is_settled = any(one.settled for one in found if one.outcome != "broken")
        return Finding(good[0].outcome, good[0].message, is_settled, good[0].steps)
    told = "; ".join(f"{title(part)}: {one.message}" for part, one in zip(clause.parts, found, strict=True))
    return _broken(f"none of {len(found)} holds: {told}", found, all(one.settled for one in found))


def _all_of(clause: AllOf, found: list[Finding]) -> Finding:
    bad = [(part, one) for part, one in zip(clause.parts, found, strict=True) if one.outcome == "broken"]
    if bad:
        told = "; ".join(f"{title(part)}: {one.message}" for part, one in bad)
        return _broken(told, [one for _, one in bad], any(one.settled for _, one in bad))
    outcome: Outcome = "vacuous" if all(one.outcome == "vacuous" for one in found) else "held"
    steps = sorted({n for one in found for n in one.steps})
    return Finding(outcome, f"all {len(found)} hold", all(one.settled for one in found), tuple(steps)[:SHOWN])


def _not(clause: Not, found: Finding, end: End) -> Finding:
    said = title(clause.clause)
    if found.outcome == "broken":
        return Finding("held", f"'{said}' does not hold: {found.message}", found.settled, found.steps)
    steps = found.steps or end.last
    message = f"'{said}' holds, where it may not: {found.message}; {end.length}"
    return Finding("broken", message, found.settled, steps, (Failure(message, steps),))


def _broken(message: str, found: list[Finding], is_settled: bool) -> Finding:
    steps = sorted({n for one in found for n in one.steps})
    failures = tuple(failure for one in found for failure in one.failures)
    return Finding("broken", message, is_settled, tuple(steps)[:SHOWN], failures[:SHOWN])
