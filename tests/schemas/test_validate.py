"""Faults of a value against its schema, in words that a caller can act on."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.validate import SHOWN, SchemaError, nearest, pointer, validator

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "limit": {"type": ["null", "integer"], "minimum": 1},
        "status": {"enum": ["open", "closed"]},
        "when": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({}, [("", "'id' is required")]),
        ({"id": 5}, [("/id", "must be of type string (got 5)")]),
        ({"id": "a", "limit": "x"}, [("/limit", 'must be of type null or integer (got "x")')]),
        ({"id": "a", "limit": 0}, [("/limit", "0 is less than the minimum of 1")]),
        (
            {"id": "a", "limt": 1},
            [("", "'limt' is not known (did you mean 'limit'?); known: id, limit, status, tags, when")],
        ),
        ({"id": "a", "status": "opn"}, [("/status", 'must be one of "open", "closed" (got "opn")')]),
        ({"id": "a", "when": "soon"}, [("/when", '"soon" is not a "date-time"')]),
        ({"id": "a", "tags": ["x", 7]}, [("/tags/1", "must be of type string (got 7)")]),
        ({"id": "x" * 500, "limit": "x" * 500}, [("/limit", f'must be of type null or integer (got "{"x" * 56}…)')]),
        ([], [("", "must be of type object (got [])")]),
    ],
)
def test_a_fault_names_place_fault_and_what_is_allowed(value: Any, found: list[tuple[str, str]]) -> None:
    assert [(fault.pointer, fault.message) for fault in validator(SCHEMA).faults(value)] == found
    assert not validator(SCHEMA).holds(value)


def test_a_right_value_has_no_fault() -> None:
    value: dict[str, Any] = {"id": "a", "limit": None, "status": "open", "when": "2030-01-01T00:00:00Z", "tags": []}
    assert validator(SCHEMA).holds(value)
    assert validator(SCHEMA).faults(value) == []


def test_only_the_first_faults_are_listed() -> None:
    assert len(validator({"items": {"type": "string"}}).faults([1] * 1000)) == SHOWN


def test_a_long_message_is_cut() -> None:
    (fault,) = validator({"not": {"type": "string"}}).faults("x" * 10_000)
    assert len(fault.message) < 400


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "thing"},
        {"properties": 5},
        {"$ref": "#/nowhere"},
        {"$ref": "http://schemas.example/x.json"},
        {"$ref": "file:///etc/passwd"},
        {"pattern": "(("},
    ],
)
def test_what_is_no_schema_or_lies_elsewhere_is_refused(schema: Any) -> None:
    with pytest.raises(SchemaError) as caught:
        validator(schema)
    assert "\n" not in str(caught.value)


def test_equal_schemas_share_one_compiled_form() -> None:
    assert validator({"type": "string", "minLength": 1}) is validator({"minLength": 1, "type": "string"})


@pytest.mark.parametrize(("parts", "text"), [([], ""), (["a", 0], "/a/0"), (["a/b", "~"], "/a~1b/~0")])
def test_a_pointer_is_escaped(parts: list[str | int], text: str) -> None:
    assert pointer(parts) == text


def test_the_nearest_name_is_named_when_it_is_near() -> None:
    assert nearest("stauts", ["status", "id"]) == " (did you mean 'status'?)"
    assert nearest("zzz", ["status", "id"]) == ""
    assert nearest("x", []) == ""
