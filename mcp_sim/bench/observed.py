"""Rows that a real answer shows, recognised by key field and shape, and what they change in the rows of a twin."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from mcp_sim.fidelity import NOT_JSON, parsed
from mcp_sim.session import Session
from schemas.nature import nature
from schemas.recorded import RecordedCall
from schemas.rows import is_key, is_normal, key_text
from schemas.types import Call, Change, Entity, Observation, Row, StateDelta, Step, World
from store.errors import DeltaRejected
from store.matching import same

Place = tuple[str, str]
"""Where a row stands: its entity and its key."""
_MOST = 20_000
"""Objects looked at in one answer."""


class Known(Protocol):
    """The rows that there are."""

    def get(self, entity: str, key: str) -> Row | None:
        """The row with this key, or None."""
        ...

    def exists(self, entity: str, key: str) -> bool:
        """Whether a row with this key exists."""
        ...


@dataclass(slots=True)
class Merged:
    """What became of the rows that real answers showed.

    Attributes:
        rows: those that changed or completed the rows of the twin.
        refused: those that a rule kept out, by the rule; `ambiguous`: they may belong to several entities.
    """

    rows: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Observed:
    """Merges real answers into sessions of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_key: dict[str, list[str]] = defaultdict(list)
        for name, entity in world.entities.items():
            self._by_key[entity.key].append(name)
        self._spoken: dict[str, frozenset[str]] = {}
        self.merged = Merged()

    def shown(self, view: Known, call: RecordedCall) -> dict[Place, Row]:
        """The rows that the real answer to a call shows."""
        if call.is_error or not self._by_key:
            return {}
        answer = parsed(call.text) if call.structured is None else call.structured
        if answer is NOT_JSON or not isinstance(answer, dict | list):
            return {}
        about = self._about(call.tool)
        return {
            (entity, key_text(row[self._world.entities[entity].key])): row
            for entity, row in self._rows(view, self._whole(view, answer, call, about), about)
        }

    def changes(self, view: Known, shown: dict[Place, Row], step: Step | None) -> list[Change]:
        """What has to change in the twin so that its rows are those which an answer shows.

        The answer to a deletion may show the row that is gone: what the twin has just deleted stays so.
        """
        gone = {(c.entity, c.key) for c in step.delta.changes if c.op == "delete"} if step is not None else set()
        left = {at: row for at, row in shown.items() if at not in gone}
        found = [change for at, row in left.items() if (change := self._change(view, at, row)) is not None]
        return [*_misnamed(step, shown, found), *found]

    def _about(self, tool: str) -> frozenset[str]:
        """The entities that the effect of a tool speaks of."""
        if tool not in self._spoken:
            declared = self._world.tools.get(tool)
            found = nature(declared) if declared is not None else None
            self._spoken[tool] = frozenset() if found is None else found.reads | (found.changes or frozenset())
        return self._spoken[tool]

    async def merge(self, session: Session, call: RecordedCall, changes: list[Change]) -> None:
        """Commit these changes as a step of their own; where a rule stands in the way, those that it lets through."""
        seen = Observation(call.text, call.structured, call.is_error, call.status or 200)
        asked = Call(call.tool, call.arguments)
        if await _refusal(session, asked, seen, changes) is None:
            self.merged.rows += len(changes)
            return
        left, rules = changes, dict[int, str]()
        for _ in range(2):  # what refers to another row may come before it
            again = []
            for change in left:
                rule = await _refusal(session, asked, seen, [change])
                if rule is None:
                    self.merged.rows += 1
                else:
                    again.append(change)
                    rules[id(change)] = rule
            left = again
        self.merged.refused.update(rules[id(change)] for change in left)

    def _whole(self, view: Known, answer: Any, call: RecordedCall, about: frozenset[str]) -> Any:
        """The answer; where it is a row but for its key, which the call gave, with the key."""
        if not isinstance(answer, dict) or self._entities(view, answer, about):
            return answer
        for key in self._by_key.keys() & call.arguments.keys() - answer.keys():
            named = {key: call.arguments[key], **answer}
            fitting = self._entities(view, named, about)
            if len(fitting) == 1 and view.exists(fitting[0], key_text(named[key])):
                return named
        return answer

    def _rows(self, view: Known, answer: Any, about: frozenset[str]) -> Iterator[tuple[str, Row]]:
        """(entity, row) for every object of an answer that is a row; rows inside rows are part of them."""
        todo, looked_at = [answer], 0
        while todo and looked_at < _MOST:
            part = todo.pop()
            if isinstance(part, list):
                todo.extend(reversed(part))
            elif isinstance(part, dict):
                looked_at += 1
                fitting = self._entities(view, part, about)
                if len(fitting) == 1:
                    yield fitting[0], part
                    continue
                self.merged.refused.update(["ambiguous"] if fitting else [])
                todo.extend(reversed(part.values()))

    def _entities(self, view: Known, shown: dict[str, Any], about: frozenset[str]) -> list[str]:
        """The entities that an object may be a row of: it has their key, no field of another, and enough of theirs.

        The entities that the tool is `about` come before others, and need no more than to be recognisable.
        """
        named = [name for key in shown.keys() & self._by_key.keys() for name in self._by_key[key]]
        fitting = [name for name in named if name in about and _resembles(self._world.entities[name], shown)]
        fitting = fitting or [name for name in named if _has_shape(self._world.entities[name], shown)]
        for better in (self._known(view, shown), self._valid(shown), self._fullest(shown, fitting)):
            if len(fitting) > 1:
                fitting = [name for name in fitting if better(name)] or fitting
        return fitting

    def _known(self, view: Known, shown: dict[str, Any]) -> Callable[[str], bool]:
        return lambda name: view.exists(name, key_text(shown[self._world.entities[name].key]))

    def _valid(self, shown: dict[str, Any]) -> Callable[[str], bool]:
        entities = self._world.entities
        return lambda name: entities[name].validator.holds({**entities[name].blank, **shown})

    def _fullest(self, shown: dict[str, Any], names: list[str]) -> Callable[[str], bool]:
        """Whether as large a part of an entity's fields is shown as of any other of these."""
        shares = {name: len(shown) / len(self._world.entities[name].properties) for name in names}
        return lambda name: shares[name] == max(shares.values())

    def _change(self, view: Known, at: tuple[str, str], shown: Row) -> Change | None:
        entity, key = at
        before = view.get(entity, key)
        if before is None:
            return Change("create", entity, key, None, {**self._world.entities[entity].blank, **shown})
        after = {**before, **shown}
        return None if same(before, after) else Change("update", entity, key, before, after)


