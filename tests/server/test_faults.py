"""tools/call: our own faults, sessions that are gone, progress, and calls that the client takes back."""

from __future__ import annotations

import logging

import anyio
import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_REQUEST

from mcp_sim.responders.base import Effort, NoDraft, answer
from mcp_sim.server import build_server
from mcp_sim.sessions import DEFAULT
from schemas.types import Call, Draft, View

from .calling import call
from .worlds import sessions

pytestmark = pytest.mark.anyio


class Fails:
    """A responder that raises."""

    name = "fails"
    tries = 1
    invents = False

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def respond(self, call: Call, view: View, effort: Effort) -> Draft:
        raise self.error


async def test_an_error_of_ours_is_logged_and_not_shown(era: str, caplog: pytest.LogCaptureFixture) -> None:
    directory = sessions()
    directory.open(DEFAULT).registry.tools["get_book"].route = ((Fails(ZeroDivisionError("the secret")), "test"),)
    with caplog.at_level(logging.ERROR), pytest.raises(MCPError) as error:
        await call(directory, era, "get_book", {"id": "B-001"})
    assert error.value.code == INTERNAL_ERROR
    assert "secret" not in str(error.value.error)
    assert "ZeroDivisionError: the secret" in caplog.text


async def test_a_fault_of_the_pack_is_recorded_and_not_shown(era: str, caplog: pytest.LogCaptureFixture) -> None:
    directory = sessions()
    fault = NoDraft("fault", "get_book: step 1 has no end", final=True)
    directory.open(DEFAULT).registry.tools["get_book"].route = ((Fails(fault), "test"),)
    with caplog.at_level(logging.WARNING):
        result = await call(directory, era, "get_book", {"id": "B-001"})
    assert result.is_error
    assert [part.text for part in result.content] == ["The service failed to answer this call."]
    assert "get_book: step 1 has no end" in caplog.text
    assert "get_book: step 1 has no end" in b"".join(directory.trace(DEFAULT)).decode()


async def test_a_session_that_is_gone_is_named(era: str) -> None:
    directory = sessions()
    async with Client(build_server(directory), mode=era) as client:
        await client.call_tool("get_book", {"id": "B-001"})
        directory.delete(DEFAULT)
        with pytest.raises(MCPError, match="default") as error:
            await client.call_tool("get_book", {"id": "B-001"})
    assert error.value.code == INVALID_REQUEST


async def test_progress_is_reported_when_asked_for(era: str) -> None:
    seen: list[tuple[float, float | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total))

    async with Client(build_server(sessions()), mode=era) as client:
        await client.call_tool("get_book", {"id": "B-001"}, progress_callback=on_progress)
    assert seen == [(0, 1), (1, 1)]


async def test_a_refused_call_is_never_reported_as_done(era: str) -> None:
    seen: list[float] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async with Client(build_server(sessions()), mode=era) as client:
        with pytest.raises(MCPError):
            await client.call_tool("get_bok", {}, progress_callback=on_progress)
    assert 1 not in seen


class Waits:
    """A responder that is about to propose a new book, but never comes to it."""

    name = "waits"
    tries = 1
    invents = False

    def __init__(self) -> None:
        self.started = anyio.Event()
        self.ended = anyio.Event()

    async def respond(self, call: Call, view: View, effort: Effort) -> Draft:
        view.new_id("book")
        self.started.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.ended.set()
        return Draft(answer({}))


async def test_a_cancelled_call_changes_nothing_and_frees_the_session(era: str) -> None:
    directory, waits = sessions(), Waits()
    tool = directory.open(DEFAULT).registry.tools["add_book"]
    usual, tool.route = tool.route, ((waits, "test"),)
    async with Client(build_server(directory), mode=era) as client:
        with anyio.fail_after(5):
            async with anyio.create_task_group() as calls:
                calls.start_soon(client.call_tool, "add_book", {"title": "Emma"})
                await waits.started.wait()
                calls.cancel_scope.cancel()
            await waits.ended.wait()
            assert directory.info(DEFAULT).steps == 0
            assert len(directory.rows(DEFAULT)["book"]) == 1
            tool.route = usual
            following = await client.call_tool("add_book", {"title": "Emma"})
    assert following.structured_content == {"id": "B-002", "title": "Emma", "shelf": "S-1"}
