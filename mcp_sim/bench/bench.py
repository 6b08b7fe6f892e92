"""A twin asked what a real service was asked: with the real answers merged into its rows as they come, and without."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from mcp_sim.bench.observed import Observed, Place
from mcp_sim.bench.result import Part, Result
from mcp_sim.bench.slices import Seen, Touched, kind_of
from mcp_sim.fidelity import Score, Tally, score
from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.recorded import Kind, RecordedCall, as_declared
from schemas.types import Call, Change, Row, Step, World
from store.db import Database

Mode = Literal["teacher_forced", "closed_loop"]
_ANSWERS = {"effects", "validate"}
"""The responders that answer by what the twin knows; the others make answers up, which is to decline."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One call, judged teacher-forced.

    Attributes:
        step: what the twin did; None where it has no such tool.
        shown: the rows that the real answer shows, by entity and key.
        corrected: what had to be changed in the twin after it, so that its rows are those.
    """

    call: RecordedCall
    step: Step | None
    score: Score
    shown: dict[Place, Row]
    corrected: list[Change]


class Bench:
    """One twin and the calls that it is to predict.

    Attributes:
        calls: how many there are.
    """

    def __init__(
        self,
        world: World,
        calls: Iterable[RecordedCall],
        trained_on: Iterable[RecordedCall] | None = None,
        ended: Callable[[int], None] = lambda _: None,
        heard: Callable[[Judged], None] = lambda _: None,
    ) -> None:
        """Get ready.

        Args:
            world: the twin.
            calls: of any number of trajectories, in any order.
            trained_on: what it was learned from, if calls with other arguments are to be told apart.
            ended: hears of every trajectory that has ended: how many calls it had.
            heard: hears of every call that was judged teacher-forced.
        """
        self._world = world
        self._trajectories: dict[str, list[RecordedCall]] = defaultdict(list)
        for call in calls:
            self._trajectories[call.trajectory].append(call)
        self.calls = sum(map(len, self._trajectories.values()))
        self._seen = None if trained_on is None else Seen(trained_on)
        self._ended = ended
        self._heard = heard
        self._sessions = Sessions(Database("sqlite://"))
        self._start = self._sessions.create(world, perturbations=()).id
        self._observed = Observed(world)
        self._forced, self._closed = self._part(), self._part()

    async def run(self) -> Result:
        """Predict every answer of every trajectory, each from the initial rows on."""
        started = time.perf_counter()
        for calls in self._trajectories.values():
            await self._run(sorted(calls, key=lambda call: call.index))
            self._ended(len(calls))
        return Result(
            self._world.name,
            len(self._trajectories),
            self._forced,
            self._closed,
            self._observed.merged,
            time.perf_counter() - started,
        )

    async def _run(self, calls: list[RecordedCall]) -> None:
        """One trajectory. Until a real answer changes a row, both modes are in the same state, and share a session."""
        forced = self._sessions.branch(self._start)
        closed: Session | None = None
        touched = Touched()
        for call in calls:
            step = await self._step(forced, call)
            answered = self._judge(self._forced, call, step, touched)
            alone = step if closed is None else await self._step(closed, call)
            self._judge(self._closed, call, alone, touched)
            touched.take(call, self._kind(call))
            shown = self._observed.shown(forced.view(), call)
            changes = self._observed.changes(forced.view(), shown, step)
            self._heard(Judged(call, step, answered, shown, changes))
            if changes:
                closed = closed or self._sessions.branch(forced.id)
                await self._observed.merge(forced, call, changes)
        for session in filter(None, (forced, closed)):
            self._sessions.delete(session.id)

    async def _step(self, session: Session, call: RecordedCall) -> Step | None:
        """What the twin does; None where it has no such tool."""
        tool = self._world.tools.get(call.tool)
        arguments = call.arguments
        if tool is not None and call.status is not None:
            arguments = as_declared(arguments, tool.input_schema)
        return None if tool is None else await session.step(Call(call.tool, arguments))

    def _judge(self, part: Part, call: RecordedCall, step: Step | None, touched: Touched) -> Score:
        answer = step.observation if step is not None and self._knows(step) else None
        one, kind = score(call, answer), self._kind(call)
        part.add(
            call.tool,
            one,
            kind,
            is_error=call.is_error,
            is_changed_read=touched.reads_it(call, kind),
            is_unseen=self._seen is not None and call not in self._seen,
        )
        if not one.exact:
            part.lost.add(call, answer, one)
        return one

    def _knows(self, step: Step) -> bool:
        """Whether the twin answers by what it knows; an effect in which nobody trusts at all only makes answers up."""
        effect = self._world.tools[step.call.tool].effect
        return step.responder in _ANSWERS and (effect is None or effect.confidence > 0 or not step.notes)

    def _kind(self, call: RecordedCall) -> Kind:
        return kind_of(call, self._world.tools.get(call.tool))

    def _part(self) -> Part:
        return Part(unseen=None if self._seen is None else Tally())