def _has_shape(entity: Entity, shown: dict[str, Any]) -> bool:
    """Whether an object has no field of another entity, and all that are required or half of all."""
    properties = entity.properties
    if not _has_key(entity, shown) or not shown.keys() <= properties.keys():
        return False
    required = entity.row.get("required")
    is_whole = isinstance(required, list) and len(required) > 1 and all(name in shown for name in required)
    return is_whole or 2 * len(shown) >= len(properties)


def _resembles(entity: Entity, shown: dict[str, Any]) -> bool:
    """Whether most fields of an object are those of an entity, and the others would be kept."""
    known = shown.keys() & entity.properties.keys()
    is_open = entity.row.get("additionalProperties") is not False
    return _has_key(entity, shown) and (len(known) == len(shown) or (is_open and 2 * len(known) >= len(shown)))


def _has_key(entity: Entity, shown: dict[str, Any]) -> bool:
    """Whether an object has the key of an entity, something besides, and no value that says it is something else."""
    key = shown[entity.key]
    if not is_key(key) or not is_normal(key_text(key)) or len(shown) < min(2, len(entity.properties)):
        return False
    for name, value in shown.items():
        schema = entity.properties.get(name)
        options = schema.get("enum") if isinstance(schema, dict) else None
        if isinstance(options, list) and isinstance(value, str) and value not in options:
            return False
    return True


def _misnamed(step: Step | None, shown: dict[tuple[str, str], Row], found: list[Change]) -> list[Change]:
    """Deletions of what the twin has just created under other keys than the real service."""
    fresh = Counter(change.entity for change in found if change.op == "create")
    gone = []
    for made in step.delta.changes if step is not None else ():
        if made.op == "create" and (made.entity, made.key) not in shown and fresh[made.entity]:
            fresh[made.entity] -= 1
            gone.append(made.inverse())
    return gone


async def _refusal(session: Session, call: Call, seen: Observation, changes: list[Change]) -> str | None:
    """The rule that stands in the way, or None once the changes are committed."""
    try:
        broken = await session.observe(call, seen, StateDelta(tuple(changes)))
    except DeltaRejected:
        return "database"
    return broken[0].rule if broken else None
