"""Sessions as a directory: created, listed, renamed, reset, deleted; and the default one."""

from __future__ import annotations

import re

import pytest

from mcp_sim.errors import BadName, UnknownSession
from mcp_sim.sessions import Sessions
from schemas.types import World
from store.errors import SessionExists
from tests.running import Running


def test_a_new_session_has_an_id_of_its_own_and_the_seed_of_its_world(sessions: Sessions, harbour: World) -> None:
    one, two = sessions.create(harbour), sessions.create(harbour, seed=7)
    assert one.id != two.id
    assert re.fullmatch(r"[0-9a-f]{16}", one.id)
    assert (one.seed, two.seed) == (harbour.seed, 7)


def test_sessions_are_listed_with_world_seed_steps_and_moment(sessions: Sessions, harbour: World) -> None:
    sessions.create(harbour, session_id="b")
    sessions.create(harbour, session_id="a", seed=3)
    found = {info.id: (info.world, info.seed, info.steps) for info in sessions.list()}
    assert found == {"b": ("harbour", 0, 0), "a": ("harbour", 3, 0)}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", info.created) for info in sessions.list())


def test_an_id_that_is_taken_is_refused_and_the_session_stays(sessions: Sessions, harbour: World) -> None:
    first = sessions.create(harbour, session_id="one", seed=1)
    with pytest.raises(SessionExists, match=r"session 'one' exists already; reset or delete it first"):
        sessions.create(harbour, session_id="one", seed=2)
    assert [info.seed for info in sessions.list()] == [1]
    assert sessions.open("one") is first


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "-a", "_a", "ä", "x" * 65, "a\0", "a\n", "."])
def test_a_name_that_cannot_be_one_is_refused(sessions: Sessions, harbour: World, name: str) -> None:
    with pytest.raises(BadName, match="is not a session id"):
        sessions.create(harbour, session_id=name)
    with pytest.raises(UnknownSession):
        sessions.open(name)
    assert sessions.list() == []


@pytest.mark.parametrize("name", ["a", "7", "x" * 64, "A-b_9"])
def test_a_name_of_letters_digits_and_dashes_is_fine(sessions: Sessions, harbour: World, name: str) -> None:
    assert sessions.create(harbour, session_id=name).id == name


def test_a_session_that_is_not_there_is_named(sessions: Sessions) -> None:
    for ask in (sessions.open, sessions.info, sessions.reset, sessions.delete, sessions.rows):
        with pytest.raises(UnknownSession, match=r"no session 'gone'; it may have expired or been deleted"):
            ask("gone")
    with pytest.raises(UnknownSession):
        next(sessions.trace("gone"))


def test_a_reset_brings_the_first_day_back(running: Running) -> None:
    before, trace = running.rows(), running.trace()
    running.done("scrap_ship", id="S-001")
    running.done("build_ship", name="Dora", yard="Leith")
    running.session = running.sessions.reset(running.session.id)
    assert running.rows() == before
    assert running.trace() == trace
    assert running.done("build_ship", name="Dora", yard="Leith")["id"] == "S-004"


def test_a_session_that_is_reset_takes_calls_from_whoever_holds_it(running: Running) -> None:
    running.done("build_ship", name="Dora", yard="Leith")
    running.sessions.reset(running.session.id)
    assert running.done("build_ship", name="Emma", yard="Leith")["id"] == "S-004"
    assert [row["name"] for row in running.rows()["ship"].values()][-1] == "Emma"


def test_a_deleted_session_is_gone_for_whoever_still_holds_it(running: Running) -> None:
    running.done("get_ship", id="S-001")
    running.sessions.delete(running.session.id)
    with pytest.raises(UnknownSession, match="no session"):
        running.ask("get_ship", id="S-001")
    assert running.sessions.list() == []


def test_a_call_of_a_deleted_session_never_reaches_another(sessions: Sessions, harbour: World) -> None:
    held = Running(sessions, harbour)
    sessions.delete(held.session.id)
    other = Running(sessions, harbour)
    with pytest.raises(UnknownSession):
        held.ask("build_ship", name="Dora", yard="Leith")
    assert sessions.info(other.session.id).steps == 0
    assert list(other.rows()["ship"]) == ["S-001", "S-002", "S-003"]


def test_a_session_made_anew_from_another_world_is_not_the_old_one(sessions: Sessions, harbour: World) -> None:
    other = World.model_validate(harbour.model_dump(mode="json", by_alias=True) | {"seed": 9})
    held = Running(sessions, harbour)
    sessions.delete(held.session.id)
    sessions.create(other, session_id=held.session.id)
    with pytest.raises(UnknownSession):
        held.ask("build_ship", name="Dora", yard="Leith")
    assert sessions.info(held.session.id).steps == 0


def test_deleting_a_session_leaves_the_others_as_they_are(sessions: Sessions, harbour: World) -> None:
    one, two = Running(sessions, harbour), Running(sessions, harbour)
    two.done("scrap_ship", id="S-003")
    before = two.rows()
    sessions.delete(one.session.id)
    assert two.rows() == before
    assert two.done("build_ship", name="Dora", yard="Leith")["id"] == "S-004"


def test_two_sessions_of_one_world_never_see_each_other(sessions: Sessions, harbour: World) -> None:
    one, two = Running(sessions, harbour), Running(sessions, harbour)
    one.done("scrap_ship", id="S-001")
    assert "S-001" not in one.rows()["ship"]
    assert "S-001" in two.rows()["ship"]
    assert (sessions.info(one.session.id).steps, sessions.info(two.session.id).steps) == (1, 0)


def test_serving_a_world_again_continues_its_default_session(sessions: Sessions, harbour: World) -> None:
    first = sessions.serve(harbour)
    assert first.id == "default"
    assert sessions.serve(harbour) is first
    assert len(sessions.list()) == 1


def test_serving_another_world_or_seed_leaves_the_earlier_default_session_alone(
    sessions: Sessions, harbour: World
) -> None:
    sessions.serve(harbour)
    other = sessions.serve(harbour, seed=5)
    assert other.id == harbour.name
    assert sessions.open("default") is other
    assert {info.id: info.seed for info in sessions.list()} == {"default": 0, harbour.name: 5}
    assert sessions.serve(harbour, seed=6).id == f"{harbour.name}-6"
    assert sessions.serve(harbour, seed=5) is other


def test_a_default_session_deleted_under_a_running_server_begins_anew(sessions: Sessions, harbour: World) -> None:
    sessions.serve(harbour, seed=5)
    sessions.delete("default")
    assert sessions.list() == []
    assert sessions.open("default").seed == 5
    assert [info.id for info in sessions.list()] == ["default"]
