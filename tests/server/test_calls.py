"""tools/call: what the agent sees of an answer and of its own mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from mcp_sim.sessions import DEFAULT
from store.traces.encode import decode_step

from .calling import call, text
from .worlds import sessions, world

pytestmark = pytest.mark.anyio


async def test_an_answer_stands_in_the_text_as_well(era: str) -> None:
    result = await call(sessions(), era, "get_book", {"id": "B-001"})
    assert result.structured_content == {"id": "B-001", "title": "Dune", "shelf": "S-1"}
    assert json.loads(text(result)) == result.structured_content
    assert not result.is_error


async def test_a_null_field_arrives_as_null(era: str) -> None:
    directory = sessions(world({"peek": {"effect": {"returns": {"shelf": None}}}}))
    assert (await call(directory, era, "peek", {})).structured_content == {"shelf": None}


async def test_a_list_is_wrapped_for_those_who_shake_hands_and_bare_since_2026() -> None:
    books = [{"id": "B-001", "title": "Dune", "shelf": "S-1"}]
    assert (await call(sessions(), "legacy", "list_books", {})).structured_content == {"result": books}
    assert (await call(sessions(), "auto", "list_books", {})).structured_content == books


async def test_an_answer_of_a_tool_without_output_schema_is_wrapped_only_if_it_must_be() -> None:
    directory = sessions(world({"count": {"effect": {"returns": 3}}, "see": {"effect": {"returns": {"a": 1}}}}))
    assert (await call(directory, "legacy", "count", {})).structured_content == {"result": 3}
    assert (await call(directory, "legacy", "see", {})).structured_content == {"a": 1}


async def test_an_object_is_wrapped_if_its_schema_had_to_be() -> None:
    peek = {"output": {"anyOf": [{"type": "object"}, {"type": "null"}]}, "effect": {"returns": {"a": 1}}}
    directory = sessions(world({"peek": peek}))
    assert (await call(directory, "legacy", "peek", {})).structured_content == {"result": {"a": 1}}
    assert (await call(directory, "auto", "peek", {})).structured_content == {"a": 1}


async def test_a_plain_text_answer_has_no_structured_content(era: str) -> None:
    result = await call(sessions(world({"greet": {"effect": {"text": "Hello"}}})), era, "greet", {})
    assert (text(result), result.structured_content) == ("Hello", None)


async def test_an_unknown_tool_is_a_protocol_error_that_names_the_nearest(era: str) -> None:
    with pytest.raises(MCPError, match=r"get_bok.*did you mean 'get_book'") as error:
        await call(sessions(), era, "get_bok", {"id": "B-001"})
    assert error.value.code == INVALID_PARAMS


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("get_book", {}, "'id' is required"),
        ("get_book", {"id": 5}, "id: must be of type string"),
        ("get_book", {"id": "B-001", "page": 2}, "'page' is not known; known: id"),
        ("get_book", {"id": "\ud800"}, "surrogates not allowed"),
        ("add_book", {"title": "Emma", "weight": 2**70}, "64-bit"),
        ("get_book", {"id": "B-999"}, "not found"),
        ("delete_shelf", {}, "Shelf S-1 holds 1 books"),
    ],
)
async def test_a_mistake_of_the_agent_is_told_to_the_agent(
    era: str, tool: str, arguments: dict[str, Any], said: str
) -> None:
    result = await call(sessions(), era, tool, arguments)
    assert result.is_error
    assert said in text(result)
    assert result.structured_content is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
async def test_what_is_no_number_is_refused_and_changes_nothing(era: str, value: float) -> None:
    directory = sessions()
    before = directory.rows(DEFAULT)
    result = await call(directory, era, "add_book", {"title": "Emma", "weight": value})
    assert result.is_error
    assert directory.rows(DEFAULT) == before


async def test_deep_arguments_end_in_a_sentence(era: str) -> None:
    deep: Any = "x"
    for _ in range(150):
        deep = [deep]
    result = await call(sessions(), era, "get_book", {"id": deep})
    assert result.is_error
    assert "Invalid arguments for get_book" in text(result)


async def test_a_scripted_agent_says_how_long_it_has_waited(era: str) -> None:
    directory = sessions()
    await call(directory, era, "get_book", {"id": "B-001"}, waited=30)
    (step,) = map(decode_step, directory.open(DEFAULT).steps())
    assert step.call.waited == 30


@pytest.mark.parametrize("waited", [-1, 1e9, "long", True, [3]])
async def test_a_wait_that_is_no_number_of_seconds_is_refused(era: str, waited: Any) -> None:
    directory = sessions()
    with pytest.raises(MCPError, match="is no number of seconds from 0") as error:
        await call(directory, era, "get_book", {"id": "B-001"}, waited=waited)
    assert error.value.code == INVALID_PARAMS
    assert directory.info(DEFAULT).steps == 0
