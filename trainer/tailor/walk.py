"""A run gone through call by call, with the rows as each call met them, and what each did to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from mcp_sim.bench.observed import Observed
from mcp_sim.fidelity import NOT_JSON, parsed
from mcp_sim.learn.history import History, answer_of
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.tables import Table
from mcp_sim.session import OBSERVED
from schemas.canonical import canonical
from schemas.recorded import RecordedCall
from schemas.types import Call, Change, Observation, Row, StateDelta, Step, Violation, World
from store.integrity import check
from store.matching import same
from store.shelf import At
from store.traces.replay import TracePast
from store.view import EntityView
from trainer.tailor.events import Event, Said
from trainer.tailor.ledger import Ledger

_OTHERWISE = "the same call was answered otherwise before, and nothing was written since"
SEED = "seed"
"""The evidence of what is known from the initial rows."""


@dataclass(frozen=True)
class Run:
    """The calls of one trajectory.

    Attributes:
        key: names it among all.
        server: the service that answered.
        source: the source of the recipe that it came from.
        events: its calls in order.
        steps: the same calls as our own traces have them, with all that they changed; None for recordings of others.
        declared: the tools whose definition is known; None where the recording came without definitions.
        said: what was said between the calls.
    """

    key: str
    server: str
    source: str
    events: tuple[Event, ...]
    steps: tuple[Step, ...] | None = None
    declared: frozenset[str] | None = None
    said: tuple[Said, ...] = ()


@dataclass(frozen=True)
class Clash:
    """A value that cannot be, given what was seen before: where, and the events that say otherwise."""

    pointer: str
    message: str
    evidence: tuple[str, ...]


@dataclass
class Moment:
    """One call of a run, and the state that it meets. The view is good until the next moment.

    Attributes:
        at: its place in the run, from 0.
        event: the call.
        view: the rows before it.
        step: what came of it, with all changes that are known.
        shown: the rows that its answer shows.
        clashes: what contradicts earlier events.
        violations: rules that the rows which it shows break.
        again: earlier events with the same call and answer, between which and this one nothing changed, nearest first.
    """

    run: Run
    world: World
    at: int
    event: Event
    view: EntityView
    step: Step
    shown: dict[At, Row] = field(default_factory=dict)
    clashes: tuple[Clash, ...] = ()
    violations: tuple[Violation, ...] = ()
    again: tuple[int, ...] = ()
    known_from: dict[At, str] = field(default_factory=dict)

    @cached_property
    def answer(self) -> Any:
        """The answer as JSON, or `NOT_JSON`."""
        call = self.event.call
        return parsed(call.text) if call.structured is None else call.structured

    @property
    def is_json(self) -> bool:
        """Whether the answer is JSON."""
        return self.answer is not NOT_JSON


class Walker:
    """Goes through the runs of one world."""

    def __init__(self, world: World, tables: dict[str, Table] | None = None) -> None:
        self.world = world
        self._ledger = Ledger(world)
        self._observed = Observed(world)
        self._history = History(tables or {})

    def moments(self, run: Run, past: list[Step]) -> Iterator[Moment]:
        """The calls of a run, one by one; `past` is what prompts may tell of, and is the caller's to fill."""
        memory = _Memory()
        try:
            for at, event in enumerate(run.events):
                moment = self._moment(run, at, event, past, memory)
                yield moment
                self._ledger.apply(moment.step)
        finally:
            self._ledger.reset()

    def _moment(self, run: Run, at: int, event: Event, past: list[Step], memory: _Memory) -> Moment:
        own = run.steps[at] if run.steps is not None else None
        now = own.at if own is not None else self._now(at)
        n = own.n if own is not None else at + 1
        view = EntityView(self._ledger, self.world, 0, n, now, {}, TracePast(tuple(past)))
        call = event.call
        shown = {} if own is not None else self._shown(view, call)
        clashes = [*memory.row_clashes(event, view, shown), *memory.text_clash(event)]
        changes = () if clashes else tuple(_changes(self.world, view, shown))
        delta = own.delta if own is not None else StateDelta(changes)
        violations = () if own is not None else tuple(check(self.world, view, delta))
        if violations:
            delta = StateDelta()
        seen = Observation(call.text, call.structured, call.is_error, call.status or 200)
        step = own or Step(n, now, Call(call.tool, call.arguments), seen, delta, OBSERVED, "recorded")
        known = {at: memory.known.get(at, SEED) for at in shown if view.exists(*at)}
        again = memory.again(event)
        memory.take(at, event, shown, delta)
        return Moment(run, self.world, at, event, view, step, shown, tuple(clashes), violations, again, known)

    def _shown(self, view: EntityView, call: RecordedCall) -> dict[At, Row]:
        """The rows that an answer shows: those that are surely rows, or else those that are like the initial ones."""
        found = dict(self._observed.shown(view, call))
        if found or call.is_error or not self._history.tables:
            return found
        rows = Rows(self._history.tables, self._ledger.changes())
        return {(name, key): row for name, key, row in self._history.seen(answer_of(call), call.arguments, rows)}

    def _now(self, at: int) -> str:
        moment = self.world.clock.start + timedelta(seconds=self.world.clock.tick * (at + 1))
        return moment.isoformat().replace("+00:00", "Z")


