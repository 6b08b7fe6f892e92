"""What a world model is to answer: the observation, and the changes where the call may write."""

from __future__ import annotations

from mcp_sim.worldmodel.wire import spoken
from schemas.rows import key_text, scalars
from schemas.types import Change, Row, World
from store.matching import same
from trainer.proposal import answer_of, proposal
from trainer.tailor.intents.scene import Scene


def placeholders(scene: Scene) -> dict[str, str]:
    """What stands in an answer for the keys of rows that the call makes, as the wording asks for it."""
    changes = scene.moment.step.delta.changes
    made = [change.key for change in changes if _op(scene, change) == "create" and not change.key.isdigit()]
    return {key: f"new-{number}" for number, key in enumerate(made, 1)}


def target(scene: Scene) -> str:
    """The answer of a call as a world model is to give it when it is served: with the changes where it may write.

    Of a recorded call, the rows are known as far as calls told of them, and so are its changes.
    """
    step = scene.moment.step
    if scene.moment.run.steps is not None:
        return answer_of(step, scene.moment.world, writes=scene.writes)
    if step.observation.is_error or not scene.writes:
        return spoken(step.observation)
    said = scene.moment.answer if scene.moment.is_json else step.observation.text
    changes = [
        {"op": _op(scene, change), "entity": change.entity, "row": _changed(scene.moment.world, change)}
        for change in step.delta.changes
    ]
    return proposal(said, changes, placeholders(scene))


def _op(scene: Scene, change: Change) -> str:
    """What a change does. A row that was not known before, and that the call names, was there all the same."""
    was_there = scene.moment.run.steps is None and change.key in map(
        key_text, scalars(scene.moment.step.call.arguments)
    )
    return "update" if change.op == "create" and was_there else change.op


def _changed(world: World, change: Change) -> Row:
    """What a proposal says of a row: its key, and the fields that change."""
    key, before, after = world.entities[change.entity].key, change.before or {}, change.after
    if after is None:
        return {key: before.get(key)}
    if change.op == "create":
        return {name: value for name, value in after.items() if value is not None}
    return {name: value for name, value in after.items() if name == key or not same(before.get(name), value)}
