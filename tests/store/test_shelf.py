"""Rows in memory: an index finds what looking through all of them finds, also after they have changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.types import Row, World
from store.matching import matches, references_to
from store.shelf import Shelf

SHIPS = [f"S-{n:03}" for n in range(40)]
SCALARS: list[Any] = ["Leith", "1", "true", 1, 1.0, True, False, 0, -0.0, 2.5, 2**60, 2.0**60, None]

rows = st.builds(
    lambda key, value, sister, flags, cargo: {
        "id": key,
        "yard": value,
        "sister_id": sister,
        "flag_ids": flags,
        "cargo": cargo,
    },
    st.sampled_from(SHIPS),
    st.sampled_from(SCALARS),
    st.none() | st.sampled_from(SHIPS[:4]),
    st.lists(st.sampled_from(["red", "jack"]), max_size=2),
    st.lists(st.builds(lambda crate: {"crate": crate}, st.sampled_from([1, 2, 1.0])), max_size=2),
)
puts = st.lists(st.one_of(rows, st.sampled_from(SHIPS)), min_size=20, max_size=60)
TARGETS = [("ship", "S-001"), ("ship", "S-003"), ("flag", "red"), ("crate", "1"), ("dock", "D-01")]


def put(shelf: Shelf, plain: dict[str, Row | None], what: Row | str) -> None:
    key, row = (what, None) if isinstance(what, str) else (what["id"], what)
    shelf.put(("ship", key), row)
    plain[key] = row


def fail_after(shelf: Shelf, rows: list[Row | str]) -> None:
    with shelf.all_or_nothing():
        for what in rows:
            put(shelf, {}, what)
        raise KeyError


def agree(world: World, shelf: Shelf, plain: dict[str, Row | None]) -> None:
    held = [row for row in plain.values() if row is not None]
    for value in SCALARS:
        expected = [row for row in held if matches(row, {"yard": value})]
        assert sorted(shelf.matching("ship", {"yard": value}), key=str) == sorted(expected, key=str)
    for entity, key in TARGETS:
        assert shelf.referrers(entity, key) == [
            ("ship", path, row) for row in held for path in references_to(world, "ship", row, entity, key)
        ]


@given(first=puts, then=puts)
def test_an_index_finds_what_looking_through_all_rows_finds(harbour: World, first: Any, then: Any) -> None:
    shelf, plain = Shelf(harbour), dict[str, Row | None]()
    for what in first:
        put(shelf, plain, what)
    agree(harbour, shelf, plain)
    for what in then:
        put(shelf, plain, what)
    agree(harbour, shelf, plain)


@given(first=puts, then=puts)
def test_what_fails_leaves_every_row_as_it_was(harbour: World, first: Any, then: Any) -> None:
    shelf, plain = Shelf(harbour), dict[str, Row | None]()
    for what in first:
        put(shelf, plain, what)
    agree(harbour, shelf, plain)
    before = list(shelf.rows.items())
    with pytest.raises(KeyError):
        fail_after(shelf, then)
    assert list(shelf.rows.items()) == before
    agree(harbour, shelf, plain)
