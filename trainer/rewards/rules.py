"""The rule verifiers: what can be said of an answer for certain, with yes or no.

A rule does not apply where it has nothing to look at, nor where the real answer itself breaks it: recorded services
disobey their own schemas, and a question shows only a part of the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from mcp_sim.fidelity import Leaf, same_text
from mcp_sim.responders.base import refusal
from mcp_sim.responders.worldmodel.proposal import Proposals
from mcp_sim.worldmodel.parse import Unreadable
from schemas.rows import is_key, key_text, scalars
from schemas.types import Observation, Row, StateDelta, View, Violation
from store.integrity import check, check_mentions, check_observation
from store.matching import same
from store.overlay import Overlay
from store.shelf import At
from trainer.rewards.classes import content, is_low_salience
from trainer.rewards.target import Reading, Target, identity, objects

RULES = ("schema", "fields", "integrity", "status", "error_text", "read_your_writes", "changes")

_DIGITS = re.compile(r"\d+")
Place = tuple[str, str, str]
"""Of a field: the entity, or what identifies the object; the key; the name."""
Verdicts = dict[str, bool | None]
"""By rule: whether the answer keeps it; None where it does not apply."""


def verify(target: Target, reading: Reading) -> Verdicts:
    """Hold an answer against every rule."""
    return {
        "schema": _keeps_schema(target, reading),
        "fields": _keeps_fields(target, reading),
        "integrity": _keeps_integrity(target, reading),
        "status": reading.is_error == target.gold.is_error,
        "error_text": same_text(reading.text, target.gold.text) if target.gold.is_error else None,
        "read_your_writes": _keeps_rows(target, reading),
        "changes": _keeps_changes(target, reading),
    }


def violations(target: Target, reading: Reading) -> list[Violation]:
    """What `store.integrity` says of an answer: of its changes, of the ids it shows and of those it mentions."""
    tool = target.tool
    if tool is None or reading.said.is_error:
        return []
    view = target.view()
    found: list[Violation] = []
    try:
        observation, delta = _proposed(target, reading, view)
    except Unreadable as error:  # it may speak of rows that are out of sight: what it shows can be checked all the same
        found.append(Violation("unreadable", "", "", "", str(error)))
        structured = None if tool.output_schema is None else reading.said.observation
        observation, delta = Observation(reading.text, structured), StateDelta()
    found += check(target.world, view, delta)
    found += check_observation(tool, view, delta, observation, target.arguments)
    if not any(one.rule == "unknown-id" for one in found):
        found += check_mentions(target.world, view, delta, observation, target.arguments)
    if not any(one.rule == "unknown-id" for one in found):
        found += _invented(target, observation)
    return found


def unexcused(target: Target, reading: Reading) -> list[Violation]:
    """The violations of an answer, without those of rules that the real answer breaks as well."""
    excused = _broken(target)
    return [found for found in violations(target, reading) if found.rule not in excused]


def contradictions(target: Target, reading: Reading) -> tuple[int, int]:
    """How many fields of rows the answer shows although the rows say otherwise, and how many it shows in all.

    The rows are those in view, as the changes of the answer leave them. Fields in which the real answer differs from
    the row as well are not counted: the service says there something else than it keeps.
    """
    wrong = shown = 0
    kept = _kept_otherwise(target)
    for path, is_right in _held(target, reading):
        if path not in kept:
            shown += 1
            wrong += not is_right
    return wrong, shown


def _invented(target: Target, observation: Observation) -> Iterator[Violation]:
    """Ids of the form that keys in view have, and that nobody knows; with the state itself nobody has to guess."""
    if target.ground is not None:
        return
    forms = _forms(target)
    content = observation.text if observation.structured_content is None else observation.structured_content
    for key in dict.fromkeys(text for text in scalars(content) if isinstance(text, str)):
        if _DIGITS.sub("#", key) in forms and not target.knows(key):
            yield Violation("unknown-id", "", key, "", f"the answer: nothing is known of '{key}'")


@lru_cache(maxsize=256)
def _forms(target: Target) -> frozenset[str]:
    """How the keys in view look, with one sign for any run of digits."""
    keys = target.record.facts.get("rows")
    texts = [str(row[-1]) for row in keys if isinstance(row, list | tuple) and row] if isinstance(keys, list) else []
    return frozenset(_DIGITS.sub("#", key) for key in texts if not key.isdigit() and any(map(str.isdigit, key)))


@lru_cache(maxsize=256)
def _broken(target: Target) -> frozenset[str]:
    """The rules that the real answer breaks, as far as can be seen."""
    return frozenset(found.rule for found in violations(target, target.gold))


@lru_cache(maxsize=256)
def _decided(target: Target) -> frozenset[Leaf]:
    """The low-salience leaves of the real answer that are facts."""
    return frozenset(leaf for leaf in target.gold.leaves if is_low_salience(leaf) and content(leaf, target) == "fact")


@lru_cache(maxsize=256)
def _kept_otherwise(target: Target) -> frozenset[Place]:
    return frozenset(path for path, is_right in _held(target, target.gold) if not is_right)


def _keeps_schema(target: Target, reading: Reading) -> bool | None:
    output = None if target.tool is None else target.tool.output
    if output is None or reading.is_error or target.gold.is_error:
        return None
    return output.holds(_observation(reading)) if output.holds(_observation(target.gold)) else None


def _keeps_fields(target: Target, reading: Reading) -> bool | None:
    wanted = _decided(target)
    return wanted <= reading.leaves if wanted else None


def _keeps_integrity(target: Target, reading: Reading) -> bool | None:
    if target.tool is None or target.gold.is_error:
        return None
    return not unexcused(target, reading)


def _keeps_rows(target: Target, reading: Reading) -> bool | None:
    if target.gold.is_error or not contradictions(target, target.gold)[1]:
        return None
    return contradictions(target, reading)[0] == 0


def _keeps_changes(target: Target, reading: Reading) -> bool | None:
    """What comes of the proposal is what the call changes."""
    if not target.writes or target.gold.is_error:
        return None
    if target.ground is None:
        return not reading.is_error and target.gold.value["changes"] == reading.value["changes"]
    try:
        _, wanted = _proposed(target, target.gold, target.view())
    except Unreadable:
        return None
    try:
        _, delta = _proposed(target, reading, target.view())
    except Unreadable:
        return False
    return _same_delta(wanted, delta)


def _same_delta(one: StateDelta, other: StateDelta) -> bool:
    first, second = ({(change.entity, change.key): change.after for change in delta.changes} for delta in (one, other))
    return first.keys() == second.keys() and all(same(row, second[at]) for at, row in first.items())


def _observation(reading: Reading) -> Any:
    return reading.said.observation


def _children_first(changes: list[Any], target: Target, view: View) -> list[Any]:
    """The changes with their deletes at the end, those of rows that refer to others before those of the others.

    A question does not tell what a delete does to what refers to the row, so all of it has to be proposed.
    """
    kept, gone = [], {}
    for change in changes:
        row, entity = (change.get("row"), change.get("entity")) if isinstance(change, dict) else (None, None)
        definition = target.world.entities.get(entity) if isinstance(entity, str) else None
        if definition is None or not isinstance(row, dict) or change.get("op") != "delete":
            kept.append(change)
        else:
            gone[str(entity), key_text(row.get(definition.key))] = change
    while gone:
        free = [at for at in gone if not any(_at(target, found) in gone for found in view.referrers(*at))]
        for at in free or list(gone):
            kept.append(gone.pop(at))
    return kept


def _at(target: Target, referrer: tuple[str, str, Row]) -> tuple[str, str]:
    entity, _, row = referrer
    return entity, key_text(row[target.world.entities[entity].key])


def _proposed(target: Target, reading: Reading, view: View) -> tuple[Observation, StateDelta]:
    tool = target.tool
    assert tool is not None, "asked only where there is one"
    said = reading.said
    if target.writes:
        if said.changes:
            said = replace(said, changes=_children_first(said.changes, target, view))
        observation, delta, _ = Proposals(tool, target.world, writes=True).read(said, view)
        return observation, delta
    if reading.is_error:
        return refusal(reading.text, 400), StateDelta()
    structured = None if tool.output_schema is None else said.observation
    return Observation(reading.text, structured), StateDelta()


def _held(target: Target, reading: Reading) -> Iterator[tuple[Place, bool]]:
    """For each field that is held somewhere and that an answer shows: where, and whether it says the same."""
    if reading.is_error:
        return
    view = target.view()
    delta = StateDelta()
    if target.writes:
        try:
            _, delta = _proposed(target, reading, view)
        except Unreadable:
            return
    after = Overlay(target.world, view, delta)
    keys = [(name, entity.key) for name, entity in target.world.entities.items()]
    shows = reading.said.observation if target.writes else reading.value
    for part in objects(shows):
        found = [
            (at, row)
            for entity, field in keys
            if is_key(part.get(field)) and (row := _row(after, view, at := (entity, key_text(part[field])))) is not None
        ]
        if not target.shown.rows and (told := identity(part)) is not None and told in target.told:
            found = [(told, target.told[told])]
        for at, row in found:
            for name in part.keys() & row.keys():
                yield (*at, name), same(part[name], row[name])


def _row(after: Overlay, view: View, at: At) -> Row | None:
    """The row as the answer leaves it, or as it was before it went."""
    return after.get(*at) or view.get(*at)
