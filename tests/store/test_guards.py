"""What the rules let through the database accepts, and it refuses what they refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.types import Call, Change, StateDelta, World
from store import sessions
from store.db import Database
from store.errors import DeltaRejected
from store.integrity import check
from store.timeline import Timeline
from tests.store.plain import KEY_FIELDS, State, applied, commit, deltas, is_whole, seed_of

PYTHON_ALONE = {"schema"}


@pytest.fixture(scope="module")
def timeline(harbour: World) -> Timeline:
    return fresh(harbour)


def fresh(world: World) -> Timeline:
    database = Database("sqlite://")
    sessions.create(database, "s", world, 0)
    return Timeline(database, world, "s")


def is_accepted(timeline: Timeline, delta: StateDelta) -> bool:
    try:
        commit(timeline, delta)
    except DeltaRejected:
        return False
    return True


@given(st.data())
def test_rules_and_database_agree_on_every_delta(harbour: World, data: st.DataObject) -> None:
    timeline = fresh(harbour)
    state: State = seed_of(harbour)
    for _ in range(3):
        delta = data.draw(deltas(state, honest=False))
        broken = {violation.rule for violation in check(harbour, timeline.view(Call("test", {})), delta)}
        assert not broken & PYTHON_ALONE
        accepted = is_accepted(timeline, delta)
        assert accepted == (not broken), broken
        state = applied(state, delta) if accepted else state
        assert is_whole(state)
        assert {name: {row[key]: row for row in timeline.query(name)} for name, key in KEY_FIELDS.items()} == state


def truthful(timeline: Timeline, *changes: Change) -> StateDelta:
    """Changes that say what was there."""
    view = timeline.view(Call("test", {}))
    return StateDelta(tuple(replace(change, before=view.get(change.entity, change.key)) for change in changes))


def ship(**fields: object) -> dict[str, object]:
    return {
        "id": "S-003",
        "name": "Cygnus",
        "yard": "Gdansk",
        "tonnes": 300,
        "flag_ids": ["jack"],
        "cargo": [],
        **fields,
    }


@pytest.mark.parametrize(
    ("change", "rule", "message"),
    [
        (
            Change("create", "dock", "D-01", None, {"id": "D-01", "name": "X", "open": True}),
            "key",
            "dock 'D-01' exists already",
        ),
        (
            Change("update", "dock", "D-09", None, {"id": "D-09", "name": "X", "open": True}),
            "key",
            "there is no dock 'D-09'",
        ),
        (Change("delete", "dock", "D-09", None, None), "key", "there is no dock 'D-09'"),
        (Change("update", "ship", "S-003", None, ship(id="S-004")), "key", "the key of a ship never changes"),
        (Change("create", "flag", "x", None, {"colours": []}), "key", "the key of a flag never changes"),
        (Change("create", "flag", "", None, {"id": "", "colours": []}), "key", "'id' has 1 to 256 characters"),
        (
            Change("create", "flag", "x" * 257, None, {"id": "x" * 257, "colours": []}),
            "key",
            "'id' has 1 to 256 characters",
        ),
        (Change("create", "boat", "x", None, {"id": "x"}), "schema", "there is no entity 'boat'"),
        (
            Change("update", "ship", "S-003", None, ship(tonnes=-1)),
            "schema",
            "tonnes: -1 is less than the minimum of 0",
        ),
        (Change("update", "ship", "S-003", None, ship(colour="red")), "schema", "ship: 'colour' is not known; known: "),
        (Change("update", "ship", "S-003", None, ship(yard="Leith")), "immutable", "'yard' of a ship never changes"),
        (
            Change("update", "ship", "S-003", None, ship(dock_id="D-09")),
            "reference",
            "'dock_id': there is no dock 'D-09'",
        ),
        (
            Change("update", "ship", "S-003", None, ship(flag_ids=["nil"])),
            "reference",
            "'flag_ids': there is no flag 'nil'",
        ),
        (
            Change("update", "ship", "S-003", None, ship(cargo=[{"crate": 9}])),
            "reference",
            "'cargo.crate': there is no crate '9'",
        ),
        (
            Change("create", "dock", "D-09", None, {"id": "D-09", "name": "North", "open": True}),
            "unique",
            "a dock with name 'North' exists already",
        ),
        (
            Change("create", "ship", "S-9", None, {"id": "S-9", "name": "Aurora", "yard": "Leith"}),
            "unique",
            "a ship with name 'Aurora', yard 'Leith' exists already",
        ),
        (
            Change("delete", "dock", "D-01", None, None),
            "restrict",
            "dock 'D-01' is still referred to by ship 'S-001' (dock_id)",
        ),
        (
            Change("delete", "flag", "red", None, None),
            "restrict",
            "flag 'red' is still referred to by ship 'S-001' (flag_ids)",
        ),
        (
            Change("delete", "crate", "1", None, None),
            "restrict",
            "crate '1' is still referred to by ship 'S-001' (cargo.crate)",
        ),
    ],
)
def test_each_rule_says_what_is_broken(
    timeline: Timeline, harbour: World, change: Change, rule: str, message: str
) -> None:
    found = check(harbour, timeline.view(Call("test", {})), truthful(timeline, change))
    assert (found[0].rule, found[0].entity, found[0].key) == (rule, change.entity, change.key)
    assert found[0].message.startswith(message)


def test_every_broken_rule_is_told(timeline: Timeline, harbour: World) -> None:
    changes = (
        Change("update", "ship", "S-003", None, ship(dock_id="D-09", sister_id="S-9", tonnes=-1)),
        Change("delete", "dock", "D-01", None, None),
    )
    found = check(harbour, timeline.view(Call("test", {})), truthful(timeline, *changes))
    assert [violation.rule for violation in found] == ["schema", "reference", "reference", "restrict", "restrict"]


def test_a_reference_to_a_row_that_the_same_delta_creates_holds(timeline: Timeline, harbour: World) -> None:
    changes = (
        Change("update", "ship", "S-003", None, ship(dock_id="D-09")),
        Change("create", "dock", "D-09", None, {"id": "D-09", "name": "New", "open": True}),
    )
    assert check(harbour, timeline.view(Call("test", {})), truthful(timeline, *changes)) == []


def test_what_a_change_says_of_the_row_before_is_true_or_its_inverse_would_bring_back_another(
    timeline: Timeline, harbour: World
) -> None:
    view = timeline.view(Call("test", {}))
    dock, flag = {"id": "D-01", "name": "North", "open": True, "depth": 12.5}, {"id": "new", "colours": []}
    closed = {**dock, "open": False}
    untrue = [
        *(Change("update", "dock", "D-01", before, closed) for before in (None, {}, closed, {**dock, "open": 1})),
        Change("delete", "dock", "D-01", closed, None),
        Change("create", "flag", "new", flag, flag),
        Change("create", "flag", "new", {}, flag),
    ]  # fmt: skip
    for change in untrue:
        found = check(harbour, view, StateDelta((change,)))[0]
        assert found.rule == "before"
        assert found.message == f"what {change.entity} '{change.key}' was before the change is not what it is"
    for before in (view.get("dock", "D-01"), dock):
        assert check(harbour, view, StateDelta((Change("update", "dock", "D-01", before, closed),))) == []


def test_no_change_breaks_nothing(timeline: Timeline, harbour: World) -> None:
    assert check(harbour, timeline.view(Call("test", {})), StateDelta()) == []
