"""Made-up answers: they fit the schema, repeat by seed, and every id in them exists or is created with them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_sim.sessions import Sessions
from schemas.marks import marks
from schemas.rows import key_text, marked_schema
from schemas.types import Call, World
from schemas.validate import validator
from store.db import Database
from tests.running import Running


def imagining(harbour: World, output: Any, seed: dict[str, Any] | None = None, **tool: Any) -> World:
    """The harbour with one tool `imagine` that has no effect."""
    pack = harbour.packs[0].model_dump(mode="json", by_alias=True)
    pack["tools"] = {"imagine": {"input": {"type": "object"}, "output": output, **tool}}
    pack["seed"] = pack["seed"] if seed is None else seed
    return World.model_validate({"name": "imagined", "packs": [pack]})


@pytest.fixture
def imagine(harbour: World) -> Iterator[Any]:
    databases = []

    def start(output: Any, **parts: Any) -> Running:
        databases.append(Database("sqlite://"))
        return Running(Sessions(databases[-1]), imagining(harbour, output, **parts))

    yield start
    for database in databases:
        database.close()


SHIP = {"type": "string", "x-entity": "ship"}


def test_an_id_is_the_key_of_a_row_that_exists(imagine: Any) -> None:
    running = imagine({"type": "array", "items": SHIP, "minItems": 3, "maxItems": 3})
    assert set(running.done("imagine")) <= set(running.rows()["ship"])


def test_where_there_is_no_row_one_is_created_with_all_it_refers_to(imagine: Any) -> None:
    running = imagine({"type": "string", "x-entity": "sailor"}, seed={})
    found = running.done("imagine")
    rows = running.rows()
    assert list(rows["sailor"]) == [found]
    assert rows["sailor"][found]["ship_id"] in rows["ship"]


def test_an_id_from_the_call_is_spoken_of_and_an_unknown_one_is_not_found(running: Running) -> None:
    assert running.done("forecast", dock_id="D-02")["dock_id"] == "D-02"
    assert running.refused("forecast", dock_id="D-99") == "404 Dock 'D-99' not found"


def test_what_the_call_says_is_said_again_even_if_it_is_one_of_a_few_words(imagine: Any) -> None:
    compass = {"type": "string", "enum": ["north", "east", "south", "west"]}
    running = imagine({"type": "object", "properties": {"to": compass, "from": compass}, "required": ["to", "from"]})
    assert [running.done("imagine", to=name)["to"] for name in compass["enum"]] == compass["enum"]
    assert running.done("imagine", to="up")["to"] in compass["enum"]


def test_the_same_question_has_the_same_answer_whatever_was_asked_between(running: Running) -> None:
    first = running.done("forecast", dock_id="D-01")
    running.done("forecast", dock_id="D-02")
    running.done("get_ship", id="S-001")
    assert running.done("forecast", dock_id="D-01") == first


def test_an_answer_may_be_a_whole_row(imagine: Any, harbour: World) -> None:
    running = imagine(marked_schema("ship", harbour.entities["ship"]))
    found = running.done("imagine")
    assert found == running.rows()["ship"][found["id"]]


@pytest.mark.parametrize(
    "output",
    [
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "email"},
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "uri"},
        {"type": "string", "format": "ipv4"},
        {"type": "string", "format": "date"},
        {"type": "string", "format": "time"},
        {"type": "string", "format": "duration"},
        {"type": "string", "format": "hostname"},
        {"type": "string", "pattern": "^[A-Z]{2}-\\d{3,5}$"},
        {"type": "string", "minLength": 300, "maxLength": 310},
        {"type": "string", "maxLength": 3},
        {"type": "integer", "minimum": 5, "maximum": 5},
        {"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7},
        {"type": "integer", "multipleOf": 7, "minimum": 50},
        {"type": "number", "minimum": 0.25, "maximum": 0.75},
        {"type": "number", "minimum": -3, "maximum": -1},
        {"enum": ["a", None, 3]},
        {"const": {"x": 1}},
        {"type": ["null", "boolean"]},
        {"type": "null"},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2},
        {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 1},
        {"type": "array", "items": {"type": "integer"}, "maxItems": 0},
        {"anyOf": [{"type": "null"}, {"type": "integer"}]},
        {"oneOf": [{"type": "string", "maxLength": 5}, {"type": "integer"}]},
        {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}], "type": "object", "required": ["b"], "properties": {"b": {"const": 1}}},
        {"$ref": "#/$defs/x", "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"type": "integer"}}},
        {"type": "object", "required": ["n"], "properties": {"n": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "number"}}},
        {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}},
        {"type": "object"},
        {},
    ],
)  # fmt: skip
def test_an_answer_fits_its_schema(imagine: Any, output: Any) -> None:
    assert validator(output).holds(imagine(output).done("imagine"))


def test_an_output_that_nothing_fits_is_a_fault_of_the_pack(imagine: Any) -> None:
    running = imagine({"type": "integer", "not": {}})
    found = running.fault("imagine")
    assert re.search(r"^tool 'imagine': no answer found that fits its output schema .*declare an effect", found)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ({"type": "array", "minItems": 10**6}, "more than 10,000 values"),
        ({"type": "string", "minLength": 10**9}, "a text of more than 10,000 characters"),
        ({"type": "string", "pattern": "\\p{L}+"}, "bad escape"),
        ({"type": "number", "minimum": 1e308}, "infinity"),
        ({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}, "recursion"),
    ],
)
def test_what_cannot_be_made_up_is_a_fault_of_the_pack(imagine: Any, output: Any, reason: str) -> None:
    found = imagine(output).fault("imagine")
    assert re.search(rf"nothing can be made up for its output schema \(.*{reason}.*\); declare an effect", found)


NUMBERS = st.fixed_dictionaries({}, optional={"minimum": st.integers(-50, 0), "maximum": st.integers(1, 50)})
LEAVES = st.one_of(
    NUMBERS.map(lambda bounds: {"type": "integer", **bounds}),
    NUMBERS.map(lambda bounds: {"type": "number", **bounds}),
    st.fixed_dictionaries(
        {"type": st.just("string")}, optional={"minLength": st.integers(0, 20), "maxLength": st.integers(20, 90)}
    ),
    st.sampled_from(["date-time", "date", "email", "uuid", "uri", "hostname"]).map(
        lambda kind: {"type": "string", "format": kind}
    ),
    st.sampled_from(
        [{"type": "boolean"}, {"type": "null"}, {"enum": ["a", 1, None]}, {"const": 5}, {"type": ["integer", "null"]}]
    ),
    st.sampled_from(["ship", "dock", "sailor", "flag"]).map(lambda entity: {"type": "string", "x-entity": entity}),
    st.just({"type": "integer", "x-entity": "crate"}),
)


def _grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["name", "email", "summary", "count", "score", "items", "id", "price", "url"])
    properties = st.dictionaries(names, inner, max_size=4)
    return st.one_of(
        st.builds(
            lambda fields, closed: {"type": "object", "properties": fields, "required": sorted(fields)[:2], "additionalProperties": not closed},
            properties,
            st.booleans(),
        ),
        st.builds(lambda item, least: {"type": "array", "items": item, "minItems": least, "maxItems": least + 2}, inner, st.integers(0, 3)),
        inner.map(lambda part: {"anyOf": [{"type": "null"}, part]}),
        st.just({"$ref": "#/$defs/part"}),
    )  # fmt: skip


PARTS = st.recursive(LEAVES, _grow, max_leaves=8)
SCHEMAS = st.builds(lambda part, definition: {**part, "$defs": {"part": definition}}, PARTS, LEAVES)


@settings(max_examples=25)
@given(part=SCHEMAS, empty=st.booleans(), seed=st.integers(0, 5))
def test_any_answer_fits_repeats_and_names_rows_that_are_there(
    harbour: World, part: Any, empty: bool, seed: int
) -> None:
    world = imagining(harbour, part, seed={} if empty else None)
    answers = []
    for _ in range(2):
        database = Database("sqlite://")
        running = Running(Sessions(database), world, seed=seed)
        observation = asyncio.run(running.session.call(Call("imagine", {})))
        assert not observation.is_error, observation.text
        answers.append((observation, running.trace()))
        walk = marks(part)
        rows = {name: {key_text(key) for key in found} for name, found in running.rows().items()}
        for entity, _, value in walk(observation.structured_content) if walk else ():
            assert key_text(value) in rows[entity]
        database.close()
    assert answers[0] == answers[1]
    assert validator(part).holds(answers[0][0].structured_content)
