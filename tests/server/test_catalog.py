"""tools/list: complete, fixed, paged, and never broken by one bad tool."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, Tool

from mcp_sim.registry import Registry
from mcp_sim.server import build_server, quarantined

from .worlds import BY_ID, NO_ARGUMENTS, ROW, TOOLS, sessions, world

pytestmark = pytest.mark.anyio


async def listed(tools: dict[str, Any], era: str) -> dict[str, Tool]:
    async with Client(build_server(sessions(world(tools))), mode=era) as client:
        return {tool.name: tool for tool in (await client.list_tools()).tools}


def effect(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"input": BY_ID, "effect": {"steps": list(steps), "returns": {}}}


async def test_tools_come_in_the_order_of_the_files(era: str) -> None:
    assert list(await listed(TOOLS, era)) == list(TOOLS)


async def test_a_long_list_comes_in_pages_that_together_hold_every_tool_once(era: str) -> None:
    names = [f"tool_{n:03}" for n in range(120)]
    async with Client(build_server(sessions(world({name: {} for name in names}))), mode=era) as client:
        pages, cursor = [], None
        while True:
            page = await client.list_tools(cursor=cursor)
            pages.append([tool.name for tool in page.tools])
            cursor = page.next_cursor
            if cursor is None:
                break
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [name for page in pages for name in page] == names


@pytest.mark.parametrize("size", [0, 50])
async def test_a_list_that_fits_one_page_has_no_next_cursor(era: str, size: int) -> None:
    tools: dict[str, Any] = {f"tool_{n}": {} for n in range(size)}
    async with Client(build_server(sessions(world(tools))), mode=era) as client:
        page = await client.list_tools()
    assert (len(page.tools), page.next_cursor) == (size, None)


@pytest.mark.parametrize("cursor", ["", "50", "nonsense"])
async def test_a_cursor_that_was_never_given_out_is_refused(era: str, cursor: str) -> None:
    async with Client(build_server(sessions()), mode=era) as client:
        with pytest.raises(MCPError, match="Unknown cursor; pass the nextCursor of the page before") as error:
            await client.list_tools(cursor=cursor)
    assert error.value.code == INVALID_PARAMS


async def test_an_input_schema_without_a_type_is_listed_as_an_object(era: str) -> None:
    schemas = {"bare": {"properties": {"a": {}}}, "either": {"type": ["object", "null"]}}
    tools = await listed({name: {"input": schema} for name, schema in schemas.items()}, era)
    assert [tool.input_schema["type"] for tool in tools.values()] == ["object", "object"]


async def test_an_output_that_is_no_object_is_wrapped_for_those_who_shake_hands() -> None:
    tool = (await listed(TOOLS, "legacy"))["list_books"]
    assert tool.output_schema is not None
    assert tool.output_schema["type"] == "object"
    assert tool.output_schema["required"] == ["result"]
    assert tool.output_schema["properties"]["result"]["items"] == {"$ref": "#/properties/result/$defs/book"}


async def test_an_output_that_is_no_object_stays_as_it_is_since_2026() -> None:
    tool = (await listed(TOOLS, "auto"))["list_books"]
    assert tool.output_schema is not None
    assert tool.output_schema["type"] == "array"


async def test_the_marks_of_the_simulation_are_not_shown(era: str) -> None:
    tools = await listed({"read": {"input": BY_ID, "output": ROW}}, era)
    assert "x-entity" not in tools["read"].model_dump_json()


async def test_a_property_that_is_called_like_a_mark_is_shown(era: str) -> None:
    properties = {"x-entity": {"type": "string"}}
    tools = await listed({"read": {"input": {"type": "object", "properties": properties}}}, era)
    assert tools["read"].input_schema["properties"] == properties


BAD_TOOLS: dict[str, Any] = {
    "wants_a_list": {"input": {"type": "array"}},
    "wants_a_strange_header": {
        "input": {"type": "object", "properties": {"a": {"type": "string", "x-mcp-header": "no spaces, please"}}}
    },
}


async def test_a_bad_tool_is_left_out_and_the_others_stay(era: str) -> None:
    assert list(await listed({**BAD_TOOLS, "good": {}}, era)) == ["good"]


async def test_a_bad_tool_is_named_with_the_reason() -> None:
    reasons = quarantined(Registry(world({**BAD_TOOLS, "good": {}})))
    assert reasons.keys() == BAD_TOOLS.keys()
    assert reasons["wants_a_list"].startswith("inputSchema.type: input should be 'object'")
    assert "not an RFC 9110 token" in reasons["wants_a_strange_header"]


async def test_a_bad_tool_is_logged_once(era: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="mcp_sim"):
        async with Client(build_server(sessions(world({"bad": {"input": {"type": "array"}}}))), mode=era) as client:
            for _ in range(3):
                await client.list_tools()
    assert caplog.text.count("Tool 'bad' of world 'library' is left out of tools/list: inputSchema.type") == 1


@pytest.mark.parametrize(
    ("steps", "read_only", "destructive", "idempotent"),
    [
        ([{"read": "book", "key": "args.id"}], True, False, True),
        ([{"create": "book", "values": {}}], False, False, False),
        ([{"update": "book", "key": "args.id", "set": {"title": "{args.id}"}}], False, True, True),
        ([{"update": "book", "key": "args.id", "set": {"title": "{book.title}!"}}], False, True, False),
        ([{"update": "book", "key": "args.id", "set": {"title": "{count('book')}"}}], False, True, False),
        ([{"delete": "book", "key": "args.id"}], False, True, True),
        ([{"for_each": "[1]", "steps": [{"delete": "book", "key": "args.id"}]}], False, True, True),
    ],
)
async def test_annotations_say_what_the_effect_does(
    steps: list[dict[str, Any]], read_only: bool, destructive: bool, idempotent: bool
) -> None:
    hints = (await listed({"tool": effect(*steps)}, "auto"))["tool"].annotations
    assert hints is not None
    assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint) == (read_only, destructive, idempotent)
    assert hints.open_world_hint is False


async def test_what_the_pack_says_about_a_tool_wins(era: str) -> None:
    said = {"read_only": True, "destructive": True, "idempotent": False, "open_world": True, "title": "Peek"}
    tools = await listed({"tool": {**effect({"create": "book", "values": {}}), "annotations": said}}, era)
    hints = tools["tool"].annotations
    assert hints is not None
    assert hints.model_dump() == {
        "title": "Peek",
        "read_only_hint": True,
        "destructive_hint": True,
        "idempotent_hint": False,
        "open_world_hint": True,
    }


async def test_a_tool_without_an_effect_promises_nothing_about_writes(era: str) -> None:
    hints = (await listed({"tool": {"input": NO_ARGUMENTS}}, era))["tool"].annotations
    assert hints is not None
    assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint) == (None, None, None)
