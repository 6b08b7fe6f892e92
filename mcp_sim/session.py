"""A session: one running World. Every call becomes a Step; every Step is checked, committed, recorded."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

from mcp_sim.errors import UnknownSession
from mcp_sim.perturb.plan import Plan
from mcp_sim.perturb.schedule import Perturber, schedule_of
from mcp_sim.registry import CompiledTool, Registry, json_problem
from mcp_sim.responders.base import NOTHING, Effort, NoDraft, Responder, unknown_tool
from schemas.perturbations import Perturbation
from schemas.types import Attempt, Call, Draft, Observation, Regime, Row, StateDelta, Step, Violation
from store.errors import Conflict, DeltaRejected, NoSuchSession
from store.integrity import check, check_mentions, check_observation
from store.sessions import SessionRecord
from store.timeline import Timeline
from store.traces.encode import decode_step
from store.view import EntityView

_OURS = {"output", "unknown-id", "unanswered", "unreadable", "out-of-role", "leak", "fault"}
"""Rules whose violation says nothing of the service, only of the simulation."""
_LONGEST_NAME = 128
"""Characters that are kept of the name of a tool that there is not."""
_log = logging.getLogger("mcp_sim")

OBSERVED = "observed"
"""The responder of a step that a real service answered."""

Twin = Callable[[], Awaitable[Step]]
"""The step that the world's own rules make of a call; nothing is committed."""


class Mode(Protocol):
    """Who answers the calls of a session, where that is not the world alone."""

    async def step(self, call: Call, view: EntityView, twin: Twin, /) -> Step:
        """The step of one call; asked again for the same call if the session moved meanwhile."""
        ...


