"""What is kept, and for how long: disk use is told, sessions expire, calls are never cut off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
from sqlalchemy import bindparam, update
from starlette.testclient import TestClient

from mcp_sim.http import create_app
from mcp_sim.http.keeping import keeping
from mcp_sim.responders.base import Effort
from mcp_sim.sessions import Sessions
from schemas.types import Call, Draft, View, World
from store.retention import Retention
from store.tables import session

from .conftest import ADDRESS
from .errors import error

LONG_AGO = update(session).where(session.c.id == bindparam("of")).values(touched="2020-01-01T00:00:00Z")


@pytest.fixture
def expire(sessions: Sessions) -> Callable[[str], None]:
    """Make a session look unused for years."""

    def expire(session_id: str) -> None:
        sessions._db.execute(LONG_AGO, of=session_id)

    return expire


def test_disk_use_is_told_beside_its_bounds(sessions: Sessions) -> None:
    with TestClient(create_app(sessions, {}, retention=Retention(7, 500)), base_url=ADDRESS) as http:
        storage = http.get("/control/storage").json()
        assert (storage["keep_days"], storage["max_disk_mb"]) == (7, 500)
        before = http.get("/control/storage/sessions").json()["default"]
        http.post("/api/books", json={"title": "E" * 100})
        assert http.get("/control/storage/sessions").json()["default"] > before + 100
        assert http.get("/control/storage").json()["used_bytes"] == sessions.used_bytes() > 100_000


def test_a_session_that_expires_while_the_server_runs_is_unknown_from_then_on(
    sessions: Sessions, library: World, expire: Callable[[str], None]
) -> None:
    sessions.create(library, session_id="old")

    async def until_collected() -> None:
        async with keeping(sessions, Retention(days=30), every=0):
            assert len(sessions.list()) == 2
            expire("old")
            while len(sessions.list()) == 2:
                await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(until_collected(), 20))
    with TestClient(create_app(sessions, {}), base_url=ADDRESS) as http:
        for path in ("/control/sessions/old", "/sessions/old/api/books", "/sessions/old/mcp"):
            said = error(http.get(path))
            assert said == "unknown_session: no session 'old'; it may have expired or been deleted"


def test_what_was_collected_at_the_start_is_logged_in_one_line(
    sessions: Sessions, library: World, expire: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("old", "older"):
        sessions.create(library, session_id=name)
        expire(name)
    with caplog.at_level(logging.INFO, "mcp_sim"):
        app = create_app(sessions, {}, retention=Retention(days=30))
        with TestClient(app, base_url=ADDRESS) as http:
            assert [session["id"] for session in http.get("/control/sessions").json()["sessions"]] == ["default"]
    assert caplog.messages == ["Collected 2 sessions, unused for 30 days: old, older"]


def test_a_call_in_flight_is_not_cut_off(sessions: Sessions, library: World, expire: Callable[[str], None]) -> None:
    busy = sessions.create(library, session_id="busy")
    tool = busy.registry.tools["get_newest_book"]
    usual = tool.route
    arrived, released = asyncio.Event(), asyncio.Event()

    class Slow:
        name = "slow"
        tries = 1
        invents = False

        async def respond(self, call: Call, view: View, effort: Effort) -> Draft:
            arrived.set()
            await released.wait()
            draft: Draft = await usual[0][0].respond(call, view, effort)
            return draft

    async def scenario() -> None:
        call = asyncio.create_task(busy.call(Call(tool.tool.name, {})))
        await arrived.wait()
        expire("busy")
        assert list(sessions.collect(Retention(days=30))) == []
        released.set()
        assert not (await call).is_error
        expire("busy")
        assert list(sessions.collect(Retention(days=30))) == ["busy"]

    tool.route = ((Slow(), "test"),)
    try:
        asyncio.run(scenario())
    finally:
        tool.route = usual
