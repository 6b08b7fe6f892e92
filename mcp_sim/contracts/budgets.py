"""What a run may take."""

from __future__ import annotations

from mcp_sim.contracts.calls import Seen
from mcp_sim.contracts.finding import Failures, Finding, held, vacuous, where
from mcp_sim.contracts.monitor import End
from mcp_sim.contracts.perturbed import TRANSIENT
from schemas.contracts.conduct import Budget, Limits
from schemas.types import Step


class Spending:
    """`budget`."""

    def __init__(self, clause: Budget) -> None:
        self._limits: Limits = clause.budget
        self._failures = Failures()
        self._counts = {"calls": 0, "errors": 0, "repeats": 0}
        self._first: Seen | None = None
        self._seconds = 0.0
        self._changes = 0
        self._asked: dict[tuple[str, bytes], int] = {}

    def take(self, seen: Seen) -> None:
        """Count what it takes."""
        limits, step = self._limits, seen.step
        self._first = self._first or seen
        self._count("calls", limits.calls, seen, "call")
        if seen.entry is not None and seen.entry.is_error and seen.entry.blame == "agent":
            self._count("errors", limits.errors, seen, "error of the agent's own making")
        if limits.repeats is not None:
            self._repeat(seen)
        if limits.seconds is not None and self._first is not None:
            before, self._seconds = self._seconds, seen.moment - self._first.moment
            if before <= limits.seconds < self._seconds:
                message = f"{where(step)} came {self._seconds:g} s of virtual time after the first call"
                self._failures.add(f"{message}, {limits.seconds:g} s are allowed", seen.n)

    def finding(self, end: End) -> Finding:
        """Every limit, and what the run reports."""
        failures, unknown, spent = self._failures.copy(), [], []
        for name, unit in (("wall_seconds", "s"), ("tokens", "tokens")):
            limit = getattr(self._limits, name)
            if limit is None:
                continue
            taken = None if end.run is None else end.run.seconds if name == "wall_seconds" else end.run.tokens
            if taken is None:
                unknown.append(name)
            elif taken > limit:
                message = f"the run took {taken:g} {unit}, {limit:g} are allowed; {end.length}"
                failures.add(message, *end.last)
            else:
                spent.append(f"{taken:g} of {limit:g} {unit}")
        if failures.count:
            return failures.finding()
        for name, count in self._counts.items():
            limit = getattr(self._limits, name)
            if limit is not None:
                spent.append(f"{count} of {limit} {name}")
        if self._limits.seconds is not None:
            spent.append(f"{self._seconds:g} of {self._limits.seconds:g} s of virtual time")
        if not spent:
            return vacuous(f"nobody reported {' and '.join(unknown)}")
        return held(", ".join(spent) + (f"; nobody reported {' and '.join(unknown)}" if unknown else ""))

    def _count(self, name: str, limit: int | None, seen: Seen, what: str) -> None:
        self._counts[name] += 1
        if limit is not None and self._counts[name] == limit + 1:
            self._failures.add(f"{where(seen.step)} is one {what} too many: {_allowed(limit)}", seen.n)

    def _repeat(self, seen: Seen) -> None:
        """A repeat is the same call again with no change of any row since, and no reason to try again."""
        step = seen.step
        if self._asked.get(seen.signature) == self._changes:
            self._count("repeats", self._limits.repeats, seen, "repeat of a call with nothing changed since")
        if step.delta.changes:
            self._changes += 1
        self._asked[seen.signature] = -1 if _may_pass(step) else self._changes


def _allowed(limit: int) -> str:
    return f"{limit} {'is' if limit == 1 else 'are'} allowed"


def _may_pass(step: Step) -> bool:
    """Whether the same call may well be answered differently at once."""
    status = step.observation.status
    return bool(step.perturbations) or (step.observation.is_error and (status in TRANSIENT or status >= 499))
