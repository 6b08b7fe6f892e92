"""Deletes and their policies: what goes along, what is nulled, what stands in the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.types import Call, StateDelta, World
from store import sessions
from store.db import Database
from store.integrity import check
from store.overlay import Overlay, Restricted
from store.timeline import Timeline
from store.view import EntityView
from tests.store.plain import KEY_FIELDS, KEYS, after_delete, applied, commit, deltas, is_whole, seed_of


@pytest.fixture
def timeline(database: Database, harbour: World) -> Timeline:
    sessions.create(database, "s", harbour, 0)
    return Timeline(database, harbour, "s")


@pytest.fixture
def view(timeline: Timeline) -> EntityView:
    return timeline.view(Call("test", {}))


@pytest.fixture
def overlay(harbour: World, view: EntityView) -> Overlay:
    return Overlay(harbour, view)


def changed(overlay: Overlay) -> list[str]:
    return [f"{change.op} {change.entity} {change.key}" for change in overlay.delta().changes]


def test_a_cascade_goes_to_the_end_and_nulls_on_its_way(overlay: Overlay) -> None:
    overlay.delete("ship", "S-001")
    assert changed(overlay) == [
        "delete ship S-001",
        "update ship S-002",
        "delete sailor C-001",
        "delete sailor C-002",
        "delete sailor C-003",
    ]
    assert (overlay.get("ship", "S-002") or {})["sister_id"] is None


def test_a_restricted_delete_says_who_blocks_it_and_changes_nothing(overlay: Overlay) -> None:
    with pytest.raises(Restricted, match=r"^dock 'D-01' cannot be deleted: 2 ship still refer to it$") as caught:
        overlay.delete("dock", "D-01")
    assert (caught.value.blocker, caught.value.count) == ("ship", 2)
    assert changed(overlay) == []


def test_a_restriction_is_lifted_when_the_referrer_goes_first(overlay: Overlay) -> None:
    for ship in ("S-001", "S-002"):
        overlay.delete("ship", ship)
    overlay.delete("dock", "D-01")
    assert overlay.get("dock", "D-01") is None


def test_set_null_takes_ids_out_of_lists_and_nested_objects(overlay: Overlay) -> None:
    overlay.delete("flag", "jack")
    overlay.delete("sailor", "C-001")
    aurora = overlay.get("ship", "S-001") or {}
    assert aurora["flag_ids"] == ["red"]
    assert aurora["cargo"] == [{"crate": 1, "guard_id": None}, {"crate": 2, "guard_id": None}]


def test_a_nested_reference_restricts(overlay: Overlay) -> None:
    with pytest.raises(Restricted, match=r"crate '1' cannot be deleted: 1 ship still refer to it"):
        overlay.delete("crate", "1")


def test_a_circle_of_cascades_ends(harbour: World, overlay: Overlay) -> None:
    overlay.put("sailor", {"id": "C-001", "name": "Ada", "ship_id": "S-003", "mate_id": "C-003"})
    overlay.put("sailor", {"id": "C-004", "name": "Dan", "ship_id": "S-002", "mate_id": "C-004"})
    overlay.delete("sailor", "C-002")
    overlay.delete("sailor", "C-004")
    assert [overlay.get("sailor", key) for key in ("C-001", "C-002", "C-003", "C-004")] == [None] * 4


def test_a_row_that_refers_to_itself_is_deleted_or_nulled_like_any_other(overlay: Overlay) -> None:
    overlay.put("ship", {**(overlay.get("ship", "S-003") or {}), "sister_id": "S-003"})
    overlay.delete("ship", "S-003")
    assert "delete ship S-003" in changed(overlay)


def test_a_row_that_is_created_and_deleted_leaves_no_change(overlay: Overlay) -> None:
    overlay.put("dock", {"id": "D-09", "name": "New", "open": True})
    assert overlay.exists("dock", "D-09")
    overlay.delete("dock", "D-09")
    assert changed(overlay) == []


def test_a_row_that_is_put_back_as_it_was_leaves_no_change(overlay: Overlay, view: EntityView) -> None:
    row = view.get("dock", "D-01") or {}
    overlay.put("dock", {**row, "open": False})
    overlay.put("dock", dict(row))
    assert changed(overlay) == []


def test_pending_rows_are_seen_by_every_way_of_reading(overlay: Overlay) -> None:
    overlay.put("ship", {"id": "S-000", "name": "New", "yard": "Leith", "dock_id": "D-02"})
    overlay.put("ship", {**(overlay.get("ship", "S-002") or {}), "dock_id": None})
    assert [row["id"] for row in overlay.query("ship", {"yard": "Leith"})] == ["S-000", "S-001", "S-002"]
    assert [row["id"] for row in overlay.stream("ship", {"yard": "Leith"}, "S-000")] == ["S-001", "S-002"]
    assert overlay.count("ship", {"dock_id": "D-01"}) == 1
    assert [(name, path, row["id"]) for name, path, row in overlay.referrers("dock", "D-02")] == [
        ("ship", "dock_id", "S-000")
    ]
    assert [row["id"] for _, _, row in overlay.referrers("dock", "D-01")] == ["S-001"]


@given(st.data())
def test_a_delete_leaves_what_its_policies_say_and_can_be_undone(harbour: World, data: st.DataObject) -> None:
    database = Database("sqlite://")
    sessions.create(database, "s", harbour, 0)
    timeline, state = Timeline(database, harbour, "s"), seed_of(harbour)
    for _ in range(2):
        delta = data.draw(deltas(state))
        if not check(harbour, timeline.view(Call("test", {})), delta):
            commit(timeline, delta)
            state = applied(state, delta)
    entity, key = data.draw(st.sampled_from([(name, key) for name in KEYS for key in state[name]]))
    overlay = Overlay(harbour, timeline.view(Call("test", {})))
    expected = after_delete(state, entity, key)
    if expected is None:
        with pytest.raises(Restricted):
            overlay.delete(entity, str(key))
        assert overlay.delta() == StateDelta()
    else:
        overlay.delete(entity, str(key))
        delta = overlay.delta()
        assert applied(state, delta) == expected
        assert check(harbour, timeline.view(Call("test", {})), delta) == []
        assert is_whole(expected)
        assert applied(expected, delta.inverse()) == state
        commit(timeline, delta)
        commit(timeline, delta.inverse())
    assert {name: {row[KEY_FIELDS[name]]: row for row in timeline.query(name)} for name in KEYS} == state
    database.close()
