"""What a path comes to, whatever the moment: rows that are there, are gone, or hold other values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.rows import key_text, scalars
from schemas.types import Change, Op, Row, World
from store.matching import same

At = tuple[str, str]


@dataclass(frozen=True)
class Outcome:
    """What became of one row.

    Attributes:
        before: the row at the start, unless it is new.
        fields: what it holds now that it did not hold before; of a new row, what matters of it.
        fresh: fields that refer to a row which is new as well: field to entity and key.
        items: what was put at the end of lists whose items also hold times: field to the length, and the last item
            without these.
        passing: fields that changed and depend on the moment.
    """

    op: Op
    entity: str
    key: str
    before: Row | None
    fields: dict[str, Any] = field(default_factory=dict)
    fresh: dict[str, At] = field(default_factory=dict)
    items: dict[str, tuple[int, Row]] = field(default_factory=dict)
    passing: tuple[str, ...] = ()

    @property
    def at(self) -> At:
        """Which row."""
        return self.entity, self.key

    @property
    def demands(self) -> bool:
        """Whether it says anything that has to come true."""
        return self.op != "update" or bool(self.fields or self.fresh or self.items)


def outcomes(
    world: World, changes: Sequence[Change], later: Sequence[Change], given: frozenset[str]
) -> list[Outcome] | None:
    """What the same path came to at two different moments; None if that is not the same, or cannot be told.

    Args:
        world: where.
        changes: what it changed at one moment.
        later: what it changed at another one.
        given: names of the arguments of its calls: fields of new rows that have such a name matter.
    """
    others = {(change.entity, change.key): change for change in later}
    if others.keys() != {(change.entity, change.key) for change in changes}:
        return None
    created = {(change.entity, change.key) for change in changes if change.op == "create"}
    found = []
    for change in changes:
        other = others[change.entity, change.key]
        if other.op != change.op:
            return None
        outcome = _outcome(world, change, other, created, given)
        if outcome is None:
            return None
        found.append(outcome)
    return found


def _outcome(world: World, change: Change, other: Change, created: set[At], given: frozenset[str]) -> Outcome | None:
    before, after, later = change.before, change.after, other.after
    if after is None or later is None:
        return Outcome(change.op, change.entity, change.key, before)
    definition = world.entities[change.entity]
    fields: dict[str, Any] = {}
    fresh: dict[str, At] = {}
    items: dict[str, tuple[int, Row]] = {}
    passing = []
    for name, value in after.items():
        if name == definition.key or (before is not None and same(before.get(name), value)):
            continue
        reference = definition.references.get(name)
        if reference is not None and isinstance(value, str | int) and (reference.to, key_text(value)) in created:
            fresh[name] = reference.to, key_text(value)
        elif _names(value, created):
            if before is not None:
                return None
        elif not same(value, later.get(name)):
            passing.append(name)
            item = _last_item(before, value, later.get(name), name)
            if item is not None:
                items[name] = item
        elif before is not None or _matters(name, value, given):
            fields[name] = value
    return Outcome(change.op, change.entity, change.key, before, fields, fresh, items, tuple(passing))


def _matters(name: str, value: Any, given: frozenset[str]) -> bool:
    """Whether a new row has to hold this: what somebody chose, or tells it from others; no computed lists."""
    if name in given:
        return value is not None
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(part, dict | list) for part in value)):
        return False
    return value not in (None, "", 0, False) and value != []


def _names(value: Any, created: set[At]) -> bool:
    """Whether a value tells the key of a row that is new: another path may give it another key."""
    keys = {key for _, key in created}
    return any(key in text for text in _texts(value) for key in keys if len(key) > 2)


def _last_item(before: Row | None, value: Any, later: Any, name: str) -> tuple[int, Row] | None:
    """How long a list has become by one item, and what of that item does not depend on the moment."""
    old = (before or {}).get(name)
    if not isinstance(value, list) or not isinstance(later, list) or not isinstance(old, list):
        return None
    if len(value) != len(old) + 1 or len(later) != len(value) or not isinstance(value[-1], dict):
        return None
    if not same(value[:-1], old):
        return None
    stable = {part: held for part, held in value[-1].items() if same(held, later[-1].get(part)) and _is_plain(held)}
    return (len(value), stable) if stable else None


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _texts(value: Any) -> Iterator[str]:
    return (found for found in scalars(value) if isinstance(found, str))
