"""A connection to PostgreSQL that is lost at any moment: a call is answered or told why not, and made once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from mcp_sim.errors import UnknownSession
from mcp_sim.sessions import Sessions
from schemas.load import load_world
from store.db import Database
from store.errors import ConnectionLost, SessionExists, StoreError
from tests.memory.acting import done
from tests.memory.audit import audit
from tests.memory.raw import connected
from tests.memory.wire import Cut, Wire, wired
from tests.running import HARBOUR

pytestmark = pytest.mark.parametrize("place", ["postgresql"], indirect=True)

KINDS: list[Cut] = ["before", "after", "silent"]


@pytest.fixture
def wire(url: str) -> Iterator[Wire]:
    with wired(url) as wire:
        yield wire


@pytest.fixture
def sessions(wire: Wire) -> Iterator[Sessions]:
    """Sessions at the far end of the wire, one of them with a step."""
    database = Database(wire.url)
    sessions = Sessions(database)
    sessions.create(load_world(HARBOUR), session_id="quay")
    build(sessions, 0)
    yield sessions
    database.close()


def build(sessions: Sessions, n: int) -> str:
    return str(done(sessions.open("quay"), "build_ship", name=f"ship {n}", yard="Leith")["id"])


def held(sessions: Sessions) -> tuple[list[str], int]:
    """The names of the ships that were built, and the number of steps."""
    names = [row["name"] for row in sessions.rows("quay", "ship")["ship"] if row["name"].startswith("ship ")]
    return names, sessions.info("quay").steps


def exchanges(wire: Wire, sessions: Sessions) -> int:
    """How many exchanges one call takes; the last is the commit."""
    wire.cut(10**6, "before")
    build(sessions, 1)
    return wire.exchanges


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_between_any_two_statements_of_a_call_costs_neither_the_answer_nor_a_second_step(
    wire: Wire, sessions: Sessions, url: str, kind: Cut
) -> None:
    last = exchanges(wire, sessions)
    assert last > 5
    for n in range(1, last + 1):
        wire.cut(n, kind)
        build(sessions, n + 1)
        assert wire.is_cut
    assert held(sessions) == ([f"ship {n}" for n in range(last + 2)], last + 2)
    assert audit(url) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_is_lost_again_and_again_is_told_and_the_next_call_goes_on(
    wire: Wire, sessions: Sessions, url: str, kind: Cut
) -> None:
    last, built = exchanges(wire, sessions), 2
    for n in range(1, last + 1):
        wire.cut(n, kind, times=100)
        before = held_directly(url)
        with pytest.raises(StoreError) as caught:
            build(sessions, built)
        assert re.fullmatch(r"[^\n]+: (the connection was lost|connection failed|consuming)[^\n]+", str(caught.value))
        wire.cut(10**6, "before")
        kept = held_directly(url) - before
        assert kept in (0, 1)
        assert kept == 0 or (n, kind) == (last, "after"), "only a commit whose answer is lost leaves a step"
        build(sessions, built + kept)
        built += 1 + kept
    names, steps = held(sessions)
    assert steps == len(names) == built
    assert audit(url) == []


def held_directly(url: str) -> int:
    database = Database(url)
    steps = Sessions(database).info("quay").steps
    database.close()
    return steps


def test_a_commit_whose_outcome_cannot_be_found_out_says_so_and_is_found_when_the_database_is_back(
    wire: Wire, sessions: Sessions, url: str
) -> None:
    last = exchanges(wire, sessions)
    wire.cut(last, "after")
    wire.is_down = True
    with pytest.raises(ConnectionLost, match="the connection was lost during the commit; look whether it was made"):
        build(sessions, 2)
    with pytest.raises(StoreError, match="connection failed"):
        build(sessions, 3)
    wire.is_down = False
    build(sessions, 3)
    assert held(sessions) == ([f"ship {n}" for n in range(4)], 4)
    assert audit(url) == []


def test_a_call_that_was_lost_half_way_holds_up_no_other_process(wire: Wire, sessions: Sessions, url: str) -> None:
    """The server that was not told waits for a commit that never comes, and holds the session meanwhile."""
    last = exchanges(wire, sessions)
    wire.cut(last, "silent")
    build(sessions, 2)
    database = Database(url)
    assert build(Sessions(database), 3) == "S-007"
    database.close()


def refusal(act: Callable[[Sessions, int], object], sessions: Sessions, n: int) -> Exception | None:
    """What came of it, where it was not done."""
    try:
        act(sessions, n)
    except (StoreError, UnknownSession) as error:
        return error
    return None


def _delete(sessions: Sessions, n: int) -> None:
    sessions.delete(f"spare-{n}")


ACTS: dict[str, Callable[[Sessions, int], object]] = {
    "create": lambda sessions, n: sessions.create(load_world(HARBOUR), session_id=f"new-{n}"),
    "branch": lambda sessions, n: sessions.branch("quay", fresh_id=f"branch-{n}"),
    "rewind": lambda sessions, n: sessions.rewind("quay", 1),
    "reset": lambda sessions, n: sessions.reset("quay"),
    "snapshot": lambda sessions, n: sessions.snapshot("quay", "here"),
    "delete": _delete,
    "list": lambda sessions, n: sessions.list(),
    "trace": lambda sessions, n: list(sessions.trace("quay")),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_loss_between_any_two_statements_leaves_all_or_nothing_of_what_was_asked(
    wire: Wire, sessions: Sessions, url: str, kind: Cut, act: Callable[[Sessions, int], object]
) -> None:
    for n in range(1, 100):
        if act is _delete:
            sessions.create(load_world(HARBOUR), session_id=f"spare-{n}")
        wire.cut(n, kind)
        told = refusal(act, sessions, n)
        assert "\n" not in str(told)
        if told and (again := refusal(act, sessions, n)):
            assert "look whether it was made" in str(told)
            assert isinstance(again, SessionExists | UnknownSession)
        if not wire.is_cut:
            break
    assert 1 < n < 100
    for info in sessions.list():
        done(sessions.open(info.id), "list_ships")
    assert not any(info.id.startswith("spare") for info in sessions.list())
    assert audit(url) == []


def test_a_server_that_ends_every_connection_while_nothing_happens_costs_nothing(url: str) -> None:
    database = Database(url)
    sessions = Sessions(database)
    sessions.create(load_world(HARBOUR), session_id="quay")
    end = "SELECT pg_terminate_backend(pid, 9999) FROM pg_stat_activity WHERE application_name LIKE 'mcp-sim %'"
    with connected(url) as raw:
        for n in range(1, 4):
            assert raw.run(end) == [(True,)]
            done(sessions.open("quay"), "list_ships") if n == 2 else build(sessions, n)
    assert sessions.info("quay").steps == 3
    database.close()