class _Memory:
    """What the calls of a run have shown so far."""

    def __init__(self) -> None:
        self.known: dict[At, str] = {}
        self._fields: dict[At, dict[str, str]] = {}
        self._answers: dict[bytes, tuple[str, str]] = {}
        self._asked: dict[bytes, list[int]] = {}

    def row_clashes(self, event: Event, view: EntityView, shown: dict[At, Row]) -> Iterator[Clash]:
        """Rows that a read shows other than they were shown, though nothing was written in between."""
        if event.call.kind != "read":
            return
        for (entity, key), row in shown.items():
            before, told = view.get(entity, key), self._fields.get((entity, key), {})
            for name, value in row.items() if before is not None else ():
                if name in told and before is not None and name in before and not same(before[name], value):
                    message = f"{entity} '{key}' shows {name} as it was not before, and nothing was written since"
                    yield Clash(f"/{entity}/{key}/{name}", message, (told[name], event.id))

    def text_clash(self, event: Event) -> Iterator[Clash]:
        """The same read answered otherwise, though nothing was written in between."""
        call = event.call
        if call.kind != "read" or call.is_error:
            return
        text, earlier = self._answers.get(_asked(event), (call.text, ""))
        if text.strip() != call.text.strip():
            yield Clash("", _OTHERWISE, (earlier, event.id))

    def again(self, event: Event) -> tuple[int, ...]:
        """Where the same call was answered the same since something was written."""
        return tuple(reversed(self._asked.get(_asked(event) + event.call.text.encode(), ())))

    def take(self, at: int, event: Event, shown: dict[At, Row], delta: StateDelta) -> None:
        """Remember what a call showed."""
        call = event.call
        if call.kind != "read" and not call.is_error:
            self._fields.clear()
            self._answers.clear()
            self._asked.clear()
        if not call.is_error:
            self._answers.setdefault(_asked(event), (call.text, event.id))
        self._asked.setdefault(_asked(event) + call.text.encode(), []).append(at)
        for place, row in shown.items():
            self.known[place] = event.id
            self._fields.setdefault(place, {}).update(dict.fromkeys(row, event.id))
        for change in delta.changes:
            self.known[change.entity, change.key] = event.id


def _asked(event: Event) -> bytes:
    return canonical([event.call.tool, event.call.arguments])


def _changes(world: World, view: EntityView, shown: dict[At, Row]) -> Iterator[Change]:
    for (entity, key), row in shown.items():
        before = view.get(entity, key)
        if before is None:
            yield Change("create", entity, key, None, {**world.entities[entity].blank, **row})
        elif not same(before, after := {**before, **row}):
            yield Change("update", entity, key, before, after)
