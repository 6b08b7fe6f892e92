"""Where an answer shows ids: the positions that its schema marks."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.marks import marks

ID = {"type": "string", "x-entity": "ship"}


@pytest.mark.parametrize(
    ("schema", "value", "found"),
    [
        (ID, "S-1", [("ship", "", "S-1")]),
        (ID, None, []),
        ({"properties": {"id": ID}}, {"id": "S-1", "other": "S-2"}, [("ship", "/id", "S-1")]),
        ({"properties": {"id": ID}}, {}, []),
        ({"items": ID}, ["a", "b"], [("ship", "/0", "a"), ("ship", "/1", "b")]),
        ({"items": {"properties": {"id": ID}}}, [{"id": "a"}], [("ship", "/0/id", "a")]),
        ({"additionalProperties": ID, "properties": {"n": {}}}, {"n": 1, "x": "a"}, [("ship", "/x", "a")]),
        ({"anyOf": [ID, {"type": "null"}]}, "a", [("ship", "", "a")]),
        ({"oneOf": [{"type": "null"}, {"items": ID}]}, ["a"], [("ship", "/0", "a")]),
        ({"allOf": [{"properties": {"id": ID}}]}, {"id": "a"}, [("ship", "/id", "a")]),
        ({"properties": {"b": ID, "a": ID}}, {"b": "1", "a": "2"}, [("ship", "/b", "1"), ("ship", "/a", "2")]),
        (
            {"prefixItems": [{}, ID], "items": {"x-entity": "dock"}},
            [0, "a", "D"],
            [("ship", "/1", "a"), ("dock", "/2", "D")],
        ),
        ({"prefixItems": [ID]}, ["a", "b"], [("ship", "/0", "a")]),
        ({"$ref": "#/$defs/s", "$defs": {"s": ID}}, "a", [("ship", "", "a")]),
        ({"items": {"$ref": "#/$defs/a~1b"}, "$defs": {"a/b": ID}}, ["a"], [("ship", "/0", "a")]),
        (
            {"properties": {"id": ID, "next": {"$ref": "#"}}},
            {"id": "a", "next": {"id": "b", "next": {"id": "c"}}},
            [("ship", "/id", "a"), ("ship", "/next/id", "b"), ("ship", "/next/next/id", "c")],
        ),
        ({"type": ["array", "string"], "items": ID, "x-entity": "dock"}, "D", [("dock", "", "D")]),
    ],
)
def test_a_marked_position_is_found(schema: Any, value: Any, found: list[Any]) -> None:
    walk = marks(schema)
    assert walk is not None
    assert list(walk(value, "")) == found


@pytest.mark.parametrize(
    "schema",
    [
        None,
        True,
        {},
        {"properties": {"x": {"type": "string"}}},
        {"items": {}},
        "x",
        {"$ref": "#/$defs/none"},
        {"$ref": "#"},
        {"anyOf": [{"$ref": "#"}]},
    ],
)
def test_a_schema_without_marks_needs_no_walk(schema: Any) -> None:
    assert marks(schema) is None
