"""A small library behind HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mcp_sim.http import create_app
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.load import load_world
from schemas.types import World
from store.db import Database

ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture(scope="package")
def library() -> World:
    return load_world(Path(__file__).parents[1] / "packs" / "library")


@pytest.fixture
def sessions(library: World) -> Iterator[Sessions]:
    db = Database("sqlite://")
    sessions = Sessions(db)
    sessions.create(library, session_id=DEFAULT)
    yield sessions
    db.close()


@pytest.fixture
def app(sessions: Sessions, library: World) -> Starlette:
    return create_app(sessions, {"library": lambda: library})


@pytest.fixture
def http(app: Starlette) -> Iterator[TestClient]:
    with TestClient(app, base_url=ADDRESS) as client:
        yield client
