"""Rows that a real answer shows, recognised by key field and shape, and what they change in the rows of a twin."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.fidelity import NOT_JSON, parsed
from mcp_sim.session import Session
from schemas.recorded import RecordedCall
from schemas.rows import is_key, is_normal, key_text
from schemas.types import Call, Change, Entity, Observation, Row, StateDelta, Step, View, World
from store.errors import DeltaRejected
from store.matching import same

_MOST = 20_000
"""Objects looked at in one answer."""


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
        self.merged = Merged()

    def changes(self, view: View, call: RecordedCall, step: Step | None) -> list[Change]:
        """What has to change in the twin so that its rows are those which the answer to this call shows."""
        if call.is_error or not self._by_key:
            return []
        answer = parsed(call.text) if call.structured is None else call.structured
        if answer is NOT_JSON or not isinstance(answer, dict | list):
            return []
        shown: dict[tuple[str, str], Row] = {}
        for entity, row in self._rows(view, self._whole(view, answer, call)):
            shown[entity, key_text(row[self._world.entities[entity].key])] = row
        found = [change for at, row in shown.items() if (change := self._change(view, at, row)) is not None]
        return [*_misnamed(step, shown, found), *found]

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

    def _whole(self, view: View, answer: Any, call: RecordedCall) -> Any:
        """The answer; where it is a row but for its key, which the call gave, with the key."""
        if not isinstance(answer, dict) or self._entity(view, answer) is not None:
            return answer
        for key in self._by_key.keys() & call.arguments.keys() - answer.keys():
            named = {key: call.arguments[key], **answer}
            entity = self._entity(view, named)
            if entity is not None and view.exists(entity, key_text(named[key])):
                return named
        return answer

    def _rows(self, view: View, answer: Any) -> Iterator[tuple[str, Row]]:
        """(entity, row) for every object of an answer that is a row; rows inside rows are part of them."""
        todo, looked_at = [answer], 0
        while todo and looked_at < _MOST:
            part = todo.pop()
            if isinstance(part, list):
                todo.extend(reversed(part))
            elif isinstance(part, dict):
                looked_at += 1
                entity = self._entity(view, part)
                if entity is None:
                    todo.extend(reversed(part.values()))
                else:
                    yield entity, part

    def _entity(self, view: View, shown: dict[str, Any]) -> str | None:
        """The entity that an object is a row of: it has its key, no field of another, and enough of its own."""
        fitting = [
            name
            for key in shown.keys() & self._by_key.keys()
            for name in self._by_key[key]
            if _has_shape(self._world.entities[name], shown)
        ]
        if len(fitting) > 1:
            known = [name for name in fitting if view.exists(name, key_text(shown[self._world.entities[name].key]))]
            fitting = known or fitting
        if len(fitting) > 1:
            most = max(_coverage(self._world.entities[name], shown) for name in fitting)
            fitting = [name for name in fitting if _coverage(self._world.entities[name], shown) == most]
        if len(fitting) > 1:
            self.merged.refused["ambiguous"] += 1
        return fitting[0] if len(fitting) == 1 else None

    def _change(self, view: View, at: tuple[str, str], shown: Row) -> Change | None:
        entity, key = at
        before = view.get(entity, key)
        if before is None:
            return Change("create", entity, key, None, {**self._world.entities[entity].blank, **shown})
        after = {**before, **shown}
        return None if same(before, after) else Change("update", entity, key, before, after)


def _has_shape(entity: Entity, shown: dict[str, Any]) -> bool:
    properties = entity.properties
    key = shown[entity.key]
    if not is_key(key) or not is_normal(key_text(key)) or len(shown) < min(2, len(properties)):
        return False
    if not shown.keys() <= properties.keys():
        return False
    required = entity.row.get("required")
    is_whole = isinstance(required, list) and len(required) > 1 and all(name in shown for name in required)
    return is_whole or 2 * len(shown) >= len(properties)


def _coverage(entity: Entity, shown: dict[str, Any]) -> float:
    return len(shown) / len(entity.properties)


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