class Session:
    """One running World, addressed by its id. Calls are taken one at a time, in the order in which they came."""

    def __init__(self, record: SessionRecord, registry: Registry, timeline: Timeline, mode: Mode | None = None) -> None:
        self.id = record.id
        self.world = registry.world
        self.seed = record.seed
        self.registry = registry
        self.gone = False
        self._mode = mode
        self._timeline = timeline
        self._turn = asyncio.Lock()
        self._answered: float | None = None
        self._perturber = self._perturbed()

    @property
    def perturbations(self) -> tuple[Perturbation, ...]:
        """What may perturb its calls from now on."""
        regimes = self._timeline.regimes
        return regimes[-1].perturbations if regimes else self.world.perturbations

    @property
    def regimes(self) -> tuple[Regime, ...]:
        """Its perturbations so far, where they are not those of its world."""
        return self._timeline.regimes

    @property
    def busy(self) -> bool:
        """Whether a call is being answered."""
        return self._turn.locked()

    async def call(self, call: Call) -> Observation:
        """Answer one call. Whatever is wrong with it, or with a pack, is an Observation with `is_error`.

        Raises:
            UnknownSession: the session was deleted meanwhile.
            StoreError: the database failed; nothing is changed or recorded.
        """
        return (await self.step(call)).observation

    async def step(self, call: Call) -> Step:
        """Answer one call as `call` does, and tell all that came of it."""
        tool = self.registry.tools.get(call.tool)
        async with self._turn:
            while True:
                started = time.perf_counter()
                view = self._timeline.view(call)
                effort = Effort()
                step, plan = await self._answer(tool, call, view, effort)
                try:
                    step = self._commit(step, view, effort, started, plan)
                except Conflict:
                    self._reload()
                else:
                    return step if self._perturber is None else await self._told(step, plan)

    async def observe(self, call: Call, observation: Observation, delta: StateDelta) -> list[Violation]:
        """Record what a real service answered to a call, and the rows that this shows, as a step of its own.

        Returns:
            The rules that these rows break; then nothing is changed or recorded.

        Raises:
            Conflict: the session moved meanwhile; read its rows again.
            DeltaRejected: the database refused the rows; nothing is changed or recorded.
        """
        async with self._turn:
            view, started = self._timeline.view(call), time.perf_counter()
            broken = check(self.world, view, delta)
            if not broken:
                step = _step(call, view, Draft(observation, delta), OBSERVED, "seen at the real service", Effort())
                self._timeline.commit(step, view, _measured(Effort(), started))
            return broken

    async def _answer(
        self, tool: CompiledTool | None, call: Call, view: EntityView, effort: Effort
    ) -> tuple[Step, Plan | None]:
        """The step, and what perturbations had to do with it."""
        if tool is None:
            call = _recordable(call)
            draft = Draft(unknown_tool(self.registry.unknown(call.tool)))
            return _step(call, view, draft, "validate", "the world has no such tool", effort), None
        if self._mode is None:
            return await self._simulated(tool, call, view, effort)

        async def twin() -> Step:
            return (await self._simulated(tool, call, view, effort))[0]

        return await self._mode.step(call, view, twin), None

    async def _simulated(
        self, tool: CompiledTool, call: Call, view: EntityView, effort: Effort
    ) -> tuple[Step, Plan | None]:
        problem = tool.argument_errors(call.arguments)
        if problem is not None:
            draft = Draft(tool.wording.refusal(problem, tool.wording.invalid))
            reason = "arguments do not fit the input schema"
            return _step(_recordable(call), view, draft, "validate", reason, effort), None
        plan = None if self._perturber is None else self._perturber.plan(call, view)
        if plan is None:
            return await self._respond(tool, call, view, effort), None
        return await self._carried_out(plan, tool, view, effort), plan

    async def _respond(self, tool: CompiledTool, call: Call, view: EntityView, effort: Effort) -> Step:
        responder = None
        for responder, reason in tool.route:
            accepted = await self._accepted(responder, tool, call, view, effort)
            if accepted is not None:
                return _step(call, view, accepted, responder.name, reason, effort)
        assert responder is not None, "every route leads somewhere"
        return _step(
            call, view, _apology(tool, effort.attempts[-1]), responder.name, "the proposal broke a rule", effort
        )

    async def _accepted(
        self, responder: Responder, tool: CompiledTool, call: Call, view: EntityView, effort: Effort
    ) -> Draft | None:
        """The first proposal that breaks no rule; what was turned down on the way is in `effort`."""
        for _ in range(responder.tries):
            try:
                draft = await responder.respond(call, view, effort)
            except NoDraft as error:
                draft = Draft(NOTHING, completions=error.completions)
                effort.attempts.append(Attempt(responder.name, draft, (error.violation,)))
                if error.final:
                    break
            else:
                violations = self._check(tool, call, view, draft, responder.invents)
                if not violations:
                    return draft
                effort.attempts.append(Attempt(responder.name, draft, tuple(violations)))
            view.take_back_ids()
        return None

    def _check(self, tool: CompiledTool, call: Call, view: EntityView, draft: Draft, invents: bool) -> list[Violation]:
        broken = check(self.world, view, draft.delta)
        broken = broken or check_observation(tool.tool, view, draft.delta, draft.observation, call.arguments)
        if invents and not broken:
            broken = check_mentions(self.world, view, draft.delta, draft.observation, call.arguments)
        return broken

    async def _carried_out(self, plan: Plan, tool: CompiledTool, view: EntityView, effort: Effort) -> Step:
        """The step of a call that is perturbed: refused, or answered and then changed for the agent."""
        if plan.wait[0]:
            await asyncio.sleep(plan.wait[0])
        if plan.refusal is not None:
            return plan.refused()
        step = await self._respond(tool, plan.call, view, effort)
        shown = []
        for question in plan.questions:
            rows = self._timeline.view(question.call, question.as_of)
            shown.append((await self._respond(tool, question.call, rows, Effort())).observation)
        return plan.finish(step, shown)

    async def _told(self, step: Step, plan: Plan | None) -> Step:
        """The step, after what the caller has to wait for its answer really."""
        if plan is not None and plan.wait[1]:
            await asyncio.sleep(plan.wait[1])
        self._answered = time.monotonic()
        return step

    def pause(self) -> float:
        """Seconds since the last answer, if perturbations go by the time; the next call has waited so long."""
        perturber = self._perturber
        if perturber is None or not perturber.schedule.reads_clock or self._answered is None or self.busy:
            return 0.0
        return round(time.monotonic() - self._answered, 3)

    def _commit(self, step: Step, view: EntityView, effort: Effort, started: float, plan: Plan | None) -> Step:
        """The step as it was committed: with its changes, or with the database's refusal of them."""
        try:
            self._timeline.commit(step, view, _measured(effort, started))
        except DeltaRejected as error:
            draft = Draft(step.answer or step.observation, step.delta, step.notes, step.completions)
            effort.attempts.append(Attempt(step.responder, draft, (Violation("database", "", "", "", str(error)),)))
            final = _apology(self.registry.tools[step.call.tool], effort.attempts[-1])
            step = _step(step.call, view, final, step.responder, "the proposal broke a rule", effort)
            step = step if plan is None else plan.finish(step)
            self._timeline.commit(step, view, _measured(effort, started))
        if self._perturber is not None:
            self._perturber.took(step)
        return step

    def _reload(self) -> None:
        try:
            self._timeline.reload()
        except NoSuchSession as error:
            self.gone = True
            raise UnknownSession(str(error)) from None
        self._perturber = self._perturbed()

    def _perturbed(self) -> Perturber | None:
        schedule = schedule_of(self.world, self.perturbations)
        return None if schedule is None else Perturber(schedule, self.seed, self._decoded)

    def view(self) -> EntityView:
        """What the next call would see, if it came at once."""
        return self._timeline.view(Call("", {}))

    def rows(self, entity: str) -> list[Row]:
        """The committed rows of an entity, in key order."""
        return self._timeline.query(entity)

    def steps(self) -> Iterator[bytes]:
        """The canonical bytes of every step so far, in order."""
        return self._timeline.steps()

    def _decoded(self) -> Iterator[Step]:
        return map(decode_step, self._timeline.steps())

    def measured(self) -> Iterator[dict[str, Any]]:
        """What every step took, in order: seconds, and tokens where a world model was asked."""
        return self._timeline.measured()


