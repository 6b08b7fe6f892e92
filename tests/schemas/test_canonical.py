"""Canonical JSON, and what cannot be kept as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from schemas.canonical import canonical, unkept
from tests.schemas.values import json_values


@given(json_values)
def test_equal_values_have_equal_bytes_and_the_bytes_give_the_value_back(value: Any) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text
    assert unkept(value, text) is None


def test_names_are_sorted_and_there_are_no_spaces() -> None:
    assert canonical({"b": [1, None], "a": {"d": "é", "c": 1.0}}) == '{"a":{"c":1.0,"d":"é"},"b":[1,null]}'.encode()


@pytest.mark.parametrize("value", [{1, 2}, object(), "\ud800", 2**64, -(2**63) - 1, {1: 2}])
def test_what_is_not_json_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical(value)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"a": [1, float("nan")]}, "/a/1: NaN and Infinity are not JSON"),
        ([float("-inf")], "/0: NaN and Infinity are not JSON"),
        ({"a": {"b": 2**63}}, "/a/b: 9223372036854775808 does not fit into 64 bits"),
        ({"a": "x\0"}, "/a: a text cannot hold NUL characters"),
        ({"a": {"\0": 1}}, "/a: a name cannot hold NUL characters"),
    ],
)
def test_what_no_database_keeps_is_named_with_its_place(value: Any, problem: str) -> None:
    assert unkept(value, canonical(value)) == problem


@pytest.mark.parametrize("value", [None, "null", "\\u0000", 2**63 - 1, -(2**63), {"null": None}, "1" * 30])
def test_what_only_looks_suspicious_is_kept(value: Any) -> None:
    assert unkept(value, canonical(value)) is None
