"""A clock that goes back, or was wrong: sessions work, are not collected early, and not kept for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from mcp_sim.sessions import Sessions
from schemas.types import Completion, World
from store import clock
from store.completions import keep, recall
from store.db import Database
from store.retention import Retention
from tests.memory.acting import done
from tests.memory.audit import audit

TODAY = datetime(2030, 6, 1, tzinfo=UTC)
MONTH = Retention(days=30)


class Clock:
    """The clock of the machine, in days from today."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._moment = TODAY
        monkeypatch.setattr(clock, "now", lambda: self._moment)

    def show(self, days: float) -> None:
        self._moment = TODAY + timedelta(days=days)

    def forget(self) -> None:
        """As a machine without a battery begins."""
        self._moment = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(name="shown")
def _shown(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with closing(Database(url)) as database:
        yield database


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database)


def use(database: Database, session_id: str) -> None:
    """As a server that has just started, which notes the first use at once."""
    done(Sessions(database).open(session_id), "list_ships")


def last_used(sessions: Sessions, session_id: str) -> str:
    return sessions.info(session_id).last_used


def test_a_clock_that_goes_back_disturbs_neither_calls_nor_branches_nor_rewinds(
    sessions: Sessions, database: Database, harbour: World, shown: Clock, url: str
) -> None:
    sessions.create(harbour, session_id="quay")
    for days in (0, -0.04, -3, -4000, 1, -30000):
        shown.show(days)
        use(database, "quay")
        sessions.branch("quay")
    sessions.snapshot("quay", "here")
    shown.show(-1)
    sessions.rewind("quay", "here")
    assert [line.count(b'"n":') for line in sessions.trace("quay")][1:] == [1] * 6
    assert len(sessions.list()) == 7
    assert last_used(sessions, "quay") == "2030-06-02T00:00:00Z"
    assert audit(url) == []


def test_a_session_that_was_used_while_the_clock_was_ahead_lives_as_long_as_others_from_now_on(
    sessions: Sessions, database: Database, harbour: World, shown: Clock
) -> None:
    sessions.create(harbour, session_id="quay")
    shown.show(4000)
    use(database, "quay")
    shown.show(0)
    assert list(sessions.collect(MONTH)) == []
    assert last_used(sessions, "quay") == "2030-06-01T00:00:00Z"
    shown.show(29)
    assert list(sessions.collect(MONTH)) == []
    shown.show(31)
    assert list(sessions.collect(MONTH)) == ["quay"]


def test_a_session_of_a_clock_that_was_a_little_ahead_expires_a_little_late(
    sessions: Sessions, database: Database, harbour: World, shown: Clock
) -> None:
    shown.show(20)
    sessions.create(harbour, session_id="quay")
    shown.show(0)
    assert list(sessions.collect(MONTH)) == []
    shown.show(49)
    assert list(sessions.collect(MONTH)) == []
    shown.show(51)
    assert list(sessions.collect(MONTH)) == ["quay"]


@pytest.mark.parametrize("behind", [1 / 24, 5, 29])
def test_a_clock_that_was_behind_for_a_while_makes_no_session_older(
    sessions: Sessions, database: Database, harbour: World, shown: Clock, behind: float
) -> None:
    for name in ("used", "unused"):
        sessions.create(harbour, session_id=name)
    shown.show(-behind)
    use(database, "used")
    assert list(sessions.collect(MONTH)) == []
    shown.show(29)
    assert list(sessions.collect(MONTH)) == []
    shown.show(31)
    assert sorted(sessions.collect(MONTH)) == ["unused", "used"]


def test_while_the_clock_has_not_been_set_nothing_expires_and_what_it_noted_counts_from_when_it_is(
    sessions: Sessions, database: Database, harbour: World, shown: Clock
) -> None:
    sessions.create(harbour, session_id="before")
    shown.forget()
    sessions.create(harbour, session_id="meanwhile")
    use(database, "before")
    assert list(sessions.collect(MONTH)) == []
    shown.show(29)
    assert list(sessions.collect(MONTH)) == []
    shown.show(31)
    assert list(sessions.collect(MONTH)) == ["before"]
    shown.show(60)
    assert list(sessions.collect(MONTH)) == ["meanwhile"]


def test_a_session_from_the_future_does_not_outlive_all_others_for_want_of_room(
    sessions: Sessions, database: Database, harbour: World, shown: Clock
) -> None:
    shown.show(4000)
    sessions.create(harbour, session_id="ahead")
    shown.show(0)
    list(sessions.collect(Retention(megabytes=1000)))
    shown.show(1)
    sessions.create(harbour, session_id="after")
    assert next(iter(sessions.collect(Retention(megabytes=0)))) == "ahead"


def test_what_a_world_model_said_while_the_clock_was_ahead_is_forgotten_in_time(
    database: Database, shown: Clock
) -> None:
    shown.show(4000)
    with database.transaction():
        keep(database, [Completion("prompt", "said", "model")])
    for days, is_known in ((0, True), (29, True), (31, False)):
        shown.show(days)
        list(Sessions(database).collect(MONTH))
        assert (recall(database, "prompt") is not None) == is_known


@pytest.mark.parametrize("bound", [MONTH, Retention(megabytes=0)], ids=str)
def test_a_session_that_is_used_while_others_are_collected_stays(
    sessions: Sessions, database: Database, harbour: World, shown: Clock, bound: Retention
) -> None:
    for day, name in enumerate(("one", "two", "three")):
        shown.show(day)
        sessions.create(harbour, session_id=name)
    shown.show(100)
    collecting = sessions.collect(bound)
    assert next(collecting) == "one"
    use(database, "two")
    assert list(collecting) == ["three"]


def test_a_retention_longer_than_time_keeps_everything(sessions: Sessions, harbour: World, shown: Clock) -> None:
    sessions.create(harbour, session_id="quay")
    shown.show(10_000)
    assert list(sessions.collect(Retention(days=1e12))) == []
