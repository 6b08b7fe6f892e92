"""The one shape of everything that judges a clause: it follows the calls, then says what it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mcp_sim.contracts.calls import Conditions, Seen
from mcp_sim.contracts.finding import Finding
from schemas.types import Change, Row, Trace, World
from store.traces.replay import TraceRows


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of a run besides its trace.

    Attributes:
        seconds: wall time of the agent.
        tokens: tokens that it reported.
        answer: what it said in the end; empty for nothing, None if nobody could know.
    """

    seconds: float | None = None
    tokens: int | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """Where a session ended.

    Attributes:
        trace: the whole of it.
        run: what is known besides, if anything is.
        rows: the rows in the end.
        first: the rows at the start, by entity and key.
        touched: every change of a row, in order, with the call that made it, by entity and key.
        now: virtual time of the last call.
    """

    trace: Trace
    run: Run | None
    rows: TraceRows
    first: dict[str, dict[str, Row]]
    touched: dict[tuple[str, str], list[tuple[Seen, Change]]]
    conditions: Conditions
    now: str

    @property
    def world(self) -> World:
        """The world that the session ran in."""
        return self.trace.world

    def history(self, entity: str, key: str) -> list[tuple[Seen, Change]]:
        """What happened to a row."""
        return self.touched.get((entity, key), [])

    @property
    def last(self) -> tuple[int, ...]:
        """The number of the last step, if there is one."""
        return tuple(step.n for step in self.trace.steps[-1:])

    @property
    def length(self) -> str:
        """How long the session was, in words."""
        count = len(self.trace.steps)
        return "the session has no calls" if count == 0 else f"the session ended with step {self.trace.steps[-1].n}"


class Monitor(Protocol):
    """Judges one clause."""

    def take(self, seen: Seen) -> None:
        """Follow one more call."""
        ...

    def finding(self, end: End) -> Finding:
        """What became of the clause."""
        ...
