"""The canonical bytes of a step and of a trace's header, and back."""

from __future__ import annotations

from typing import Any

import orjson

from schemas.canonical import canonical
from schemas.types import Attempt, Call, Change, Completion, Draft, Observation, StateDelta, Step, Violation, World

FORMAT = "mcp-sim/trace"
VERSION = 1


def encode_step(step: Step) -> bytes:
    """One line of a trace, without its line end."""
    return canonical(step)


def encode_header(world: World, seed: int) -> bytes:
    """The first line of a trace: format, version, seed and the complete World."""
    world_body = world.model_dump(mode="json", by_alias=True)
    header = {
        "format": FORMAT,
        "seed": seed,
        "version": VERSION,
        "world": world_body,
    }
    return orjson.dumps(header)  # not sorted: answers follow the order of the fields


def decode_step(line: bytes | str) -> Step:
    """The Step of one line."""
    data: dict[str, Any] = orjson.loads(line)
    attempts = tuple(
        Attempt(item["responder"], _draft(item["draft"]), tuple(Violation(**found) for found in item["violations"]))
        for item in data["attempts"]
    )
    return Step(
        n=data["n"],
        at=data["at"],
        call=Call(**data["call"]),
        observation=Observation(**data["observation"]),
        delta=_delta(data["delta"]),
        responder=data["responder"],
        reason=data["reason"],
        attempts=attempts,
        notes=tuple(data["notes"]),
        completions=_completions(data),
    )


def _draft(data: dict[str, Any]) -> Draft:
    return Draft(Observation(**data["observation"]), _delta(data["delta"]), tuple(data["notes"]), _completions(data))


def _completions(data: dict[str, Any]) -> tuple[Completion, ...]:
    return tuple(Completion(**found) for found in data["completions"])


def _delta(data: dict[str, Any]) -> StateDelta:
    return StateDelta(tuple(Change(**change) for change in data["changes"]))
