"""Rows: paths walked, references cut, keys as text, keys minted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rows import IdPattern, key_text, marked_schema, schema_at, values_at, without
from schemas.types import Entity, World
from tests.schemas.values import json_values, numbers, texts

KEYS = st.sampled_from(["a", "b", "c"])
ROWS = st.fixed_dictionaries(
    {},
    optional={
        "one": st.none() | KEYS,
        "many": st.lists(st.none() | KEYS, max_size=4),
        "lines": st.lists(st.fixed_dictionaries({}, optional={"to": st.none() | KEYS, "n": st.integers()}), max_size=3),
        "inner": st.fixed_dictionaries({}, optional={"to": st.none() | KEYS}),
    },
)
PATHS = st.sampled_from(["one", "many", "lines.to", "inner.to"])
ROW: dict[str, Any] = {
    "one": "a",
    "many": ["a", None, "b"],
    "lines": [{"to": "a"}, {"n": 1}, {"to": None}],
    "inner": {"to": "b"},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("one", [("/one", "a")]),
        ("many", [("/many/0", "a"), ("/many/2", "b")]),
        ("lines.to", [("/lines/0/to", "a")]),
        ("inner.to", [("/inner/to", "b")]),
        ("absent", []),
        ("one.to", []),
        ("inner", [("/inner", {"to": "b"})]),
    ],
)
def test_a_path_leads_through_lists_and_leaves_out_what_is_null(path: str, found: list[Any]) -> None:
    assert list(values_at(ROW, path)) == found


@pytest.mark.parametrize(
    ("path", "part", "value"),
    [
        ("one", "one", None),
        ("many", "many", [None, "b"]),
        ("lines.to", "lines", [{"to": None}, {"n": 1}, {"to": None}]),
    ],
)
def test_a_key_is_taken_out_of_lists_and_nulled_elsewhere(path: str, part: str, value: Any) -> None:
    assert without(ROW, path, "a") == {**ROW, part: value}


@given(ROWS, PATHS, KEYS)
def test_what_is_cut_is_gone_and_nothing_else(row: dict[str, Any], path: str, key: str) -> None:
    before, after = list(values_at(row, path)), list(values_at(without(row, path, key), path))
    assert [value for _, value in after] == [value for _, value in before if value != key]
    assert without(without(row, path, key), path, key) == without(row, path, key)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (True, "true"),
        (None, "null"),
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
    ],
)
def test_a_key_as_text(value: Any, text: str) -> None:
    assert key_text(value) == text


@given(numbers, numbers)
def test_equal_numbers_are_one_key_and_others_are_others(one: float, other: float) -> None:
    if abs(one) < 2**53 and abs(other) < 2**53:
        assert (key_text(one) == key_text(other)) == (one == other)


def entity(key_type: str = "string", pattern: str | None = None) -> Entity:
    return Entity.model_validate({"schema": {"properties": {"id": {"type": key_type}}}, "id": pattern})


@pytest.mark.parametrize(
    ("pattern", "first", "tenth"),
    [("T-{n:05}", "T-00001", "T-00010"), ("{n}", "1", "10"), ("A{n:2}b", "A 1b", "A10b")],
)
def test_a_pattern_counts(pattern: str, first: str, tenth: str) -> None:
    found = IdPattern("thing", entity(pattern=pattern))
    assert (found.mint(1, 0, "thing"), found.mint(10, 0, "thing")) == (first, tenth)


def test_an_integer_key_is_minted_as_a_number() -> None:
    assert IdPattern("thing", entity("integer")).mint(3, 0, "thing") == 3
    assert IdPattern("thing", entity("integer", "9{n:03}")).mint(3, 0, "thing") == 9003


def test_a_random_token_depends_on_seed_entity_and_count() -> None:
    pattern = IdPattern("thing", entity())
    one = pattern.mint(1, 0, "thing")
    assert one == pattern.mint(1, 0, "thing")
    assert len({one, pattern.mint(2, 0, "thing"), pattern.mint(1, 1, "thing"), pattern.mint(1, 0, "other")}) == 4


@given(st.sampled_from(["T-{n:05}", "{n}", "x{n}-{r}", "{n:03}.y"]), st.integers(1, 10**9), st.integers(0, 99))
def test_the_count_in_a_minted_key_is_found_again(pattern: str, n: int, seed: int) -> None:
    found = IdPattern("thing", entity(pattern=pattern))
    assert found.number(found.mint(n, seed, "thing")) == n


@pytest.mark.parametrize("key", ["", "T-", "T-x", "U-1", "T-1x", "T-" + "9" * 5000, "T-99999999999999999999"])
def test_a_key_of_another_pattern_counts_nothing(key: str) -> None:
    assert IdPattern("thing", entity(pattern="T-{n}")).number(key) == 0


def test_a_new_row_starts_with_defaults_and_allowed_nulls() -> None:
    schema = {
        "$defs": {"maybe": {"type": ["string", "null"]}},
        "properties": {
            "id": {"type": "string"},
            "name": {"type": "string"},
            "status": {"enum": ["new", "old"], "default": "new"},
            "note": {"$ref": "#/$defs/maybe"},
            "anything": True,
            "nothing": False,
        },
    }
    blank = Entity.model_validate({"schema": schema}).blank
    assert blank == {"id": None, "status": "new", "note": None, "anything": None}


def test_the_schema_at_a_path_is_that_of_the_items(harbour: World) -> None:
    row = harbour.entities["ship"].row
    assert schema_at(row, "cargo.crate") == {"type": "integer"}
    assert schema_at(row, "flag_ids") == {"type": "string"}
    assert schema_at(row, "cargo.nothing") is None


def test_the_shown_schema_of_a_row_marks_its_key_and_references_and_leaves_the_original(harbour: World) -> None:
    shown = marked_schema("ship", harbour.entities["ship"])
    marked = shown["properties"]
    assert (marked["id"]["x-entity"], marked["dock_id"]["x-entity"]) == ("ship", "dock")
    assert marked["flag_ids"]["items"]["x-entity"] == "flag"
    assert marked["cargo"]["items"]["properties"]["crate"]["x-entity"] == "crate"
    assert "x-entity" not in str(harbour.entities["ship"].row)


@given(json_values, texts)
def test_any_value_has_a_key_text(value: Any, path: str) -> None:
    assert isinstance(key_text(value), str)
    assert list(values_at({"x": value}, f"x.{path}")) is not None
