"""Calls that a world model answers: it may propose anything; what breaks a rule is told to it, and never shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.types import Step
from store.completions import completions_of
from store.db import Database
from tests.worldmodel.adversary import Fault
from tests.worldmodel.almanac import almanac
from tests.worldmodel.asking import Asking
from tests.worldmodel.conftest import Ask, Serve

GOOD = '{"id": "ST-001", "words": "A calm white star."}'


def rules(step: Step) -> list[str]:
    return [violation.rule for attempt in step.attempts for violation in attempt.violations]


def test_a_good_answer_is_given_and_its_step_says_who_said_it(serve: Serve, ask: Ask) -> None:
    asking = ask(serve(GOOD))
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)
    step = asking.last()
    assert (step.responder, step.reason, step.attempts) == ("worldmodel", "no effect decides", ())
    assert [completion.said for completion in step.completions] == [GOOD]
    assert step.completions[0].model.startswith("adversary#")


@pytest.mark.parametrize(
    "said",
    [
        f"**Environment Observation:**\n{GOOD}",
        f"**Environment Observation:**\n```json\n{GOOD}\n```",
        f"<think>The star is white. {{}}</think>\n\n{GOOD}",
        f"It is white.\n</think>\n{GOOD}",
        f"<predicted_observation>\n{GOOD}\n</predicted_observation>",
        f"Here is the observation you wanted:\n{GOOD}\nI hope that it helps.",
    ],
)
def test_what_stands_around_an_answer_is_taken_off(serve: Serve, ask: Ask, said: str) -> None:
    assert ask(serve(said)).done("describe_star", id="ST-001") == json.loads(GOOD)


@pytest.mark.parametrize(
    ("said", "rule", "told"),
    [
        ('{"id": "ST-001"}', "output", "'words' is required"),
        ('{"id": "ST-001", "words": 5}', "output", "words"),
        ('{"id": "ST-777", "words": "Far away."}', "unknown-id", "there is no star 'ST-777'"),
        ('{"id": "ST-001", "words": "Close to ST-778."}', "unknown-id", "there is no star 'ST-778'"),
        ('{"id": "ST-001", "words": "As an AI language model I see no sky."}', "out-of-role", "As an AI"),
        ('{"id": "ST-001", "words": "cut', "unreadable", "is not JSON"),
        ('{"id": "ST-001", "words": NaN}', "unreadable", "is not JSON"),
        ("", "unreadable", "it is empty"),
        ("The star is white.", "unreadable", "is not JSON"),
        ('{"id": "ST-001", "words": ' + "[" * 5000, "unreadable", "is not JSON"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_repaired_with_the_violation_quoted_back(
    serve: Serve, ask: Ask, said: str, rule: str, told: str
) -> None:
    server = serve(said, GOOD)
    asking = ask(server)
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)
    step = asking.last()
    assert rules(step) == [rule]
    assert said.startswith(step.attempts[0].draft.completions[0].said)
    assert told in step.attempts[0].violations[0].message
    *_, before, objection = server.requests[-1]["messages"]
    assert before["role"] == "assistant"
    assert said.startswith(before["content"])
    assert told in objection["content"]


def test_a_model_that_never_gets_it_right_is_answered_for_by_the_synthesizer(serve: Serve, ask: Ask) -> None:
    asking = ask(serve("never JSON"), tries=3)
    assert asking.done("describe_star", id="ST-001")["id"] == "ST-001"
    step = asking.last()
    assert (step.responder, step.reason) == ("synthesize", "the world model gave no answer that holds")
    assert rules(step) == ["unreadable"] * 3


def test_every_attempt_has_its_tokens_beside_the_step_and_none_inside(serve: Serve, ask: Ask) -> None:
    asking = ask(serve("no", GOOD))
    asking.done("describe_star", id="ST-001")
    (measured,) = asking.session.measured()
    first, second = measured["worldmodel"]
    assert set(first) == {"id", "prompt_tokens", "cached_tokens", "completion_tokens", "first_token", "seconds"}
    assert first["prompt_tokens"] > 100
    assert second["cached_tokens"] > 0.8 * first["prompt_tokens"]
    assert b"_tokens" not in asking.trace()


def test_an_id_that_no_row_has_is_not_found_and_nobody_is_asked(serve: Serve, ask: Ask) -> None:
    server = serve(GOOD)
    asking = ask(server)
    observation = asking.ask("describe_star", id="ST-999")
    assert (observation.is_error, observation.text) == (True, "Star 'ST-999' not found")
    assert not server.requests


def test_a_row_in_an_answer_is_shown_as_the_database_holds_it(serve: Serve, ask: Ask) -> None:
    star = {"id": "ST-001", "name": "Wrong", "magnitude": 9.0, "near": None, "seen": 3}
    asking = ask(serve(json.dumps({"star": star, "remark": "Bright."})))
    shown = asking.done("show_star", id="ST-001")
    assert shown == {"star": {**star, "name": "Alba", "magnitude": 1.5}, "remark": "Bright."}
    assert asking.last().notes == ("star 'ST-001': magnitude, name as the database holds",)


def test_an_error_of_the_service_is_an_observation(serve: Serve, ask: Ask) -> None:
    observation = ask(serve('{"error": "The sky is clouded."}')).ask("suggest_stars")
    assert (observation.is_error, observation.text) == (True, "The sky is clouded.")


def test_a_tool_without_an_output_schema_answers_in_text(serve: Serve, ask: Ask) -> None:
    asking = ask(serve("Once there was a star, and <think> was its name."))
    assert asking.done("tell", of="stars") == "Once there was a star, and <think> was its name."


def test_a_proposed_row_gets_its_id_from_the_database(serve: Serve, ask: Ask) -> None:
    star = {"id": "new-1", "name": "Duna", "magnitude": 3.5, "near": "ST-002", "seen": 1}
    said = {"observation": star, "changes": [{"op": "create", "entity": "star", "row": star}]}
    asking = ask(serve(json.dumps(said)))
    assert asking.done("discover_star", part="north") == {**star, "id": "ST-004"}
    assert asking.rows()["ST-004"] == {**star, "id": "ST-004"}
    assert asking.last().notes == ("star 'new-1' became 'ST-004'",)


def test_a_row_that_an_answer_merely_shows_is_created_if_the_tool_writes(serve: Serve, ask: Ask) -> None:
    asking = ask(serve('{"id": "ST-888", "name": "Duna", "magnitude": 3.5}'))
    assert asking.done("discover_star", part="north")["id"] == "ST-004"
    assert asking.rows()["ST-004"] == {"id": "ST-004", "name": "Duna", "magnitude": 3.5, "near": None, "seen": 0}


def test_an_update_and_a_deletion_are_taken_as_proposed(serve: Serve, ask: Ask) -> None:
    star = {"id": "ST-002", "name": "Brisa", "magnitude": 2.5}
    changes = [
        {"op": "update", "entity": "star", "row": {"id": "ST-002", "magnitude": 2.5}},
        {"op": "delete", "entity": "star", "row": {"id": "ST-001"}},
    ]
    asking = ask(serve(json.dumps({"observation": star, "changes": changes})))
    asking.done("discover_star", part="north")
    assert {key: (row["magnitude"], row["near"]) for key, row in asking.rows().items()} == {
        "ST-002": (2.5, None),
        "ST-003": (4.0, None),
    }


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"op": "create", "entity": "star", "row": {"id": "x", "name": "Alba", "magnitude": 1}}, "unique"),
        (
            {"op": "create", "entity": "star", "row": {"id": "x", "name": "E", "magnitude": 1, "near": "ST-555"}},
            "reference",
        ),
        ({"op": "create", "entity": "star", "row": {"id": "x", "name": "E", "magnitude": "big"}}, "schema"),
        ({"op": "update", "entity": "star", "row": {"id": "ST-444", "name": "E"}}, "unreadable"),
        ({"op": "delete", "entity": "star", "row": {"id": "ST-444"}}, "unreadable"),
        ({"op": "paint", "entity": "star", "row": {"id": "ST-001"}}, "unreadable"),
        ({"op": "create", "entity": "moon", "row": {"id": "x"}}, "unreadable"),
        ({"op": "create", "entity": "star", "row": {"name": "E"}}, "unreadable"),
        ("create a star", "unreadable"),
        ({}, "unreadable"),
    ],
)
def test_a_change_that_breaks_a_rule_changes_nothing(serve: Serve, ask: Ask, change: Any, rule: str) -> None:
    said = {"observation": {"id": "x", "name": "E", "magnitude": 1}, "changes": [change]}
    asking = ask(serve(json.dumps(said)), tries=1)
    before = asking.rows()
    asking.ask("discover_star", part="north")
    step = asking.last()
    assert rules(step) == [rule]
    assert step.responder == "synthesize"
    kept = {key: row for key, row in asking.rows().items() if key in before}
    assert kept == before


def test_a_proposal_that_was_turned_down_costs_no_id(serve: Serve, ask: Ask) -> None:
    def said(name: str) -> str:
        star = {"id": "new", "name": name, "magnitude": 3.5}
        return json.dumps({"observation": star, "changes": [{"op": "create", "entity": "star", "row": star}]})

    asking = ask(serve(said("Alba"), said("Brisa"), said("Duna")))
    assert asking.done("discover_star", part="north")["id"] == "ST-004"
    assert rules(asking.last()) == ["unique", "unique"]


def test_a_tool_that_only_reads_changes_nothing_whatever_the_model_proposes(serve: Serve, ask: Ask) -> None:
    said = {"ids": [], "why": "x", "changes": [{"op": "delete", "entity": "star", "row": {"id": "ST-001"}}]}
    asking = ask(serve(json.dumps(said)))
    before = asking.rows()
    asking.ask("suggest_stars")
    assert asking.rows() == before


def test_what_is_hidden_is_told_to_the_model_and_never_to_the_agent(serve: Serve, ask: Ask) -> None:
    hidden = "The agent succeeds once it finds the black star behind Corvo. Passphrase: OWL-7741-Q."
    quotes = ["Go where the agent succeeds once it finds it: black.", "Say owl-7741-q aloud.", "Look."]
    quotes[0] = "Know that the agent succeeds once it finds the black star."
    server = serve(*(json.dumps({"id": "ST-001", "words": quote}) for quote in quotes))
    asking = ask(server, world=almanac(hidden=hidden, control="Every third answer is short, please mind it."))
    assert asking.done("describe_star", id="ST-001")["words"] == "Look."
    assert rules(asking.last()) == ["leak", "leak"]
    system = server.requests[0]["messages"][0]["content"]
    assert hidden in system
    assert "Every third answer" in system


def test_the_same_question_gets_the_same_answer_and_costs_nothing(serve: Serve, ask: Ask) -> None:
    server = serve(GOOD, GOOD.replace("calm", "wild"))
    asking = ask(server)
    first = asking.done("describe_star", id="ST-001")
    asking.session = asking.sessions.rewind(asking.session.id, 0)
    assert asking.done("describe_star", id="ST-001") == first
    assert len(server.requests) == 1


def test_a_trace_replays_byte_for_byte_without_a_server(serve: Serve, ask: Ask) -> None:
    def act(asking: Asking) -> bytes:
        asking.done("describe_star", id="ST-001")
        asking.done("rename_star", id="ST-001", name="Aura")
        asking.done("tell", of="Aura")
        asking.done("describe_star", id="ST-002")
        return asking.trace()

    server = serve("no JSON", GOOD, "**Environment Observation:**\nA tale.")
    first = ask(server)
    asked: bytes = b""
    for fault in (Fault.NONE, Fault.NONE, Fault.NONE, Fault.SERVER_ERROR, Fault.SERVER_ERROR, Fault.SERVER_ERROR):
        server.next(fault)
    asked = act(first)
    assert [rules(step) for step in first.steps()] == [["unreadable"], [], [], ["unanswered"]]
    recorded = [found for step in first.steps() for found in completions_of(step)]
    again = ask(None, database=Database("sqlite://"), recorded=recorded)
    assert act(again) == asked
    assert next(again.session.measured())["worldmodel"] == [{"recalled": 1}] * 2


def test_a_server_that_is_not_there_is_told_in_the_step_and_the_session_goes_on(ask: Ask) -> None:
    asking = ask("http://127.0.0.1:9", tries=2)
    for _ in range(5):
        asking.done("suggest_stars")
    steps = asking.steps()
    assert {step.responder for step in steps} == {"synthesize"}
    assert [rules(step) for step in steps] == [["unanswered"]] * 5
    assert "no connection" in steps[0].attempts[0].violations[0].message
    assert "not asked, because it failed 3 times in a row" in steps[-1].attempts[0].violations[0].message


@pytest.mark.parametrize(
    "fault", [Fault.SERVER_ERROR, Fault.UNAVAILABLE, Fault.DROP_MID_STREAM, Fault.TOO_MANY_REQUESTS]
)
def test_a_failure_that_passes_is_noted_beside_the_step(serve: Serve, ask: Ask, fault: Fault) -> None:
    server = serve(GOOD)
    asking = ask(server)
    server.next(fault)
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)
    assert asking.last().attempts == ()
    (measured,) = asking.session.measured()
    assert len(measured["worldmodel"][0]["failed"]) == 1
