"""Parts of answers that no rule decides: `imagine` inside an effect."""

from __future__ import annotations

from typing import Any

from store.completions import completions_of
from store.db import Database
from tests.worldmodel.almanac import almanac
from tests.worldmodel.conftest import Ask, Serve

TOOLS: dict[str, Any] = {
    "note_star": {
        "description": "Write down a star, with a remark of the almanac's own.",
        "input": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "times": {"type": "integer", "default": 1}},
        },
        "effect": {
            "steps": [
                {
                    "create": "star",
                    "values": {"name": "{args.name}", "magnitude": 2},
                },
                {
                    "for_each": "range(args.times)",
                    "steps": [
                        {
                            "imagine": "remark",
                            "schema": {"type": "string", "minLength": 3, "maxLength": 40},
                            "about": "a remark on {star.name}, number {item}",
                        }
                    ],
                },
                {"imagine": "next", "schema": {"type": ["string", "null"], "x-entity": "star"}},
            ],
            "returns": {"id": "{star.id}", "remark": "{remark}", "next": "{next}"},
        },
    },
}


def test_the_rest_of_the_answer_is_the_effects_own(serve: Serve, ask: Ask) -> None:
    server = serve('"Low in the west."', '"ST-002"')
    asking = ask(server, world=almanac(tools=TOOLS))
    assert asking.done("note_star", name="Duna") == {"id": "ST-004", "remark": "Low in the west.", "next": "ST-002"}
    assert asking.rows()["ST-004"]["name"] == "Duna"
    step = asking.last()
    assert (step.responder, step.attempts) == ("effects", ())
    assert step.notes == ("'remark' is the world model's", "'next' is the world model's")
    assert "a remark on Duna, number 0" in server.requests[0]["messages"][-1]["content"]


def test_each_turn_of_a_loop_has_its_own_part(serve: Serve, ask: Ask) -> None:
    server = serve('"The first."', '"The second."', "null")
    asking = ask(server, world=almanac(tools=TOOLS))
    assert asking.done("note_star", name="Duna", times=2)["remark"] == "The second."
    assert len(server.requests) == 3
    assert asking.done("note_star", name="Eco")["id"] == "ST-005"


def test_a_part_that_breaks_a_rule_is_asked_for_again(serve: Serve, ask: Ask) -> None:
    server = serve('"no"', '"It is near ST-777."', '"I am an AI, it is fine."', '"Fine."', '"ST-888"', "null")
    asking = ask(server, world=almanac(tools=TOOLS), tries=4)
    assert asking.done("note_star", name="Duna") == {"id": "ST-004", "remark": "Fine.", "next": None}
    broken = [violation.rule for attempt in asking.last().attempts for violation in attempt.violations]
    assert broken == ["output", "unknown-id", "out-of-role", "unknown-id"]


def test_without_a_world_model_a_part_is_made_up_and_the_step_says_so(ask: Ask) -> None:
    asking = ask(None, world=almanac(tools=TOOLS))
    found = asking.done("note_star", name="Duna")
    assert found["id"] == "ST-004"
    assert 3 <= len(found["remark"]) <= 40
    assert found["next"] in {"ST-001", "ST-002", "ST-003", None}
    assert asking.last().notes[0] == "'remark' was made up from its schema"


def test_a_server_that_is_gone_leaves_the_part_to_the_synthesizer(ask: Ask) -> None:
    asking = ask("http://127.0.0.1:9", world=almanac(tools=TOOLS))
    assert asking.done("note_star", name="Duna")["id"] == "ST-004"
    step = asking.last()
    assert step.responder == "effects"
    assert {violation.rule for attempt in step.attempts for violation in attempt.violations} == {"unanswered"}


def test_parts_are_replayed_from_a_trace(serve: Serve, ask: Ask) -> None:
    asking = ask(serve('"no"', '"Low in the west."', '"ST-002"'), world=almanac(tools=TOOLS))
    asking.done("note_star", name="Duna")
    recorded = [found for step in asking.steps() for found in completions_of(step)]
    again = ask(None, database=Database("sqlite://"), recorded=recorded, world=almanac(tools=TOOLS))
    again.done("note_star", name="Duna")
    assert again.trace() == asking.trace()