def _step(call: Call, view: EntityView, draft: Draft, responder: str, reason: str, effort: Effort) -> Step:
    return Step(
        n=view.n,
        at=view.now,
        call=call,
        observation=draft.observation,
        delta=draft.delta,
        responder=responder,
        reason=reason,
        attempts=tuple(effort.attempts),
        notes=draft.notes,
        completions=draft.completions,
    )


def _apology(tool: CompiledTool, attempt: Attempt) -> Draft:
    """What the agent is told when no proposal was good: which rule stood in the way, if it is one of the service."""
    if any(violation.rule in _OURS for violation in attempt.violations):
        _log.warning("%s: %s", attempt.responder, attempt.violations[0].message)
        return Draft(tool.wording.refusal("The service failed to answer this call.", 500))
    said = "; ".join(dict.fromkeys(violation.message for violation in attempt.violations))
    return Draft(tool.wording.refusal(said, 409))


def _measured(effort: Effort, started: float) -> dict[str, Any]:
    seconds = {"seconds": time.perf_counter() - started}
    return {**seconds, "worldmodel": effort.spent} if effort.spent else seconds


def _legible(name: str) -> str:
    kept = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name[:_LONGEST_NAME]
    )
    return kept if len(name) <= _LONGEST_NAME else f"{kept}…"


def _recordable(call: Call) -> Call:
    """The call as it can be kept: no name without end, and no arguments that are not JSON or too large, but why."""
    problem = json_problem(call.arguments)
    return Call(_legible(call.tool), call.arguments if problem is None else {"$left_out": problem}, call.waited)
