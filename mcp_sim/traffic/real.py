"""The real service behind a session: asked once for every call, written down, its failures told in one sentence."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from mcp_sim.bench.observed import Observed
from mcp_sim.registry import json_problem
from mcp_sim.responders.base import Effort, NoDraft, refusal
from mcp_sim.responders.live.live import LIVE, Live
from mcp_sim.responders.live.upstream import Upstream
from mcp_sim.traffic.record import TraceFile
from schemas.recorded import RecordedCall
from schemas.types import Call, Change, StateDelta, Step, Tool, World
from store.integrity import check
from store.overlay import Overlay
from store.view import EntityView

_KEPT = 64


class Real:
    """Asks an upstream for one world.

    Attributes:
        world: the world whose tools are asked about.
        upstream: the real service.
    """

    def __init__(self, world: World, upstream: Upstream, record: TraceFile | None = None) -> None:
        self.world = world
        self.upstream = upstream
        self._record = record
        self._observed = Observed(world)
        self._asked: OrderedDict[int, tuple[Call, Step]] = OrderedDict()

    async def step(self, call: Call, view: EntityView, reason: str) -> Step:
        """The step that the real service makes of a call. It is asked once, however often the session moved.

        Where it gave no answer that can be used, the step says so and has no responder of the real service.
        """
        kept = self._asked.get(id(call))
        if kept is not None and kept[0] is call:
            return replace(kept[1], n=view.n, at=view.now)
        step = await self._step(call, view, reason)
        self._asked[id(call)] = (call, step)
        if len(self._asked) > _KEPT:
            self._asked.popitem(last=False)
        if self._record is not None and step.responder == LIVE:
            self._record.add(step)
        return step

    async def _step(self, call: Call, view: EntityView, reason: str) -> Step:
        problem = json_problem(call.arguments)
        if problem is not None:
            kept = Call(call.tool, {"$left_out": problem}, call.waited)
            said = refusal(f"Invalid arguments for {call.tool}: {problem}", 400)
            return Step(view.n, view.now, kept, said, StateDelta(), "validate", "arguments that cannot be sent")
        try:
            draft = await Live(self._tool(call), self.upstream).respond(call, view, Effort())
        except NoDraft as error:
            sentence = error.violation.message
            return Step(view.n, view.now, call, refusal(sentence, 502), StateDelta(), "upstream", sentence)
        return Step(view.n, view.now, call, draft.observation, StateDelta(), LIVE, reason)

    def merged(self, step: Step, twin: Step, view: EntityView) -> Step:
        """The real step with all that it changes in the rows of the twin: what the twin does, and what is shown.

        Rows that a rule keeps out are left as they are, and the step says how many.
        """
        seen = step.observation
        delta = StateDelta() if seen.is_error or twin.observation.is_error else twin.delta
        after = Overlay(self.world, view, delta)
        asked = step.call
        recorded = RecordedCall(
            "", view.n, asked.tool, asked.arguments, seen.text, seen.is_error, structured=seen.structured_content
        )
        shown = self._observed.shown(after, recorded)
        changes, kept_out = list(delta.changes), 0
        for change in self._observed.changes(after, shown, twin if delta.changes else None):
            tried = joined(changes, change)
            if check(self.world, view, StateDelta(tuple(tried))):
                kept_out += 1
            else:
                changes = tried
        notes = (f"{kept_out} rows of the answer break a rule of the twin, and were not taken",) if kept_out else ()
        return replace(step, delta=StateDelta(tuple(changes)), notes=(*step.notes, *notes))

    def _tool(self, call: Call) -> Tool:
        return self.world.tools[call.tool]


def joined(changes: list[Change], later: Change) -> list[Change]:
    """Changes followed by another one: at most one for each row."""
    earlier = next((one for one in changes if (one.entity, one.key) == (later.entity, later.key)), None)
    if earlier is None:
        return [*changes, later]
    others = [one for one in changes if one is not earlier]
    before, after = earlier.before, later.after
    if before is None and after is None:
        return others
    op = "create" if before is None else "delete" if after is None else "update"
    return [*others, Change(op, later.entity, later.key, before, after)]  # type: ignore[arg-type]


def failed(step: Step) -> bool:
    """Whether the real service gave no answer."""
    return step.responder == "upstream"
