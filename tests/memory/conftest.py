"""Both databases: SQLite in a file, and PostgreSQL where it is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_sim.sessions import Sessions
from schemas.load import load_world
from store.db import Database
from tests.memory.databases import Files, Server
from tests.memory.ground import Ground, build
from tests.memory.raw import connected
from tests.memory.wanderer import Wanderer
from tests.postgres import binaries, server
from tests.running import HARBOUR


def _empty(url: str) -> None:
    Database(url).close()


def _built(url: str) -> None:
    database = Database(url)
    build(Sessions(database), load_world(HARBOUR))
    database.close()


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Files:
    files = Files(tmp_path_factory.mktemp("databases"))
    files.make("empty", _empty)
    files.make("built", _built)
    return files


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    if not binaries():
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with server() as address:
        there = Server(address)
        there.make("empty", _empty)
        there.make("built", _built)
        yield there


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Files | Server:
    found: Files | Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def url(place: Files | Server) -> Iterator[str]:
    """The address of a database of this test's own, with tables and nothing else."""
    with place.copy("empty") as url:
        yield url


@pytest.fixture
def sessions(url: str) -> Iterator[Sessions]:
    database = Database(url)
    yield Sessions(database)
    database.close()


@pytest.fixture
def wanderer(sessions: Sessions) -> Wanderer:
    wanderer = Wanderer(sessions, load_world(HARBOUR))
    wanderer.wander()
    return wanderer


@pytest.fixture
def ground(place: Files | Server) -> Iterator[Ground]:
    with place.copy("built") as url, connected(url) as raw:
        database = Database(url)
        yield Ground(url, Sessions(database), raw)
        database.close()
