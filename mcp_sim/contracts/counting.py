"""Clauses over one pattern of calls: how often, first, last; and choices between two."""

from __future__ import annotations

from mcp_sim.contracts.calls import Calls, Seen
from mcp_sim.contracts.finding import SHOWN, Failures, Finding, held, vacuous, where
from mcp_sim.contracts.monitor import End
from schemas.contracts.order import Absence, Choice, Exactly, ExclusiveChoice, Existence, Init
from schemas.contracts.order import End as Last
from schemas.contracts.patterns import Pattern
from schemas.contracts.wording import calls


class _Counted:
    """The calls that fit a pattern: how many, and the first of them."""

    def __init__(self, pattern: Pattern, ready: Calls, keep: int = 0) -> None:
        self.said = calls(pattern)
        self.count = 0
        self.steps: list[int] = []
        self._number = ready.number(pattern)
        self._keep = max(keep, SHOWN)

    def take(self, seen: Seen) -> bool:
        """Whether the call fits; it is counted then."""
        fits = seen.fits(self._number)
        if fits:
            self.count += 1
            if len(self.steps) < self._keep:
                self.steps.append(seen.n)
        return fits

    @property
    def times(self) -> str:
        """How often, in words."""
        return f"{self.count} time{'s' if self.count != 1 else ''}"


class HowOften:
    """`existence`, `absence` and `exactly`."""

    def __init__(self, clause: Existence | Absence | Exactly, ready: Calls) -> None:
        match clause:
            case Existence():
                pattern, self._least, self._most = clause.existence, clause.n, None
            case Absence():
                pattern, self._least, self._most = clause.absence, 0, clause.n - 1
            case Exactly():
                pattern, self._least, self._most = clause.exactly, clause.n, clause.n
        self._found = _Counted(pattern, ready, clause.n + 1)
        self._over: Seen | None = None

    def take(self, seen: Seen) -> None:
        """Count it."""
        if self._found.take(seen) and self._over is None and self._found.count - 1 == self._most:
            self._over = seen

    def finding(self, end: End) -> Finding:
        """Too many are too many for good; too few could have become enough."""
        found, failures = self._found, Failures()
        if self._over is not None:
            times = f"only {self._most} time{'s' if self._most != 1 else ''}"
            allowed = "may not come at all" if self._most == 0 else f"may come {times}"
            message = f"{where(self._over.step)} is {found.said}, which {allowed}"
            failures.add(f"{message}; it came {found.times}", *found.steps[: (self._most or 0) + 1])
            return failures.finding()
        if found.count < self._least:
            wanted = "" if self._least == 1 else f", {self._least} are wanted"
            message = f"{found.said} came {found.times}{wanted}; {end.length}"
            failures.add(message, *(found.steps or end.last), settled=False)
            return failures.finding()
        if not found.count:
            return held(f"{found.said} never came")
        return held(f"{found.said} came {found.times}", found.steps, settled=self._most is None)


class AtTheEdge:
    """`init` and `end`: what the first or the last call is."""

    def __init__(self, clause: Init | Last, ready: Calls) -> None:
        self._is_first = isinstance(clause, Init)
        pattern = clause.init if isinstance(clause, Init) else clause.end
        self._said, self._number = calls(pattern), ready.number(pattern)
        self._edge: Seen | None = None

    def take(self, seen: Seen) -> None:
        """Keep the first, or the last so far."""
        if self._edge is None or not self._is_first:
            self._edge = seen

    def finding(self, _: End) -> Finding:
        """Nothing to say where there was no call."""
        if self._edge is None:
            return vacuous("there was no call")
        word = "first" if self._is_first else "last"
        if self._edge.fits(self._number):
            return held(f"the {word} call is {where(self._edge.step)}", [self._edge.n], settled=self._is_first)
        failures = Failures()
        message = f"the {word} call is {where(self._edge.step)}, not {self._said}"
        failures.add(message, self._edge.n, settled=self._is_first)
        return failures.finding()


class EitherOr:
    """`choice` and `exclusive_choice`."""

    def __init__(self, clause: Choice | ExclusiveChoice, ready: Calls) -> None:
        self._is_exclusive = isinstance(clause, ExclusiveChoice)
        pair = clause.choice if isinstance(clause, Choice) else clause.exclusive_choice
        self._sides = [_Counted(pattern, ready) for pattern in pair]
        self._clash: Seen | None = None

    def take(self, seen: Seen) -> None:
        """Count it on either side."""
        fits = [side.take(seen) for side in self._sides]
        if self._clash is None and any(fits) and all(side.count for side in self._sides):
            self._clash = seen

    def finding(self, end: End) -> Finding:
        """One of them, or exactly one."""
        one, other = self._sides
        failures = Failures()
        if self._is_exclusive and self._clash is not None:
            steps = sorted({one.steps[0], other.steps[0]})
            message = f"with {where(self._clash.step)} both {one.said} and {other.said} came, which exclude each other"
            failures.add(message, *steps)
            return failures.finding()
        if not one.count and not other.count:
            failures.add(f"neither {one.said} nor {other.said} came; {end.length}", *end.last, settled=False)
            return failures.finding()
        came = one if one.count else other
        return held(f"{came.said} came {came.times}", came.steps, settled=not self._is_exclusive)
