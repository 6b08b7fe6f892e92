"""Who answers: the declared policy decides, then how sure the effect is; the step says why."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.types import World
from tests.worldmodel.almanac import almanac
from tests.worldmodel.conftest import Ask, Serve

SAID = '{"id": "ST-001", "name": "Said", "magnitude": 1.0}'
READ: dict[str, Any] = {"steps": [{"read": "star", "key": "args.id"}], "returns": "{star}"}


def world(trust: float = 0.5, **tool: Any) -> World:
    shape = {"type": "object", "required": ["id", "name"], "properties": {"id": {}, "name": {"type": "string"}}}
    asked = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    return almanac(tools={"ask": {"input": asked, "output": shape, **tool}}, trust=trust)


@pytest.mark.parametrize(
    ("tool", "responder", "reason"),
    [
        ({"effect": READ}, "effects", "declared effect"),
        ({}, "worldmodel", "no effect decides"),
        ({"effect": READ, "answered_by": "worldmodel"}, "worldmodel", "declared so"),
        ({"effect": READ, "answered_by": "synthesize"}, "synthesize", "declared so"),
        ({"effect": {**READ, "confidence": 0.5}}, "effects", "declared effect"),
        (
            {"effect": {**READ, "confidence": 0.31}},
            "worldmodel",
            "the effect is right in 31% of cases, below the 50% asked for",
        ),
        ({"effect": {**READ, "confidence": 0.31}, "answered_by": "effect"}, "effects", "declared effect"),
    ],
)
def test_with_a_world_model(serve: Serve, ask: Ask, tool: Any, responder: str, reason: str) -> None:
    asking = ask(serve(SAID), world=world(**tool))
    asking.done("ask", id="ST-001")
    assert (asking.last().responder, asking.last().reason) == (responder, reason)


@pytest.mark.parametrize(
    ("tool", "responder", "reason"),
    [
        ({"effect": READ}, "effects", "declared effect"),
        ({}, "synthesize", "no effect decides, no world model is connected"),
        ({"effect": READ, "answered_by": "worldmodel"}, "synthesize", "no effect decides, no world model is connected"),
        (
            {"effect": {**READ, "confidence": 0.31}},
            "effects",
            "the effect is right in 31% of cases, below the 50% asked for, but no world model",
        ),
    ],
)
def test_without_one(ask: Ask, tool: Any, responder: str, reason: str) -> None:
    asking = ask(None, world=world(**tool))
    asking.done("ask", id="ST-001")
    assert (asking.last().responder, asking.last().reason) == (responder, reason)


def test_an_unsure_effect_stands_by_where_the_model_fails(serve: Serve, ask: Ask) -> None:
    asking = ask(serve("no JSON"), world=world(effect={**READ, "confidence": 0.31}))
    assert asking.done("ask", id="ST-001")["name"] == "Alba"
    assert asking.last().responder == "effects"
    assert [attempt.responder for attempt in asking.last().attempts] == ["worldmodel"] * 3
