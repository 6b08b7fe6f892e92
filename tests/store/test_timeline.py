"""Two processes on one session, virtual time, ids: what the head of a session promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.sessions import Sessions
from schemas.types import Call, Change, Observation, StateDelta, Step, World
from store import sessions as stored
from store.db import Database
from store.errors import Conflict, DeltaRejected
from store.timeline import Timeline
from tests.running import Running
from tests.store.plain import commit


@pytest.fixture
def pair(tmp_path: Path, harbour: World) -> Iterator[tuple[Running, Running]]:
    """One session, held by two processes that share a file."""
    databases = [Database(f"sqlite:///{tmp_path / 'shared.db'}") for _ in range(2)]
    one = Running(Sessions(databases[0]), harbour)
    two = Running.again(Sessions(databases[1]), one.session.id)
    yield one, two
    for database in databases:
        database.close()


def test_two_processes_take_turns_and_no_step_is_lost(pair: tuple[Running, Running]) -> None:
    ids = [pair[turn % 2].done("build_ship", name=f"Ship {turn}", yard="Leith")["id"] for turn in range(6)]
    assert ids == [f"S-{n:03}" for n in range(4, 10)]
    assert pair[0].trace() == pair[1].trace()
    assert [json.loads(line)["n"] for line in pair[0].trace().splitlines()[1:]] == [1, 2, 3, 4, 5, 6]


def test_a_process_that_lost_the_race_answers_from_the_newer_state(pair: tuple[Running, Running]) -> None:
    one, two = pair
    one.done("get_ship", id="S-001")
    two.done("scrap_ship", id="S-001")
    assert one.ask("get_ship", id="S-001").status == 404
    assert one.rows() == two.rows()


def test_a_deleted_session_is_gone_for_the_other_process_too(pair: tuple[Running, Running]) -> None:
    pair[0].sessions.delete(pair[0].session.id)
    with pytest.raises(Exception, match="no session"):
        pair[1].ask("get_ship", id="S-001")


def test_a_step_number_is_committed_once(database: Database, harbour: World) -> None:
    stored.create(database, "s", harbour, 0)
    one, two = Timeline(database, harbour, "s"), Timeline(database, harbour, "s")
    commit(one, StateDelta())
    with pytest.raises(Conflict):
        commit(two, StateDelta())
    two.reload()
    commit(two, StateDelta())
    assert (one.n, two.n) == (1, 2)


def test_a_refused_delta_leaves_no_step_and_the_next_one_is_taken(database: Database, harbour: World) -> None:
    stored.create(database, "s", harbour, 0)
    timeline = Timeline(database, harbour, "s")
    dangling = Change("create", "sailor", "C-9", None, {"id": "C-9", "name": "Eve", "ship_id": "S-999"})
    with pytest.raises(DeltaRejected):
        commit(timeline, StateDelta((dangling,)))
    assert timeline.n == 0
    assert list(timeline.steps()) == []
    assert len(timeline.query("sailor")) == 3
    commit(timeline, StateDelta())
    assert timeline.n == 1


def now_after(world: World, *waits: float) -> list[str]:
    database = Database("sqlite://")
    stored.create(database, "s", world, 0)
    timeline, found = Timeline(database, world, "s"), []
    for waited in waits:
        call = Call("test", {}, waited)
        view = timeline.view(call)
        timeline.commit(Step(view.n, view.now, call, Observation(""), StateDelta(), "test", "test"), view, {})
        found.append(view.now)
    database.close()
    return found


def test_virtual_time_moves_a_tick_per_call_and_by_what_the_agent_waited(harbour: World) -> None:
    assert now_after(harbour, 0, 0, 59, 0.5, -7) == [
        "2030-01-01T09:00:01Z",
        "2030-01-01T09:00:02Z",
        "2030-01-01T09:01:02Z",
        "2030-01-01T09:01:03.500Z",
        "2030-01-01T09:01:04.500Z",
    ]


def test_virtual_time_goes_on_where_it_was_when_a_session_is_opened_again(database: Database, harbour: World) -> None:
    stored.create(database, "s", harbour, 0)
    commit(Timeline(database, harbour, "s"), StateDelta())
    assert Timeline(database, harbour, "s").view(Call("test", {})).now == "2030-01-01T09:00:02Z"


@given(st.lists(st.floats(0, 1e9), max_size=5))
def test_virtual_time_never_goes_back(harbour: World, waits: list[float]) -> None:
    found = now_after(harbour, *waits)
    assert found == sorted(found)


def test_the_end_of_time_is_not_passed(harbour: World) -> None:
    assert now_after(harbour, *[1e18] * 3)[-1] > "2059"


def test_ids_count_on_from_the_seed_rows_and_are_never_given_twice(running: Running) -> None:
    first = running.done("build_ship", name="Dora", yard="Leith")["id"]
    running.done("scrap_ship", id=first)
    second = running.done("build_ship", name="Dora", yard="Leith")["id"]
    assert (first, second) == ("S-004", "S-005")


def test_an_id_that_somebody_took_is_passed_over(running: Running) -> None:
    running.done("build_ship", id="S-004", name="Dora", yard="Leith")
    assert running.done("build_ship", name="Emma", yard="Leith")["id"] == "S-005"


def test_a_refused_call_uses_no_id_up(running: Running) -> None:
    running.refused("build_ship", name="Aurora", yard="Leith")
    running.refused("build_ship", name="", yard="Leith")
    assert running.done("build_ship", name="Dora", yard="Leith")["id"] == "S-004"


def test_random_numbers_depend_on_seed_step_and_purpose_alone(database: Database, harbour: World) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        stored.create(database, name, harbour, seed)
    views = {name: Timeline(database, harbour, name).view(Call("test", {})) for name in "abc"}
    assert views["a"].random("x") == views["b"].random("x")
    assert len({views["a"].random("x"), views["a"].random("y"), views["c"].random("x")}) == 3
    timeline = Timeline(database, harbour, "a")
    first = commit(timeline, StateDelta()).random("x")
    assert timeline.view(Call("test", {})).random("x") != first
