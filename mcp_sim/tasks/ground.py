"""Where tasks are made and tried: throw-away sessions of one world, in this very process."""

from __future__ import annotations

from collections import deque
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.contracts.task import Asked
from schemas.effects import Imagine, walk
from schemas.nature import nature
from schemas.rows import key_text
from schemas.types import Call, Change, Observation, Row, Step, Tool, Trace, View, World
from store import ground_truth
from store.db import Database
from store.traces.encode import VERSION, decode_step

_BEFORE = 3 * 3600.0 + 17
"""What moves the clock and the number of steps of another try, so that what depends on them is told from the rest."""


class Ground:
    """A database in memory for the sessions of one world. Nothing perturbs them; only declared effects answer.

    Attributes:
        writing: the tools whose declared effects change rows.
        reading: those whose declared effects only look.
        places: the seed rows, by entity and key.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.writing = [tool for tool in world.tools.values() if is_decided(tool) and tool.writes]
        self.reading = [tool for tool in world.tools.values() if is_decided(tool) and not tool.writes]
        self.places = {
            (name, key_text(row[entity.key])): row
            for name, entity in world.entities.items()
            for row in world.rows.get(name, ())
        }
        self._reads = {tool.name: nature(tool).reads for tool in self.reading}
        self._db = Database("sqlite://")
        self._sessions = Sessions(self._db)

    def reads(self, tool: Tool) -> frozenset[str]:
        """The entities whose rows the answers of a reading tool tell of."""
        return self._reads[tool.name]

    @contextmanager
    def trial(self, seed: int) -> Iterator[Trial]:
        """A fresh session, gone afterwards."""
        perturbations = () if self.world.perturbations else None
        session = self._sessions.create(self.world, seed=seed, perturbations=perturbations)
        try:
            yield Trial(self.world, self._db, session)
        finally:
            self._sessions.delete(session.id)

    def replay(self, seed: int, path: Iterable[Asked]) -> Trace:
        """What happens when these calls are made in a fresh session."""
        with self.trial(seed) as trial:
            for asked in path:
                trial.call(asked)
            return trial.trace()

    def __enter__(self) -> Ground:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()


class Trial:
    """One such session."""

    def __init__(self, world: World, db: Database, session: Session) -> None:
        self.world = world
        self._db = db
        self._session = session
        self._rows: dict[str, list[Row]] = {}

    def call(self, asked: Asked, waited: float = 0.0) -> Observation:
        """Make a call."""
        observation = _at_once(self._session.call(Call(asked.tool, dict(asked.arguments), waited)))
        if not observation.is_error:
            self._rows.clear()
        return observation

    def shift(self) -> None:
        """Let time and one step pass, and nothing else: a call that no tool takes."""
        tool = next(iter(self.world.tools))
        _at_once(self._session.call(Call(tool, {"": None}, _BEFORE)))

    def rows(self, entity: str) -> list[Row]:
        """The rows of an entity now."""
        if entity not in self._rows:
            self._rows[entity] = self._session.rows(entity)
        return self._rows[entity]

    def view(self) -> View:
        """What the next call would see."""
        return self._session.view()

    def last(self) -> Step:
        """The last step."""
        return decode_step(deque(self._session.steps(), maxlen=1)[0])

    def changed(self) -> list[Change]:
        """What the calls so far changed, as SQL says it."""
        return ground_truth.changed(self._db, self._session.id)

    def ask(self, sql: str) -> ground_truth.Rows:
        """What a statement gives here."""
        return ground_truth.ask(self._db, self._session.id, sql)

    def steps(self) -> tuple[Step, ...]:
        """The steps so far."""
        return tuple(map(decode_step, self._session.steps()))

    def trace(self) -> Trace:
        """The trace so far."""
        return Trace(VERSION, self.world, self._session.seed, self.steps())


def _at_once(call: Coroutine[Any, Any, Observation]) -> Observation:
    """What a call gives that waits for nothing: a declared effect needs no event loop."""
    try:
        call.send(None)
    except StopIteration as done:
        observation: Observation = done.value
        return observation
    raise RuntimeError("a call that was to be answered by its effect alone waits for something else")


def is_decided(tool: Tool) -> bool:
    """Whether the declared effect of a tool answers it alone, so that it does the same every time."""
    if tool.effect is None or tool.answered_by in ("worldmodel", "synthesize"):
        return False
    return not any(isinstance(step, Imagine) for step in walk(tool.effect.steps))
