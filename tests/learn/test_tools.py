"""Lists of tools: what is loaded, what is put right, and what is set aside by which rule."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from mcp_sim.learn.dialects import standard
from mcp_sim.learn.tools import ToolList, read_tools
from schemas.validate import validator

Reading = Callable[..., ToolList]


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    def read(content: Any) -> ToolList:
        path = tmp_path / "tools"
        path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
        return read_tools(path)

    return read


def tool(name: Any = "look", **given: Any) -> dict[str, Any]:
    return {"name": name, "description": "Look.", "inputSchema": {"type": "object"}, **given}


@pytest.mark.parametrize(
    "content",
    [
        {"tools": [tool("a"), tool("b")]},
        [tool("a"), tool("b")],
        {"jsonrpc": "2.0", "id": 1, "result": {"tools": [tool("a"), tool("b")]}},
        b"\n".join(map(orjson.dumps, [tool("a"), tool("b")])),
        gzip.compress(orjson.dumps({"tools": [tool("a"), tool("b")]}), mtime=0),
    ],
)
def test_a_list_of_tools_has_many_forms(reading: Reading, content: Any) -> None:
    assert [found.name for found in reading(content).tools] == ["a", "b"]


def test_a_definition_becomes_a_tool(reading: Reading) -> None:
    hints = {"title": "A look", "readOnlyHint": True, "destructiveHint": "no"}
    given = tool(outputSchema={"type": "array"}, annotations=hints)

    found = reading([given])

    (one,) = found.tools
    assert (one.title, one.description, one.output_schema) == ("A look", "Look.", {"type": "array"})
    assert (one.annotations.read_only, one.annotations.destructive) == (True, None)
    assert found.undeclared == set()


def test_what_is_not_declared_is_open_and_told(reading: Reading) -> None:
    found = reading([{"name": "look", "inputSchema": None}])

    assert found.tools[0].arguments.holds({"anything": [1]})
    assert found.undeclared == {"look"}


@pytest.mark.parametrize(
    ("definition", "rule"),
    [
        (7, "a definition is a JSON object"),
        (tool("get comments"), "the name of a tool is 1 to 128 letters, digits, '_', '.' or '-'"),
        (tool(""), "the name of a tool is"),
        (tool(None), "the name of a tool is"),
        (tool(inputSchema={"type": "string"}), 'the root of an input schema is `type: object`, not "string"'),
        (tool(inputSchema=[]), "an input schema is a JSON object, not list"),
        (tool(inputSchema={"type": "wibble"}), "the input schema is no JSON Schema: "),
        (tool(inputSchema={"properties": {"a": {"$ref": "https://example.com/a.json"}}}), "is never fetched"),
        (tool(outputSchema={"type": 3}), "the output schema is no JSON Schema: "),
    ],
)
def test_a_definition_that_breaks_a_rule_is_set_aside_and_the_rest_loads(
    reading: Reading, definition: Any, rule: str
) -> None:
    found = reading([tool("a"), definition, tool("b")])

    assert [one.name for one in found.tools] == ["a", "b"]
    (aside,) = found.set_aside
    assert rule in aside.rule
    assert aside.where.endswith("tools, tool 2")


def test_a_broken_line_is_set_aside(reading: Reading) -> None:
    found = reading(orjson.dumps(tool("a")) + b'\n{"name": "b", "inp\n' + orjson.dumps(tool("c")))

    assert [one.name for one in found.tools] == ["a", "c"]
    assert found.set_aside[0].where.endswith(":2")


def test_a_name_stands_once_in_the_list_of_a_server(reading: Reading) -> None:
    found = reading([tool("a"), tool("a"), tool("a", server="other")])

    assert len(found.tools) == 2
    assert [aside.rule for aside in found.set_aside] == ["a name stands once in a list; this one stands before"]


def test_a_file_without_definitions_is_told(reading: Reading) -> None:
    with pytest.raises(ValueError, match="no definition of a tool is in it"):
        reading({"openapi": "3.1.0"})


def test_other_dialects_are_put_right() -> None:
    given = {
        "type": "dict",
        "required": ["a"],
        "properties": {
            "a": {"type": "float", "required": True},
            "b": {"type": "tuple", "items": {"type": "any"}, "required": True},
            "type": {"type": ["str", "None"], "enum": ["dict", None]},
            "c": {"anyOf": [{"type": "int"}, {"type": "bool", "required": False}]},
            "d": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": False},
        },
    }

    found = standard(given)

    assert found == {
        "type": "object",
        "required": ["a", "b"],
        "properties": {
            "a": {"type": "number"},
            "b": {"type": "array", "items": {}},
            "type": {"type": ["string", "null"], "enum": ["dict", None]},
            "c": {"anyOf": [{"type": "integer"}, {"type": "boolean", "required": False}]},
            "d": {"type": "number", "exclusiveMinimum": 0, "maximum": 9},
        },
    }


def test_a_standard_schema_stays_as_it_is() -> None:
    given = {
        "type": "object",
        "$defs": {"a": {"type": "integer", "default": {"type": "dict"}}},
        "properties": {"a": {"$ref": "#/$defs/a"}, "type": {"const": "float"}},
        "required": ["a"],
    }

    assert standard(given) == given
    assert validator(standard(given)).holds({"a": 1})


def test_real_definitions_load() -> None:
    folder = os.environ.get("MCP_SIM_DATA")
    if folder is None:
        pytest.skip("MCP_SIM_DATA names no folder of development data")

    found = read_tools(Path(folder) / "tool_schemas.jsonl.gz")

    total = len(found.tools) + len(found.set_aside)
    assert total >= 20_000
    assert len(found.set_aside) / total <= 0.01
    assert all(aside.rule for aside in found.set_aside)
