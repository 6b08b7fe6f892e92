"""The rows as of any step, and what changed between two."""

from __future__ import annotations

import pytest

from mcp_sim.sessions import Sessions
from schemas.canonical import canonical
from schemas.load import load_world
from store.errors import NoSuchStep
from tests.memory.acting import done
from tests.memory.wanderer import Wanderer, state
from tests.running import HARBOUR


def test_the_rows_as_of_any_step_are_those_that_the_step_left(wanderer: Wanderer) -> None:
    for session_id, past in wanderer.pasts.items():
        for n, expected in enumerate(past):
            assert state(wanderer.sessions, wanderer.world, session_id, n) == expected


def test_a_difference_turns_one_state_into_the_other_in_either_direction(wanderer: Wanderer) -> None:
    for session_id in ("s0", "s6", "s11"):
        past = wanderer.pasts[session_id]
        last = len(past) - 1
        for start, end in ((0, last), (last, 0), (1, last - 1), (last - 1, 1), (3, 3)):
            rows = dict(past[start])
            for change in wanderer.sessions.diff(session_id, start, end).changes:
                at = change.entity, change.key
                assert rows.pop(at, None) == change.before
                assert canonical(change.before) != canonical(change.after)
                if change.after is not None:
                    rows[at] = change.after
            assert rows == past[end]


def test_a_difference_lists_changes_by_entity_and_key_with_fields_in_their_own_order(sessions: Sessions) -> None:
    session = sessions.create(load_world(HARBOUR))
    for name in ("Zephyr", "Draco"):
        done(session, "build_ship", name=name, yard="Leith")
    done(session, "scrap_ship", id="S-003")
    changes = sessions.diff(session.id, 0, 3).changes
    assert [(change.op, change.entity, change.key) for change in changes] == [
        ("delete", "ship", "S-003"),
        ("create", "ship", "S-004"),
        ("create", "ship", "S-005"),
        ("delete", "sailor", "C-003"),
    ]
    assert list(changes[1].after or {})[:3] == ["id", "name", "yard"]


def test_what_a_later_step_takes_back_is_no_difference(sessions: Sessions) -> None:
    session = sessions.create(load_world(HARBOUR))
    done(session, "build_ship", name="Draco", yard="Leith")
    done(session, "scrap_ship", id="S-004")
    assert sessions.diff(session.id, 0, 2).changes == ()
    assert [change.op for change in sessions.diff(session.id, 2, 1).changes] == ["create"]


@pytest.mark.parametrize("n", [-1, 3, 2**70])
def test_a_step_that_was_never_made_has_no_rows(sessions: Sessions, n: int) -> None:
    session = sessions.create(load_world(HARBOUR), session_id="quay")
    for _ in range(2):
        done(session, "list_ships")
    told = f"^session 'quay' has the steps 0 to 2; there is no step {n}$"
    with pytest.raises(NoSuchStep, match=told):
        sessions.rows("quay", at=n)
    with pytest.raises(NoSuchStep, match=told):
        sessions.diff("quay", 1, n)
