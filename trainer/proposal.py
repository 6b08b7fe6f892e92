"""What a world model has to say for a step to come about: the observation, and the changes where it may write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from mcp_sim.worldmodel.wire import compact
from schemas.canonical import canonical
from schemas.rows import key_text, values_at, without
from schemas.types import Change, Entity, Observation, Row, StateDelta, Step, World
from trainer.naming import renamed

_MISSING: Any = object()


def answer_of(step: Step, world: World, *, writes: bool) -> str:
    """What a world model would have to say for a step to come about as it did."""
    observation = step.observation
    if observation.is_error:
        return compact({"error": observation.text})
    content = _content(observation)
    if not writes:
        return content if isinstance(content, str) else compact(content)
    new = {
        key_text(change.after[world.entities[change.entity].key]): f"new-{number}"
        for number, change in enumerate((made for made in step.delta.changes if made.op == "create"), 1)
        if change.after is not None
    }
    changes = [_proposed(change, world) for change in step.delta.changes if not _follows(change, step.delta, world)]
    return proposal(content, changes, new)


def proposal(content: Any, changes: list[dict[str, Any]], new: Mapping[str, str]) -> str:
    """An observation with the changes that go with it; `new`: placeholders in place of the keys of new rows."""
    return compact({"observation": renamed(content, new), "changes": renamed(changes, new)})


def _content(observation: Observation) -> Any:
    """What an observation tells; data with its fields in the order of the service, which only its text has kept."""
    if observation.structured_content is None:
        return observation.text
    try:
        told = orjson.loads(observation.text)
    except orjson.JSONDecodeError:
        return observation.structured_content
    same = canonical(told) == canonical(observation.structured_content)
    return told if same else observation.structured_content


def _follows(change: Change, delta: StateDelta, world: World) -> bool:
    """Whether a change is what the delete of another row brings with it."""
    gone = {(other.entity, other.key) for other in delta.changes if other.op == "delete"} - {
        (change.entity, change.key)
    }
    if change.op == "create" or change.before is None:
        return False
    kept = change.before
    for path, reference in world.entities[change.entity].references.items():
        for _, value in values_at(change.before, path):
            if (reference.to, key_text(value)) in gone:
                if change.op == "delete" and reference.on_delete == "cascade":
                    return True
                kept = without(kept, path, key_text(value)) if reference.on_delete == "set-null" else kept
    return change.op == "update" and kept is not change.before and kept == change.after


def _proposed(change: Change, world: World) -> dict[str, Any]:
    """A change as a world model proposes it: a new row without what is blank anyway, else what is new in it."""
    key = world.entities[change.entity].key
    before, after = change.before or {}, _in_order(change.after or {}, world.entities[change.entity])
    if change.op == "delete":
        row: Row = {key: before[key]}
    else:
        held = world.entities[change.entity].blank if change.op == "create" else before
        row = {name: value for name, value in after.items() if name == key or held.get(name, _MISSING) != value}
    return {"op": change.op, "entity": change.entity, "row": row}


def _in_order(row: Row, entity: Entity) -> Row:
    """A row with its fields in the order of its schema, as questions show it."""
    return {
        name: row[name] for name in (*entity.properties, *sorted(row.keys() - entity.properties.keys())) if name in row
    }
