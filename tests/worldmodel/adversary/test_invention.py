"""Honest data is of the form that was asked for, and a lie about it is one."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
from hypothesis import given
from hypothesis import strategies as st

from tests.worldmodel.adversary import Fault
from tests.worldmodel.adversary.chance import Dice
from tests.worldmodel.adversary.draft import Draft, paths
from tests.worldmodel.adversary.invention import invent
from tests.worldmodel.adversary.lies import LIES, Scene


def schemas() -> st.SearchStrategy[Any]:
    small = st.integers(-20, 20)
    leaves = st.one_of(
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": ["integer", "null"]}, {}, True]),
        st.lists(small | st.text(max_size=4) | st.none(), min_size=1, max_size=3).map(lambda options: {"enum": options}),
        (small | st.booleans()).map(lambda value: {"const": value}),
        st.builds(
            lambda kind, low, span: {"type": kind, "minimum": low, "maximum": low + span},
            st.sampled_from(["integer", "number"]), small, st.integers(0, 9),
        ),
        st.builds(
            lambda low, step: {"type": "integer", "exclusiveMinimum": low, "maximum": low + 3 * step, "multipleOf": step},
            small, st.integers(1, 7),
        ),
        small.map(lambda high: {"type": "number", "exclusiveMaximum": high, "multipleOf": 0.25}),
        st.builds(
            lambda least, span: {"type": "string", "minLength": least, "maxLength": least + span},
            st.integers(0, 30), st.integers(0, 9),
        ),
        st.sampled_from(["^[A-Z]{2}-[0-9]{4}$", "^a|b$"]).map(lambda pattern: {"type": "string", "pattern": pattern}),
    )  # fmt: skip
    return st.recursive(leaves, nested, max_leaves=8)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["id", "status", "owner_id", "notes"])
    return st.one_of(
        st.builds(
            lambda properties, required, closed: {
                "type": "object",
                "properties": properties,
                "required": sorted(required & set(properties) if closed else required),
                "additionalProperties": not closed,
            },
            st.dictionaries(names, inner, max_size=3), st.sets(names, max_size=2), st.booleans(),
        ),
        st.builds(
            lambda items, least, span: {"type": "array", "items": items, "minItems": least, "maxItems": least + span},
            inner, st.integers(0, 2), st.integers(0, 2),
        ),
        inner.map(lambda items: {"type": "array", "items": items, "maxItems": 5, "uniqueItems": True}),
        st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options}),
        inner.map(lambda part: {"$defs": {"part": part}, "allOf": [part]}),
    )  # fmt: skip


@given(schemas(), st.integers(0, 2**64))
def test_honest_data_is_of_the_form_asked_for(schema: Any, seed: int) -> None:
    value, places = invent(schema, Dice(seed))
    assert jsonschema_rs.is_valid(schema, value)
    assert set(places) == set(paths(value))
    assert invent(schema, Dice(seed)) == (value, places)


@given(schemas(), st.integers(0, 2**64), st.sampled_from(sorted(LIES)))
def test_a_lie_is_never_the_truth(schema: Any, seed: int, fault: Fault) -> None:
    draft = Draft.invented(schema, Dice(seed))
    worse = LIES[fault](draft, Dice(seed + 1), Scene(b"You are a shop.", ("ORD-00777", 42)))
    assert worse is None or worse.text != draft.text or (fault is Fault.STALE_IDS and "42" in draft.text)
