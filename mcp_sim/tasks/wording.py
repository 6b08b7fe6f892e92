"""An instruction: the wanted outcome in words, and not the calls that lead there."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from mcp_sim.tasks.names import Names, said, word
from mcp_sim.tasks.outcome import At, Outcome
from schemas.types import Row, World
from store.matching import same

MAX_LINES = 12
"""Sentences of one instruction; more would be a list of changes and no task."""

_OPENINGS = (
    "You work with the tools of {place}. When you are done, this holds, and nothing else has changed:",
    "Please see to this at {place}. In the end it has to be as follows, with everything else left as it is:",
    "{place} needs your help. Bring about exactly this, and change nothing beyond it:",
    "Here is what has to be true at {place} when you have finished; all the rest stays the way it is:",
)


def instruction(
    world: World, chance: Random, names: Names, found: Sequence[Outcome], chosen: frozenset[At]
) -> str | None:
    """What the agent is told of these outcomes; None if that would be too much.

    Args:
        world: where.
        chance: chooses the words.
        names: names the rows.
        found: what the rows have to come to.
        chosen: rows that the calls named; what became of others follows from them, and these need not be looked for.
    """
    fresh = {one.at: f"the new {word(one.entity)}" for one in found if one.op == "create"}
    first = [one for one in found if one.demands and (one.at in chosen or one.op == "create")]
    second = [one for one in found if one.demands and one not in first]
    lines = [_sentence(one, names, fresh, may_hide=True) for one in first]
    also = _together(second, names, fresh)
    if not lines + also or len(lines) + len(also) > MAX_LINES:
        return None
    opening = chance.choice(_OPENINGS).format(place=world.title or world.name)
    told = [opening[0].upper() + opening[1:], *(f"- {line}" for line in lines)]
    if also:
        told += ["This goes with it:" if lines else "", *(f"- {line}" for line in also)]
    return "\n".join(line for line in told if line)


def _sentence(outcome: Outcome, names: Names, fresh: dict[At, str], *, may_hide: bool) -> str:
    facts = _facts(outcome, names, fresh, may_hide=may_hide)
    if outcome.op == "create":
        return f"There is one more {word(outcome.entity)}{': ' + facts if facts else ''}."
    name = names.of(outcome.entity, outcome.key, may_hide=may_hide)
    name = name[0].upper() + name[1:]
    return f"{name} is gone." if outcome.op == "delete" else f"{name}: {facts}."


def _together(found: Sequence[Outcome], names: Names, fresh: dict[At, str]) -> list[str]:
    """What follows, rows that come to the same told together."""
    groups: dict[tuple[str, str, str], list[Outcome]] = {}
    for one in found:
        facts = "" if one.op == "delete" else _facts(one, names, fresh, may_hide=False)
        groups.setdefault((one.op, one.entity, facts), []).append(one)
    lines = []
    for (op, entity, facts), members in groups.items():
        keys = ", ".join(one.key for one in members)
        subject = f"{word(entity)} {keys}"
        lines.append(f"{subject}: {facts}." if op != "delete" else f"{subject} is gone.")
    return [line[0].upper() + line[1:] for line in lines]


def _facts(outcome: Outcome, names: Names, fresh: dict[At, str], *, may_hide: bool) -> str:
    entity, told = outcome.entity, []
    for field, at in outcome.fresh.items():
        told.append(f"{names.field(entity, field)} is {fresh[at]}")
    for field, value in outcome.fields.items():
        before = None if outcome.before is None else outcome.before.get(field)
        name = names.field(entity, field)
        if _is_nested(value) and isinstance(before, list):
            told += _differences(name, before, value)
        else:
            told.append(names.fact(entity, field, value, may_hide=may_hide))
    for field, (_, item) in outcome.items.items():
        told.append(f"{names.field(entity, field)} has one more entry, with {_listed(item)}")
    return "; ".join(told)


def _differences(name: str, before: list[Any], after: list[Any]) -> list[str]:
    """What is different in a list of objects."""
    if len(before) == len(after):
        told = []
        for old, new in zip(before, after, strict=True):
            changed = {part: value for part, value in new.items() if not same(old.get(part), value)}
            if changed:
                told.append(f"in {name}, the one with {_listed(_first(old, changed))} has {_listed(changed)}")
        return told
    told = [f"{name} has one more entry, with {_listed(new)}" for new in after if not _has(before, new)]
    told += [f"{name} no longer has the one with {_listed(_first(old, {}))}" for old in before if not _has(after, old)]
    return told


def _first(item: Row, changed: Row) -> Row:
    """What an item of a list is known by: the first thing in it that stays."""
    staying = [part for part in item if part not in changed] or list(item)
    return {part: item[part] for part in staying[:1]}


def _has(items: list[Any], wanted: Any) -> bool:
    return any(same(item, wanted) for item in items)


def _listed(item: Row) -> str:
    return ", ".join(f"{word(part.removesuffix('_id'))} {said(value)}" for part, value in item.items())


def _is_nested(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(part, dict) for part in value)
