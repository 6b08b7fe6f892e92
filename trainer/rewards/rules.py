"""The rule verifiers: what can be said of an answer for certain, with yes or no.

A rule does not apply where it has nothing to look at, nor where the real answer itself breaks it: recorded services
disobey their own schemas, and a question shows only a part of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from mcp_sim.fidelity import Leaf, same_text
from mcp_sim.responders.base import refusal
from mcp_sim.responders.worldmodel.proposal import Proposals
from mcp_sim.worldmodel.parse import Unreadable
from schemas.rows import is_key, key_text
from schemas.types import Observation, Row, StateDelta, Violation
from store.integrity import check, check_mentions, check_observation
from store.matching import same
from trainer.rewards.classes import content, is_low_salience
from trainer.rewards.glimpse import Glimpse
from trainer.rewards.scene import Reading, Scene, identity, objects

RULES = ("schema", "fields", "integrity", "status", "error_text", "read_your_writes")

Place = tuple[str, str, str]
"""Of a field: the entity, or what identifies the object; the key; the name."""
Verdicts = dict[str, bool | None]
"""By rule: whether the answer keeps it; None where it does not apply."""


def verify(scene: Scene, reading: Reading) -> Verdicts:
    """Hold an answer against every rule."""
    return {
        "schema": _keeps_schema(scene, reading),
        "fields": _keeps_fields(scene, reading),
        "integrity": _keeps_integrity(scene, reading),
        "status": reading.is_error == scene.gold.is_error,
        "error_text": same_text(reading.text, scene.gold.text) if scene.gold.is_error else None,
        "read_your_writes": _keeps_rows(scene, reading),
    }


def violations(scene: Scene, reading: Reading) -> list[Violation]:
    """What `store.integrity` says of an answer: of its changes, of the ids it shows and of those it mentions."""
    tool = scene.tool
    if tool is None or reading.said.is_error:
        return []
    view = scene.view()
    try:
        observation, delta = _proposed(scene, reading, view)
    except Unreadable as error:
        return [Violation("unreadable", "", "", "", str(error))]
    found = check(scene.world, view, delta)
    found += check_observation(tool, view, delta, observation, scene.arguments)
    return found or check_mentions(scene.world, view, delta, observation, scene.arguments)


def unexcused(scene: Scene, reading: Reading) -> list[Violation]:
    """The violations of an answer, without those of rules that the real answer breaks as well."""
    excused = _broken(scene)
    return [found for found in violations(scene, reading) if found.rule not in excused]


def contradictions(scene: Scene, reading: Reading) -> tuple[int, int]:
    """How many fields of rows the answer shows although the rows say otherwise, and how many it shows in all.

    The rows are those in view, as the changes of the answer leave them. Fields in which the real answer differs from
    the row as well are not counted: the service says there something else than it keeps.
    """
    wrong = shown = 0
    kept = _kept_otherwise(scene)
    for path, is_right in _held(scene, reading):
        if path not in kept:
            shown += 1
            wrong += not is_right
    return wrong, shown


@lru_cache(maxsize=256)
def _broken(scene: Scene) -> frozenset[str]:
    """The rules that the real answer breaks, as far as can be seen."""
    return frozenset(found.rule for found in violations(scene, scene.gold))


@lru_cache(maxsize=256)
def _decided(scene: Scene) -> frozenset[Leaf]:
    """The low-salience leaves of the real answer that are facts."""
    return frozenset(leaf for leaf in scene.gold.leaves if is_low_salience(leaf) and content(leaf, scene) == "fact")


@lru_cache(maxsize=256)
def _kept_otherwise(scene: Scene) -> frozenset[Place]:
    return frozenset(path for path, is_right in _held(scene, scene.gold) if not is_right)


def _keeps_schema(scene: Scene, reading: Reading) -> bool | None:
    output = None if scene.tool is None else scene.tool.output
    if output is None or reading.is_error or scene.gold.is_error:
        return None
    return output.holds(_observation(reading)) if output.holds(_observation(scene.gold)) else None


def _keeps_fields(scene: Scene, reading: Reading) -> bool | None:
    wanted = _decided(scene)
    return wanted <= reading.leaves if wanted else None


def _keeps_integrity(scene: Scene, reading: Reading) -> bool | None:
    if scene.tool is None or scene.gold.is_error:
        return None
    return not unexcused(scene, reading)


def _keeps_rows(scene: Scene, reading: Reading) -> bool | None:
    if scene.gold.is_error or not contradictions(scene, scene.gold)[1]:
        return None
    return contradictions(scene, reading)[0] == 0


def _observation(reading: Reading) -> Any:
    return reading.said.observation


def _children_first(changes: list[Any], scene: Scene, view: Glimpse) -> list[Any]:
    """The changes with their deletes at the end, those of rows that refer to others before those of the others.

    A question does not tell what a delete does to what refers to the row, so all of it has to be proposed.
    """
    kept, gone = [], {}
    for change in changes:
        row, entity = (change.get("row"), change.get("entity")) if isinstance(change, dict) else (None, None)
        definition = scene.world.entities.get(entity) if isinstance(entity, str) else None
        if definition is None or not isinstance(row, dict) or change.get("op") != "delete":
            kept.append(change)
        else:
            gone[str(entity), key_text(row.get(definition.key))] = change
    while gone:
        free = [at for at in gone if not any(_at(scene, found) in gone for found in view.referrers(*at))]
        for at in free or list(gone):
            kept.append(gone.pop(at))
    return kept


def _at(scene: Scene, referrer: tuple[str, str, Row]) -> tuple[str, str]:
    entity, _, row = referrer
    return entity, key_text(row[scene.world.entities[entity].key])


def _proposed(scene: Scene, reading: Reading, view: Glimpse) -> tuple[Observation, StateDelta]:
    tool = scene.tool
    assert tool is not None, "asked only where there is one"
    said = reading.said
    if scene.writes:
        if said.changes:
            said = replace(said, changes=_children_first(said.changes, scene, view))
        observation, delta, _ = Proposals(tool, scene.world, writes=True).read(said, view)
        return observation, delta
    if reading.is_error:
        return refusal(reading.text, 400), StateDelta()
    structured = None if tool.output_schema is None else said.observation
    return Observation(reading.text, structured), StateDelta()


def _held(scene: Scene, reading: Reading) -> Iterator[tuple[Place, bool]]:
    """For each field that is held somewhere and that an answer shows: where, and whether it says the same."""
    if reading.is_error:
        return
    view = scene.view()
    rows = {(entity, key): row for entity, key, row in view.rows}
    if scene.writes:
        try:
            _, delta = _proposed(scene, reading, view)
        except Unreadable:
            return
        rows |= {(change.entity, change.key): change.after or {} for change in delta.changes}
    keys = [(name, entity.key) for name, entity in scene.world.entities.items()]
    shows = _observation(reading) if scene.writes else reading.value
    for part in objects(shows):
        found = [
            (at, row)
            for entity, field in keys
            if is_key(part.get(field)) and (row := rows.get(at := (entity, key_text(part[field]))))
        ]
        if not rows and (told := identity(part)) is not None and told in scene.told:
            found = [(told, scene.told[told])]
        for at, row in found:
            for name in part.keys() & row.keys():
                yield (*at, name), same(part[name], row[name])
