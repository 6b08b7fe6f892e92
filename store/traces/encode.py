"""The canonical bytes of a step and of a trace's header, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from schemas.canonical import canonical
from schemas.perturbations import Perturbation
from schemas.types import (
    Acted,
    Attempt,
    Call,
    Change,
    Completion,
    Draft,
    Observation,
    Regime,
    StateDelta,
    Step,
    Violation,
    Wire,
    World,
)

FORMAT = "mcp-sim/trace"
VERSION = 1


def encode_step(step: Step) -> bytes:
    """One line of a trace, without its line end."""
    return canonical(step)


def encode_header(world: World, seed: int, regimes: Sequence[Regime] = ()) -> bytes:
    """The first line of a trace: format, version, seed, the complete World, the perturbations of the session."""
    world_body = world.model_dump(mode="json", by_alias=True)
    header = {
        "format": FORMAT,
        "seed": seed,
        "version": VERSION,
        "world": world_body,
        **({"regimes": regimes_body(regimes)} if regimes else {}),
    }
    return orjson.dumps(header)  # not sorted: answers follow the order of the fields


def regimes_body(regimes: Sequence[Regime]) -> list[dict[str, Any]]:
    """Regimes as plain JSON."""
    return [
        {
            "after": regime.after,
            "perturbations": [one.model_dump(mode="json", by_alias=True) for one in regime.perturbations],
        }
        for regime in regimes
    ]


def decode_regimes(body: Any) -> tuple[Regime, ...]:
    """Regimes from plain JSON."""
    return tuple(
        Regime(found["after"], tuple(Perturbation.model_validate(one) for one in found["perturbations"]))
        for found in body
    )


def decode_step(line: bytes | str | dict[str, Any]) -> Step:
    """The Step of one line, or of the JSON that it holds."""
    data: dict[str, Any] = line if isinstance(line, dict) else orjson.loads(line)
    attempts = tuple(
        Attempt(item["responder"], _draft(item["draft"]), tuple(Violation(**found) for found in item["violations"]))
        for item in data["attempts"]
    )
    return Step(
        n=data["n"],
        at=data["at"],
        call=Call(**data["call"]),
        observation=_observation(data["observation"]),
        delta=_delta(data["delta"]),
        responder=data["responder"],
        reason=data["reason"],
        attempts=attempts,
        notes=tuple(data["notes"]),
        completions=_completions(data),
        perturbations=tuple(Acted(**acted) for acted in data.get("perturbations", ())),
        answer=None if data.get("answer") is None else _observation(data["answer"]),
    )


def _observation(data: dict[str, Any]) -> Observation:
    wire = data.get("wire")
    return Observation(**data) if wire is None else Observation(**{**data, "wire": Wire(**wire)})


def _draft(data: dict[str, Any]) -> Draft:
    return Draft(_observation(data["observation"]), _delta(data["delta"]), tuple(data["notes"]), _completions(data))


def _completions(data: dict[str, Any]) -> tuple[Completion, ...]:
    return tuple(Completion(**found) for found in data["completions"])


def _delta(data: dict[str, Any]) -> StateDelta:
    return StateDelta(tuple(Change(**change) for change in data["changes"]))
