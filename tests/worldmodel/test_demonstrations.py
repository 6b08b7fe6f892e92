"""Traces as demonstrations: a world model is shown how calls were answered before."""

from __future__ import annotations

from mcp_sim.worldmodel.demonstrations import with_demonstrations
from mcp_sim.worldmodel.prompt import Renderer
from schemas.types import Call
from tests.worldmodel.almanac import almanac
from tests.worldmodel.conftest import Ask, Serve


def test_a_world_is_taught_by_a_trace_and_another_world_then(serve: Serve, ask: Ask) -> None:
    asking = ask(serve('{"id": "ST-002", "words": "Low and red."}'))
    asking.done("describe_star", id="ST-002")
    asking.ask("get_star", id="ST-009")
    taught = with_demonstrations(asking.session.world, asking.steps())
    assert taught.fingerprint != asking.session.world.fingerprint
    fresh = ask(serve("x"), world=taught)
    prompt = Renderer(taught.tools["describe_star"], taught).render(
        Call("describe_star", {"id": "ST-001"}), fresh.session.view()
    )
    assert '{"id":"ST-002"} -> {"id":"ST-002","words":"Low and red."}' in prompt.messages[-1]["content"]
    assert [(shown.tool, shown.is_error) for shown in taught.demonstrations] == [
        ("describe_star", False),
        ("get_star", True),
    ]


def test_what_was_made_up_or_refused_at_the_door_teaches_nothing(ask: Ask) -> None:
    asking = ask(None)
    asking.done("describe_star", id="ST-002")
    asking.ask("get_star", nothing=1)
    assert with_demonstrations(asking.session.world, asking.steps()) == almanac()
