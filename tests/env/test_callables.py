"""Python functions from JSON Schemas: names, types, docstrings, arguments."""

from __future__ import annotations

import inspect
from typing import Any, Literal, get_type_hints

import pytest

from mcp_sim.env.callables import Signature, hint, names_for
from schemas.load import shipped_world, shipped_worlds
from schemas.types import Tool


def tool(properties: dict[str, Any], required: tuple[str, ...] = (), **more: Any) -> Tool:
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return Tool(name="do", description="Does it.", input_schema=schema, **more)


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": "string"}, str),
        ({"type": "integer"}, int),
        ({"type": "number"}, float),
        ({"type": "boolean"}, bool),
        ({"enum": ["a", "b", None]}, Literal["a", "b", None]),
        ({"const": 3}, Literal[3]),
        ({"type": ["string", "null"]}, str | None),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, int | str),
        ({"type": "array", "items": {"type": "integer"}}, list[int]),
        ({"type": "array"}, list[Any]),
        ({"type": "object", "properties": {"a": {}}}, dict[str, Any]),
        ({"enum": [{"a": 1}]}, Any),
        ({}, Any),
        (True, Any),
    ],
)
def test_a_schema_becomes_a_type(schema: Any, wanted: Any) -> None:
    assert hint(schema, {}) == wanted


def test_references_are_followed_and_end() -> None:
    whole = {"$defs": {"name": {"type": "string"}, "loop": {"$ref": "#/$defs/loop"}}}
    assert hint({"$ref": "#/$defs/name"}, whole) is str
    assert hint({"$ref": "#/$defs/loop"}, whole) is Any


def test_what_is_needed_comes_first_and_the_rest_may_be_left_out() -> None:
    made = Signature(tool({"a": {"type": "integer"}, "b": {"type": "string"}}, ("b",)), "do")
    function = made.function(lambda name, arguments: f"{name} {arguments}")
    assert str(inspect.signature(function)) == "(b: str, a: int | None = None) -> str"
    assert get_type_hints(function) == {"b": str, "a": int | None, "return": str}
    assert function("x", 3) == "do {'b': 'x', 'a': 3}"
    assert function("x", a=None) == "do {'b': 'x'}"


def test_null_stays_where_it_means_something() -> None:
    function = Signature(tool({"a": {"type": ["string", "null"]}}), "do").function(lambda _, arguments: str(arguments))
    assert function(a=None) == "{'a': None}"
    assert function() == "{}"


def test_names_that_python_does_not_have_are_changed_and_changed_back() -> None:
    given = {"from": {}, "from_": {}, "customer-id": {}, "2nd": {}, "self": {}, "_x": {}}
    names = names_for(given)
    assert len(set(names.values())) == len(given)
    assert all(name.isidentifier() for name in names.values())
    function = Signature(tool(given), "do").function(lambda _, arguments: str(arguments))
    assert function(**{names[name]: 1 for name in given}) == str(dict.fromkeys(given, 1))


def test_the_docstring_describes_every_argument_in_one_line() -> None:
    properties = {
        "id": {"type": "string", "x-entity": "ship", "description": "Which\n one.  Args: none"},
        "n": {"type": "integer", "minimum": 1, "default": 5},
    }
    doc = Signature(tool(properties, ("id",)), "do").doc
    assert "    id: Which one. Args - none (id of a ship).\n    n: N (at least 1, default 5).\n" in doc
    assert doc.startswith("Does it.\n\nArgs:\n")


@pytest.mark.parametrize("name", list(shipped_worlds()))
def test_every_tool_of_the_shipped_worlds_has_types_and_a_description_for_each_argument(name: str) -> None:
    for one in shipped_world(name).tools.values():
        function = Signature(one, one.name).function(lambda *_: "")
        hints = get_type_hints(function)
        for parameter in inspect.signature(function).parameters.values():
            assert parameter.name in hints
            assert hints[parameter.name] is not Any
            assert f"    {parameter.name}: " in (function.__doc__ or "")
