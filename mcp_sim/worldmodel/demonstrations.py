"""Recorded traces as demonstrations: how the real service, or a good world model, answered before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.types import Demonstration, Step, World

MOST = 2_000
"""Demonstrations that a world keeps; beyond, the latest win."""


def with_demonstrations(world: World, steps: Iterable[Step]) -> World:
    """The world with what the steps show of its tools; a session keeps the world, so they stay as they are for it.

    Answers that were made up from a schema, and refusals of bad arguments, show nothing of the service.
    """
    found = [
        step for step in steps if step.call.tool in world.tools and step.responder not in ("synthesize", "validate")
    ]
    shown = [_demonstration(step) for step in found[-MOST:]]
    packs: list[dict[str, Any]] = []
    for pack in world.packs:
        added = [one.model_dump(mode="json") for one in shown if one.tool in pack.tools]
        data = pack.model_dump(mode="json", by_alias=True)
        packs.append({**data, "demonstrations": [*data["demonstrations"], *added]})
    return World.model_validate({**world.model_dump(mode="json", by_alias=True), "packs": packs})


def _demonstration(step: Step) -> Demonstration:
    content = step.observation.structured_content
    return Demonstration(
        tool=step.call.tool,
        arguments=step.call.arguments,
        observation=step.observation.text if content is None else content,
        is_error=step.observation.is_error,
    )
