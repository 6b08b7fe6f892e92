"""A disk that is full: the call is refused whole, in one sentence, and the session goes on once there is room."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mcp_sim.sessions import Sessions
from schemas.types import World
from store.db import Database
from store.errors import StoreError
from tests.memory.acting import done
from tests.memory.audit import audit
from tests.running import acting

resource: Any = pytest.importorskip("resource")

PAGE = 4096


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The harbour with a tool that writes as much as it is told."""
    return acting(tmp_path, {"create": "flag", "values": {"colours": "{args.a}"}})


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def sessions(database: Database, world: World) -> Sessions:
    sessions = Sessions(database)
    sessions.create(world, session_id="one")
    write(sessions, 1)
    return sessions


def write(sessions: Sessions, kilobytes: int) -> None:
    """A step that no database can make smaller."""
    dice = random.Random(sessions.info("one").steps)
    done(sessions.open("one"), "act", a=[dice.randbytes(512).hex() for _ in range(kilobytes)])


def memory(sessions: Sessions) -> tuple[bytes, Any]:
    return b"".join(sessions.trace("one")), sessions.rows("one")


def refusal(sessions: Sessions, kilobytes: int) -> str:
    """What a step is told that finds no room; nothing has changed then."""
    before = memory(sessions)
    with pytest.raises(StoreError) as caught:
        write(sessions, kilobytes)
    assert memory(sessions) == before
    return str(caught.value)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_file_that_may_not_grow_refuses_a_step_wherever_it_is_full_and_goes_on_with_room(
    database: Database, sessions: Sessions, url: str
) -> None:
    _fills_up_and_goes_on(database, sessions)
    assert audit(url) == []


def test_a_memory_that_may_not_grow_keeps_what_it_holds(world: World) -> None:
    database = Database("sqlite://")
    sessions = Sessions(database)
    sessions.create(world, session_id="one")
    write(sessions, 1)
    _fills_up_and_goes_on(database, sessions)
    database.close()


def _fills_up_and_goes_on(database: Database, sessions: Sessions) -> None:
    pages = int(database.scalar(text("PRAGMA page_count")))
    places = range(0, 40, 3)
    for room in places:
        database.scalar(text(f"PRAGMA max_page_count = {pages + room}"))
        told = refusal(sessions, 200)
        assert (
            told
            == f"{database.shown}: database or disk is full; nothing was changed; make room on the disk and try again"
        )
    database.scalar(text(f"PRAGMA max_page_count = {pages + 10_000}"))
    write(sessions, 200)
    assert sessions.info("one").steps == 2


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_disk_that_takes_no_more_refuses_a_step_wherever_it_stops_and_goes_on_with_room(
    sessions: Sessions, url: str
) -> None:
    """The write-ahead log itself cannot be written, in the middle of a page, of a step, or of its commit."""
    log = Path(f"{url.removeprefix('sqlite:///')}-wal")
    for room in (0, 1, PAGE, 2 * PAGE - 7, 10 * PAGE, 50 * PAGE + 100):
        with files_of_at_most(log.stat().st_size + room):
            told = refusal(sessions, 400)
        assert re.fullmatch(
            r"sqlite:[^\n]+: (disk I/O error|database or disk is full); nothing was changed; [^\n]+", told
        )
        write(sessions, 1)
    assert audit(url) == []


def bound_the_files_of_the_server(database: Database, size: str) -> None:
    """None that this connection writes grows beyond so many bytes; larger than those of its own log, of 16 MB."""
    database.run(text(f"COPY (SELECT 1) TO PROGRAM 'cat >/dev/null && prlimit --pid $PPID --fsize={size}'"))


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="only Linux bounds the files of another process")
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_server_whose_files_may_not_grow_refuses_a_step_and_goes_on_with_room(
    database: Database, sessions: Sessions, url: str
) -> None:
    bound_the_files_of_the_server(database, f"{2**24 + PAGE // 2}:")
    with suppress(StoreError):
        for _ in range(20):
            write(sessions, 900)
    told = refusal(sessions, 900)
    assert re.fullmatch(r"postgresql[^\n]+: could not extend file [^\n]+; nothing was changed; make room [^\n]+", told)
    bound_the_files_of_the_server(database, "unlimited:")
    write(sessions, 500)
    assert audit(url) == []
