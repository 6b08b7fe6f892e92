"""What cannot be learned from is told in one sentence, and the rest is learned."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mcp_sim.learn.answers import contradictions, is_cut_off, passing_faults
from mcp_sim.learn.declared import entry_of
from mcp_sim.learn.given import Given
from mcp_sim.learn.tools import tools_of
from mcp_sim.learn.twin import learn
from schemas.recorded import RecordedCall
from tests.learn.service import recorded, rows


def call(text: str, run: str = "r", index: int = 0, **given: Any) -> RecordedCall:
    return RecordedCall(
        **{
            "trajectory": run, "index": index, "tool": "look", "arguments": {"at": 1}, "text": text, "is_error": False,
            "kind": "read", **given,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "is_cut"),
    [
        ('{"a": 1, "b', True),
        ('[{"a": 1}, {"a"', True),
        ('{"a": "half of a te', True),
        ('{"a": 1}', False),
        ("{'a': 1, 'b': [", False),
        ("[see below] fine", False),
        ("", False),
    ],
)
def test_an_answer_that_ends_in_the_middle_of_its_json_is_recognised(text: str, is_cut: bool) -> None:
    assert is_cut_off(call(text)) is is_cut


def test_cut_off_answers_are_left_out_and_told_by_place() -> None:
    given = Given()
    given.add_calls([call('{"a": ', source="calls.jsonl:7"), call('{"a": 1}', index=1)])
    assert [one.index for one in given.calls] == [1]
    assert given.told == ["calls.jsonl:7: the answer ends in the middle of its JSON; left out"]


def test_half_letters_and_numbers_beyond_64_bits_break_nothing() -> None:
    given = Given()
    given.add_calls([call("half \ud800", f"r{n}", arguments={"at": 2**70}) for n in range(3)])

    learned = learn("odd", given)

    assert learned.facts["tools"]["look"]["answer"]["expression"] == '"half ?"'


def test_several_domains_in_one_file_are_told_and_learned_as_one() -> None:
    given = Given()
    given.add_calls([call("a", domain="ships"), call("b", domain="ports"), call("c", domain="ships")])
    assert len(given.calls) == 3
    (told,) = given.told
    assert "of 2 domains, ships (2), ports (1)" in told
    assert "--domain NAME" in told


def test_a_tool_that_is_declared_twice_keeps_its_first_declaration() -> None:
    given = Given()
    for words in ("first", "second"):
        given.add_tools(tools_of([{"name": "look", "description": words}], f"{words}.json"))
    assert given.tools["look"]["description"] == "first"
    assert given.told == ["tool 'look' is declared twice; the first declaration stays"]


def test_contradictory_answers_are_told_with_their_places() -> None:
    calls = [call("a", "r1", source="f:1"), call("b", "r2", source="f:2"), call("a", "r3", source="f:3")]
    (found,) = contradictions(calls)
    assert str(found) == "look: the same call on untouched rows is answered differently once, first at f:1 and f:2"


def test_what_a_write_came_before_contradicts_nothing() -> None:
    write = call("done", "r2", 0, tool="put", kind="write")
    assert contradictions([call("a", "r1"), write, call("b", "r2", 1)]) == []


def test_errors_that_go_away_by_themselves_are_faults_and_nothing_is_learned_from_them() -> None:
    calls = []
    for one in recorded(range(20)):
        if one.index % 6 == 5:
            calls.append(replace(one, text="Busy, try again", is_error=True, index=2 * one.index))
        calls.append(replace(one, index=2 * one.index + 1))

    learned = learn("harbour", Given(rows(), calls))

    assert passing_faults(calls) == {"Busy, try again": 40}
    assert any('"Busy, try again" goes away' in one for one in learned.facts["told"])
    assert all(facts["unexplained"] == [] for facts in learned.facts["tools"].values())


def test_errors_that_come_back_are_no_faults() -> None:
    calls = [call("No.", index=n, is_error=True) for n in range(4)] + [
        call("Busy", "r2", is_error=True),
        call("a", "r2", 1),
    ]
    assert passing_faults(calls) == {}


DECLARED: dict[str, Any] = {
    "input": {
        "type": "object",
        "additionalProperties": False,
        "required": ["at", "by"],
        "properties": {"at": {"type": "string", "description": "Where."}, "by": {"type": "string"}},
    },
    "output": {"type": "object", "required": ["size"]},
}


def test_a_declaration_that_the_service_keeps_to_stays_as_it_is() -> None:
    kept = call(json.dumps({"size": 1}), arguments={"at": "a", "by": "b"})
    entry = entry_of("look", DECLARED, [kept])
    assert (entry.declared, entry.told) == (DECLARED, [])


def test_a_declaration_gives_way_where_the_service_answers_what_it_forbids() -> None:
    calls = [call("no JSON", arguments={"at": 1}), call("no", is_error=True, arguments={"at": "a", "too": 1})]
    entry = entry_of("look", DECLARED, calls)
    assert entry.declared["input"]["properties"] == {
        "at": {"description": "Where."},
        "by": {"type": "string"},
        "too": {},
    }
    assert entry.declared["input"]["required"] == ["at"]
    assert "output" not in entry.declared
    assert entry.told == [
        "look: 'at' takes what its schema forbids",
        "look: 'by' is not required",
        "look: 'too' is taken as well",
        "look: 1 of 1 answers do not fit the declared output schema, which is left out",
    ]
