"""Sessions expire, and make room, the longest unused first; what others stand on stays."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import bindparam, update

from mcp_sim.sessions import Sessions
from schemas.types import Completion, World
from store.completions import keep, recall
from store.db import Database
from store.retention import Retention
from store.room import rows_bytes, session_sizes
from store.tables import completion, session
from tests.memory.acting import done
from tests.memory.reading import read
from tests.running import acting

TOUCH = update(session).where(session.c.id == bindparam("of")).values(touched=bindparam("at"))


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with closing(Database(url)) as database:
        yield database


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database)


def unused_since(database: Database, session_id: str, day: int) -> None:
    database.execute(TOUCH, of=session_id, at=f"2020-01-{day:02}T00:00:00Z")


def fill(sessions: Sessions, session_id: str, megabytes: float) -> None:
    """Write what no database can make smaller."""
    dice = random.Random(session_id)
    for _ in range(round(megabytes * 5)):
        done(sessions.open(session_id), "act", a=[dice.randbytes(500).hex() for _ in range(100)])


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The harbour with a tool that writes a lot."""
    return acting(tmp_path, {"create": "flag", "values": {"colours": "{args.a}"}})


def ids(sessions: Sessions) -> set[str]:
    return {info.id for info in sessions.list()}


def test_sessions_that_were_not_used_for_long_expire(sessions: Sessions, database: Database, harbour: World) -> None:
    for name in ("default", "old", "older", "fresh"):
        sessions.create(harbour, session_id=name)
    for name, day in (("default", 1), ("old", 3), ("older", 2)):
        unused_since(database, name, day)
    assert list(sessions.collect(Retention(days=30))) == ["older", "old"]
    assert ids(sessions) == {"default", "fresh"}
    assert list(sessions.collect(Retention(days=30))) == []


def test_nothing_expires_without_bounds(sessions: Sessions, database: Database, harbour: World) -> None:
    sessions.create(harbour, session_id="old")
    unused_since(database, "old", 1)
    assert list(sessions.collect(Retention())) == []
    assert ids(sessions) == {"old"}


def test_what_a_branch_stands_on_outlives_the_session_that_made_it(
    sessions: Sessions, database: Database, harbour: World
) -> None:
    done(sessions.create(harbour, session_id="old"), "build_ship", name="Draco", yard="Leith")
    sessions.branch("old", fresh_id="fresh")
    rows = sessions.rows("old")
    unused_since(database, "old", 1)
    assert list(sessions.collect(Retention(days=30))) == ["old"]
    assert sessions.rows("fresh") == rows
    assert len(list(sessions.trace("fresh"))) == 2


def test_the_longest_unused_make_room_and_no_more_than_must(
    sessions: Sessions, database: Database, world: World
) -> None:
    for day, name in enumerate(("default", "c", "a", "b", "d"), 1):
        sessions.create(world, session_id=name)
        fill(sessions, name, 1)
        unused_since(database, name, day)
    used = database.used_bytes() if database.is_sqlite else rows_bytes(database)
    share = session_sizes(database)["a"]
    bound = (used - share) / 2**20
    assert list(sessions.collect(Retention(megabytes=bound - 0.1))) == ["c", "a"]
    assert ids(sessions) == {"default", "b", "d"}
    assert list(sessions.collect(Retention(megabytes=bound - 0.1))) == []
    assert list(sessions.collect(Retention(megabytes=0.1))) == ["b", "d"]
    assert ids(sessions) == {"default"}


def test_a_world_goes_with_its_last_session(sessions: Sessions, database: Database, harbour: World, url: str) -> None:
    sessions.create(harbour, session_id="old")
    unused_since(database, "old", 1)
    list(sessions.collect(Retention(days=30)))
    for table in ("world", "rule", "layer", "ancestry", "version", "entry", "tally", "step", "session"):
        assert read(url, f"SELECT * FROM {table}") == []
    sessions.create(harbour, session_id="new")
    assert len(sessions.rows("new")["ship"]) == 3


def test_a_session_that_another_server_has_deleted_is_no_fault(
    sessions: Sessions, database: Database, harbour: World
) -> None:
    for day, name in enumerate(("one", "two", "three"), 1):
        sessions.create(harbour, session_id=name)
        unused_since(database, name, day)
    collecting = sessions.collect(Retention(days=30))
    assert next(collecting) == "one"
    Sessions(database).delete("two")
    assert list(collecting) == ["three"]


def test_the_size_of_a_session_is_what_goes_with_it(sessions: Sessions, world: World) -> None:
    sessions.create(world, session_id="trunk")
    fill(sessions, "trunk", 0.4)
    assert sessions.sizes()["trunk"] > 400_000
    sessions.branch("trunk", fresh_id="branch")
    assert sessions.sizes() == {"trunk": 0, "branch": 0}
    sessions.delete("branch")
    assert sessions.sizes()["trunk"] > 400_000
    sessions.snapshot("trunk", "here")
    assert sessions.sizes()["trunk"] > 400_000


def said(text: str, prompt: str) -> Completion:
    return Completion(prompt, text, "a model")


def test_what_a_world_model_said_goes_after_as_many_days(sessions: Sessions, database: Database) -> None:
    with database.transaction():
        keep(database, [said("old", "1"), said("fresh", "2")])
        database.run(update(completion).where(completion.c.prompt == "1").values(created="2020-01-01T00:00:00Z"))
    assert list(sessions.collect(Retention(days=30))) == []
    assert recall(database, "1") is None
    assert recall(database, "2") == said("fresh", "2")


def test_what_a_world_model_said_makes_room_once_no_session_can(
    sessions: Sessions, database: Database, harbour: World
) -> None:
    sessions.create(harbour, session_id="default")
    dice = random.Random(1)
    with database.transaction():
        keep(database, [said(dice.randbytes(1000).hex(), str(prompt)) for prompt in range(3000)])
    assert list(sessions.collect(Retention(megabytes=3))) == []
    assert ids(sessions) == {"default"}
    kept = [prompt for prompt in range(3000) if recall(database, str(prompt)) is not None]
    assert 0 < len(kept) < 3000
