"""The rules that no committed state ever breaks, as a pure function: the one used to answer, to reward and to grade."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from schemas.canonical import json_problem
from schemas.rows import MAX_KEY, IdPattern, is_key, is_normal, key_text, scalars, values_at
from schemas.types import Change, Entity, Observation, Row, StateDelta, Tool, View, Violation, World
from store.matching import references_to, same
from store.overlay import Overlay


def check(world: World, view: View, delta: StateDelta) -> list[Violation]:
    """Everything that committing `delta` on top of `view` would break; empty when it may be committed."""
    if not delta.changes:
        return []
    found = [violation for change in delta.changes for violation in _check_form(world, change)]
    found += _check_once(delta)
    if found:
        return found
    after = Overlay(world, view, delta)
    return [violation for change in delta.changes for violation in _check_change(world, view, after, change)]


def check_observation(
    tool: Tool, view: View, delta: StateDelta, observation: Observation, arguments: dict[str, Any]
) -> list[Violation]:
    """What is wrong with an answer: it breaks the output schema, or shows an id that does not exist.

    An id may be shown when it exists, is created or deleted by the delta, or was in the call.
    """
    if tool.output is None or observation.is_error:
        return []
    content = observation.structured_content
    if not tool.output.holds(content):
        return [
            Violation("output", "", "", fault.pointer, f"{fault.pointer or 'the answer'}: {fault.message}")
            for fault in tool.output.faults(content)
        ]
    if tool.shown is None:
        return []
    touched = {(change.entity, change.key) for change in delta.changes}
    found: list[Violation] = []
    asked: frozenset[str] | None = None
    for entity, pointer, value in tool.shown(content, "", view.vouches_for):
        key = key_text(value)
        if (entity, key) in touched or view.exists(entity, key):
            continue
        if asked is None:
            asked = frozenset(_texts(arguments))
        if key not in asked:
            message = f"{pointer or 'the answer'}: there is no {entity} '{key}'"
            found.append(Violation("unknown-id", entity, key, pointer, message))
    return found


def check_mentions(
    world: World, view: View, delta: StateDelta, observation: Observation, arguments: dict[str, Any]
) -> list[Violation]:
    """The ids that the texts of an answer mention, as their pattern shows, although no row has them."""
    content = observation.text if observation.structured_content is None else observation.structured_content
    touched = {(change.entity, change.key) for change in delta.changes}
    found, asked = [], "\n".join(_texts(arguments))
    for entity, pattern in mentions(world):
        for key in dict.fromkeys(key for text in _texts(content) for key in pattern.findall(text)):
            if (entity, key) not in touched and not view.exists(entity, key) and key not in asked:
                found.append(Violation("unknown-id", entity, key, "", f"the answer: there is no {entity} '{key}'"))
    return found


@lru_cache(maxsize=64)
def mentions(world: World) -> list[tuple[str, re.Pattern[str]]]:
    """How the ids of each entity look inside a text, where they can be told from plain words and numbers."""
    patterns = ((name, IdPattern(name, entity).recognised()) for name, entity in world.entities.items())
    return [(name, re.compile(rf"(?<![\w-]){found}(?![\w-])")) for name, found in patterns if found is not None]


def _check_form(world: World, change: Change) -> Iterator[Violation]:
    """What can be said of a change without looking at any row: that it is one, and can be kept."""
    name, key, row = change.entity, change.key, change.after
    entity = world.entities.get(name)
    if entity is None:
        yield Violation("schema", name, key, "", f"there is no entity '{name}'")
        return
    if change.op not in ("create", "update", "delete") or (change.op == "delete") != (row is None):
        what = "no row" if row is None else "a row"
        yield Violation("schema", name, key, "", f"'{change.op}' that leaves {what} is no change of a {name}")
        return
    problem = "a key is a text" if not isinstance(key, str) else json_problem(key) or json_problem(row)
    if problem is not None:
        yield Violation("schema", name, key, "", f"{name}: {problem}")
    elif row is not None and not (
        isinstance(row, dict) and is_key(found := row.get(entity.key)) and key_text(found) == key
    ):
        yield Violation("key", name, key, f"/{entity.key}", f"the key of a {name} never changes")
    elif not 1 <= len(key) <= MAX_KEY:
        yield Violation("key", name, key, f"/{entity.key}", f"'{entity.key}' has 1 to {MAX_KEY} characters")


def _check_once(delta: StateDelta) -> Iterator[Violation]:
    if len(delta.changes) == 1:
        return
    seen = set()
    for change in delta.changes:
        at = change.entity, change.key
        if at in seen:
            yield Violation("key", *at, "", f"{change.entity} '{change.key}' changes twice")
        seen.add(at)


def _check_change(world: World, view: View, after: Overlay, change: Change) -> Iterator[Violation]:
    name, key, row = change.entity, change.key, change.after
    entity = world.entities[name]
    before = view.get(name, key)
    if change.op == "create" and before is not None:
        yield Violation("key", name, key, f"/{entity.key}", f"{name} '{key}' exists already")
        return
    if change.op != "create" and before is None:
        yield Violation("key", name, key, f"/{entity.key}", f"there is no {name} '{key}'")
        return
    if change.before is not before and not same(change.before, before):
        message = f"what {name} '{key}' was before the change is not what it is"
        yield Violation("before", name, key, "", message)
    if change.op == "create" and not is_normal(key):
        message = f"{name} '{key}': a key is in Unicode normal form C; write its letters composed"
        yield Violation("normal-form", name, key, f"/{entity.key}", message)
    if row is None:
        yield from _check_delete(world, after, change)
        return
    for fault in entity.validator.faults(row):
        yield Violation("schema", name, key, fault.pointer, f"{fault.pointer.lstrip('/') or name}: {fault.message}")
    if before is not None:
        for field in entity.immutable:
            if not same(before.get(field), row.get(field)):
                yield Violation("immutable", name, key, f"/{field}", f"'{field}' of a {name} never changes")
    for path, reference in entity.references.items():
        for pointer, value in values_at(row, path):
            if not is_key(value) or not after.exists(reference.to, key_text(value)):
                message = f"'{path}': there is no {reference.to} {_shown(value)}{_looks(value)}"
                yield Violation("reference", name, key, pointer, message)
    for group in entity.unique:
        yield from _check_unique(after, change, entity, group, before)


def _check_unique(
    after: Overlay, change: Change, entity: Entity, group: tuple[str, ...], before: Row | None
) -> Iterator[Violation]:
    row = change.after or {}
    wanted = {field: row.get(field) for field in group}
    for field, value in wanted.items():
        if isinstance(value, dict | list):
            message = f"'{field}' is unique: it holds a text, a number or a boolean"
            yield Violation("unique", change.entity, change.key, f"/{field}", message)
            return
    if None in wanted.values() or (before is not None and all(same(before.get(f), v) for f, v in wanted.items())):
        return
    if any(key_text(other[entity.key]) != change.key for other in after.query(change.entity, wanted)):
        shown = ", ".join(f"{field} {_shown(value)}" for field, value in wanted.items())
        message = f"a {change.entity} with {shown} exists already"
        yield Violation("unique", change.entity, change.key, f"/{group[0]}", message)


def _check_delete(world: World, after: Overlay, change: Change) -> Iterator[Violation]:
    for name, path, row in after.referrers(change.entity, change.key):
        if any(found == path for found in references_to(world, name, row, change.entity, change.key)):
            other = key_text(row[world.entities[name].key])
            message = f"{change.entity} '{change.key}' is still referred to by {name} '{other}' ({path})"
            yield Violation("restrict", change.entity, change.key, "", message)


def _texts(value: Any) -> Iterator[str]:
    return (key_text(found) for found in scalars(value) if found is not None)


def _looks(value: Any) -> str:
    return "" if not isinstance(value, str) or is_normal(value) else ", which is not in Unicode normal form C"


def _shown(value: Any) -> str:
    text = f"'{key_text(value)}'" if value is not None else "nothing"
    return text if len(text) <= 100 else f"{text[:98]}…'"
