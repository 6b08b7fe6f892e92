"""What the judge found about one clause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcp_sim.errors import McpSimError
from schemas.types import Failure, Outcome, Step

SHOWN = 20
"""How many failures of one clause are listed, and how many deciding steps."""


class JudgeError(McpSimError):
    """A trace cannot be judged by a contract; the message says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a clause, its sentence, and the steps behind it; `settled`: no further call could change it."""

    outcome: Outcome
    message: str
    settled: bool = False
    steps: tuple[int, ...] = ()
    failures: tuple[Failure, ...] = ()


def held(message: str, steps: Iterable[int] = (), *, settled: bool = False) -> Finding:
    """The clause holds."""
    return Finding("held", message, settled, tuple(steps)[:SHOWN])


def vacuous(message: str, *, settled: bool = False) -> Finding:
    """The clause holds because nothing happened that it speaks of."""
    return Finding("vacuous", message, settled)


class Failures:
    """What is wrong with one clause, counted in full and kept as far as it is shown.

    Attributes:
        count: how many there are.
        is_settled: whether one of them stays whatever comes.
    """

    def __init__(self) -> None:
        self.count = 0
        self.is_settled = False
        self._kept: list[Failure] = []

    def add(self, message: str, *steps: int, settled: bool = True) -> None:
        """Note one."""
        self.count += 1
        self.is_settled = self.is_settled or settled
        if len(self._kept) < SHOWN:
            self._kept.append(Failure(message, steps))

    def copy(self) -> Failures:
        """The same, to be added to."""
        twin = Failures()
        twin.count, twin.is_settled, twin._kept = self.count, self.is_settled, list(self._kept)
        return twin

    def finding(self) -> Finding:
        """The clause is broken."""
        first = self._kept[0]
        more = f" (and {self.count - 1} more)" if self.count > 1 else ""
        steps = tuple(sorted({n for failure in self._kept for n in failure.steps}))
        return Finding("broken", first.message + more, self.is_settled, steps[:SHOWN], tuple(self._kept))


def where(step: Step) -> str:
    """A step in words: `step 7 (ship_order)`."""
    return f"step {step.n} ({step.call.tool})"
