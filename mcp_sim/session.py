"""A session: one running World. Every call becomes a Step; every Step is checked, committed, recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from mcp_sim.errors import UnknownSession
from mcp_sim.registry import CompiledTool, Registry, json_problem
from mcp_sim.responders.base import refusal
from schemas.types import Attempt, Call, Draft, Observation, Row, Step, Violation
from store.errors import Conflict, DeltaRejected, NoSuchSession
from store.integrity import check, check_observation
from store.sessions import SessionRecord
from store.timeline import Timeline
from store.view import EntityView


class Session:
    """One running World, addressed by its id. Calls are taken one at a time, in the order in which they came."""

    def __init__(self, record: SessionRecord, registry: Registry, timeline: Timeline) -> None:
        self.id = record.id
        self.world = registry.world
        self.seed = record.seed
        self.registry = registry
        self.gone = False
        self._timeline = timeline
        self._turn = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Whether a call is being answered."""
        return self._turn.locked()

    async def call(self, call: Call) -> Observation:
        """Answer one call. Bad arguments and business failures are Observations with `is_error`.

        Raises:
            UnknownTool: the world has no such tool; nothing is recorded.
            UnknownSession: the session was deleted meanwhile.
            PackFault: the declared effect cannot be carried out; nothing is changed or recorded.
            StoreError: the database failed; nothing is changed or recorded.
        """
        tool = self.registry.tool(call.tool)
        async with self._turn:
            while True:
                started = time.perf_counter()
                view = self._timeline.view(call)
                step = await self._answer(tool, call, view)
                try:
                    return self._commit(step, view, started).observation
                except Conflict:
                    self._reload()

    def _commit(self, step: Step, view: EntityView, started: float) -> Step:
        """The step as it was committed: with its changes, or with the database's refusal of them."""
        try:
            self._timeline.commit(step, view, {"seconds": time.perf_counter() - started})
        except DeltaRejected as error:
            draft = Draft(step.observation, step.delta, step.notes)
            broken = [Violation("database", "", "", "", str(error))]
            step = self._rejected(step.call, view, draft, step.responder, broken)
            self._timeline.commit(step, view, {"seconds": time.perf_counter() - started})
        return step

    def _reload(self) -> None:
        try:
            self._timeline.reload()
        except NoSuchSession as error:
            self.gone = True
            raise UnknownSession(str(error)) from None

    async def _answer(self, tool: CompiledTool, call: Call, view: EntityView) -> Step:
        problem = tool.argument_errors(call.arguments)
        if problem is not None:
            draft = Draft(refusal(problem, 400))
            return self._step(_recordable(call), view, draft, "validate", "arguments do not fit the input schema")
        responder = tool.responder
        draft = await responder.respond(call, view)
        violations = self._check(tool, call, view, draft)
        if not violations:
            return self._step(call, view, draft, responder.name, tool.reason)
        return self._rejected(call, view, draft, responder.name, violations)

    def _rejected(
        self, call: Call, view: EntityView, draft: Draft, responder: str, violations: list[Violation]
    ) -> Step:
        attempt = Attempt(responder, draft, tuple(violations))
        final = Draft(refusal(_told(violations), 409))
        return self._step(call, view, final, responder, "the proposal broke a rule", (attempt,))

    def _check(self, tool: CompiledTool, call: Call, view: EntityView, draft: Draft) -> list[Violation]:
        broken = check(self.world, view, draft.delta)
        return broken or check_observation(tool.tool, view, draft.delta, draft.observation, call.arguments)

    def _step(
        self,
        call: Call,
        view: EntityView,
        draft: Draft,
        responder: str,
        reason: str,
        attempts: tuple[Attempt, ...] = (),
    ) -> Step:
        return Step(
            n=view.n,
            at=view.now,
            call=call,
            observation=draft.observation,
            delta=draft.delta,
            responder=responder,
            reason=reason,
            attempts=attempts,
            notes=draft.notes,
        )

    def view(self) -> EntityView:
        """What the next call would see, if it came at once."""
        return self._timeline.view(Call("", {}))

    def rows(self, entity: str) -> list[Row]:
        """The committed rows of an entity, in key order."""
        return self._timeline.query(entity)

    def steps(self) -> Iterator[bytes]:
        """The canonical bytes of every step so far, in order."""
        return self._timeline.steps()


def _told(violations: list[Violation]) -> str:
    return "; ".join(dict.fromkeys(violation.message for violation in violations))


def _recordable(call: Call) -> Call:
    """The call as it can be kept: arguments that are not JSON, or too large, are replaced by why."""
    problem = json_problem(call.arguments)
    return call if problem is None else Call(call.tool, {"$left_out": problem}, call.waited)
