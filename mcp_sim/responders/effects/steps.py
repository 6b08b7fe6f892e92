"""Every verb of the effect language except `list`, as functions over a Run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp_sim.responders.effects.listing import compile_list
from mcp_sim.responders.effects.run import OMIT, Refusal, Run
from schemas.effects import (
    Append,
    Compute,
    Create,
    Delete,
    Edit,
    ForEach,
    Imagine,
    Link,
    List,
    Read,
    Require,
    Unlink,
    Update,
)
from schemas.expressions import Template, parse, parse_template
from schemas.rows import key_text
from schemas.types import Row, World
from store.overlay import Restricted

Step = Callable[[Run], None]


def compile_steps(steps: list[Any], world: World, at: str) -> Step:
    """A list of steps as one function."""
    compiled = [(f"{at}/{index}", _guarded(step, world, f"{at}/{index}")) for index, step in enumerate(steps)]

    def run(state: Run) -> None:
        for pointer, step in compiled:
            state.at = pointer
            step(state)

    return run


def _guarded(step: Any, world: World, at: str) -> Step:
    compiled = _compile(step, world, at)
    if step.when is None:
        return compiled
    when, results = parse(step.when), _results(step)

    def run(state: Run) -> None:
        if state.value(when):
            compiled(state)
            return
        for name in results:
            state.names.setdefault(name, None)

    return run


def _results(step: Any) -> tuple[str, ...]:
    """The names that a step gives; a skipped one gives null to those that are new."""
    match step:
        case Compute():
            return tuple(step.compute)
        case Imagine():
            return (step.imagine,)
        case List():
            return (step.as_ or f"{step.list}s",)
        case Require() | Delete() | ForEach():
            return ()
    return (step.as_ or getattr(step, type(step).__name__.lower()),)


def _compile(step: Any, world: World, at: str) -> Step:
    match step:
        case Require():
            return _require(step)
        case Read():
            return _read(step)
        case List():
            return compile_list(step)
        case Create():
            return _create(step, world)
        case Update():
            return _update(step, world)
        case Delete():
            return _delete(step)
        case Link() | Unlink() | Append() | Edit():
            return _change_list(step)
        case ForEach():
            return _for_each(step, world, at)
        case Compute():
            return _compute(step)
        case Imagine():
            return _imagine(step)
    raise AssertionError(step)


def _require(step: Require) -> Step:
    condition, error = parse(step.require), parse_template(step.error)

    def run(state: Run) -> None:
        if not state.value(condition):
            raise Refusal(state.text(error), step.status)

    return run


def _read(step: Read) -> Step:
    name, entity = step.as_ or step.read, step.read
    key = parse(step.key) if step.key is not None else None
    match = {field: parse_template(value) for field, value in step.match.items()}
    missing = _optional(step.missing)

    def run(state: Run) -> None:
        if key is not None:
            at = state.value(key)
            row = None if at is None else state.rows.get(entity, key_text(at))
            shown = f"'{key_text(at)}'"
        else:
            wanted = {field: value for field, item in match.items() if (value := state.render(item)) is not OMIT}
            row = next(iter(state.rows.query(entity, wanted)), None)
            shown = "with " + ", ".join(f"{field} '{value}'" for field, value in wanted.items())
        if row is None and not step.optional:
            text = state.text(missing) if missing else f"{entity.replace('_', ' ').capitalize()} {shown} not found"
            raise Refusal(text, 404)
        state.names[name] = row

    return run


def _create(step: Create, world: World) -> Step:
    name, entity = step.as_ or step.create, step.create
    definition, values = world.entities[entity], parse_template(step.values)

    def run(state: Run) -> None:
        given = _object(state.render(values))
        if given.get(definition.key) is None:
            given = {**given, definition.key: state.rows.new_id(entity)}
        row = {**definition.blank, **given}
        row = {field: row[field] for field in [*definition.properties, *given] if field in row}
        if state.rows.exists(entity, key_text(row[definition.key])):
            raise Refusal(f"{entity.replace('_', ' ').capitalize()} '{row[definition.key]}' exists already", 409)
        state.rows.put(entity, row)
        state.names[name] = row

    return run


def _update(step: Update, world: World) -> Step:
    name, entity = step.as_ or step.update, step.update
    field = world.entities[entity].key
    key, values, missing = parse(step.key), parse_template(step.set), _optional(step.missing)

    def run(state: Run) -> None:
        before = state.existing(entity, state.key(key), missing)
        after = {**before, **_object(state.render(values))}
        if after[field] != before[field]:
            raise Refusal(f"The {field} of a {entity.replace('_', ' ')} never changes", 409)
        state.rows.put(entity, after)
        state.names[name] = after

    return run


def _delete(step: Delete) -> Step:
    key, missing, restricted = parse(step.key), _optional(step.missing), _optional(step.restricted)

    def run(state: Run) -> None:
        at = state.key(key)
        state.existing(step.delete, at, missing)
        try:
            state.rows.delete(step.delete, at)
        except Restricted as error:
            state.names.update(blocker=error.blocker, count=error.count)
            raise Refusal(state.text(restricted) if restricted else str(error), 409) from None

    return run


def _change_list(step: Link | Unlink | Append | Edit) -> Step:
    entity: str = getattr(step, type(step).__name__.lower())
    name, key = step.as_ or entity, parse(step.key)
    change = _list_change(step)

    def run(state: Run) -> None:
        row = state.existing(entity, state.key(key), None)
        after = {**row, step.field: change(state, list(row.get(step.field) or []))}
        state.rows.put(entity, after)
        state.names[name] = after

    return run


def _list_change(step: Link | Unlink | Append | Edit) -> Callable[[Run, list[Any]], list[Any]]:
    match step:
        case Link():
            to = parse(step.to)
            return lambda state, items: [*items, target] if (target := state.value(to)) not in items else items
        case Unlink():
            gone = parse(step.to)
            return lambda state, items: [item for item in items if item != state.value(gone)]
        case Append():
            value = parse_template(step.value)
            return lambda state, items: items if (item := state.render(value)) is OMIT else [*items, item]
        case Edit():
            return _edit(step)


def _edit(step: Edit) -> Callable[[Run, list[Any]], list[Any]]:
    where, values = parse(step.where), parse_template(step.set)

    def change(state: Run, items: list[Any]) -> list[Any]:
        changed = []
        for item in items:
            state.names["item"] = item
            if not state.value(where):
                changed.append(item)
            elif not step.remove:
                fresh = state.render(values)
                fresh = item if fresh is OMIT else fresh
                changed.append({**item, **fresh} if isinstance(item, dict) and isinstance(fresh, dict) else fresh)
        return changed

    return change


def _for_each(step: ForEach, world: World, at: str) -> Step:
    items, body = parse(step.for_each), compile_steps(step.steps, world, f"{at}/steps")

    def run(state: Run) -> None:
        for item in state.value(items) or []:
            state.turn()
            state.names[step.as_] = item
            body(state)

    return run


def _compute(step: Compute) -> Step:
    values = {name: parse_template(value) for name, value in step.compute.items()}

    def run(state: Run) -> None:
        for name, value in values.items():
            found = state.render(value)
            state.names[name] = None if found is OMIT else found

    return run


def _imagine(step: Imagine) -> Step:
    about, schema = parse_template(step.about), dict(step.form)

    def run(state: Run) -> None:
        state.names[step.imagine] = state.imagined(step.imagine, schema, state.text(about))

    return run


def _object(value: Any) -> Row:
    if value is OMIT:
        return {}
    if not isinstance(value, dict):
        raise TypeError("values must be an object")
    return value


def _optional(text: str | None) -> Template | None:
    return None if text is None else parse_template(text)
