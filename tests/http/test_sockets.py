"""What only a real server shows: raw request lines, pieces of bodies, clients that leave, the SDK's own client."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette

from mcp_sim.http import create_app
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.types import World
from tests.conformance.serving import serving

TOKEN = "open-sesame-42"


@pytest.fixture
def address(app: Starlette) -> Iterator[str]:
    with serving(app) as address:
        yield address


def raw(address: str, request: bytes) -> bytes:
    """Everything that the server says to these bytes until it closes."""
    target = urlsplit(address)
    with socket.create_connection((target.hostname, target.port), timeout=10) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize(
    "path", [b"/sessions/../api/books", b"/sessions/%2e%2e/api/books", b"/api/../control/sessions"]
)
def test_dots_in_a_path_lead_nowhere(address: str, path: bytes) -> None:
    answer = raw(address, b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b'{"error":{"status":404,' in answer


def test_a_request_without_a_host_is_refused(address: str) -> None:
    assert raw(address, b"GET /api/books HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 421 ")


def test_a_body_in_pieces_is_stopped_at_eight_mebibytes(address: str, sessions: Sessions) -> None:
    head = b"POST /api/books HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    piece = b"100000\r\n" + b" " * 2**20 + b"\r\n"
    answer = raw(address, head + b"Transfer-Encoding: chunked\r\n\r\n" + piece * 8 + b"1\r\n \r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"too_large"' in answer
    assert sessions.info(DEFAULT).steps == 0


def test_a_client_that_leaves_in_the_middle_of_its_body_changes_nothing(address: str, sessions: Sessions) -> None:
    target = urlsplit(address)
    head = (
        b"POST /api/books HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    )
    with socket.create_connection((target.hostname, target.port)) as client:
        client.sendall(head + b'{"title": "Em')
    assert httpx2.get(f"{address}/api/books").json()["total"] == 3
    assert sessions.info(DEFAULT).steps == 1


def test_a_trace_comes_in_pieces(address: str) -> None:
    with httpx2.stream("GET", f"{address}/control/sessions/default/trace") as answer:
        assert answer.headers["transfer-encoding"] == "chunked"
        assert json.loads(next(answer.iter_lines()))["world"]["name"] == "library"


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_real_client_works_with_the_session_of_its_address(address: str, mode: str) -> None:
    session = httpx2.post(f"{address}/control/sessions", json={"world": "library"}).json()

    async def work() -> list[float]:
        progress: list[float] = []

        async def note(done: float, total: float | None, message: str | None) -> None:
            progress.append(done)

        async with Client(session["mcp"], mode=mode) as client:
            result = await client.call_tool("create_book", {"title": "Emma"}, progress_callback=note)
            assert result.structured_content == httpx2.get(f"{session['api']}/books/4").json()
        return progress

    assert anyio.run(work) == [0, 1]
    assert httpx2.get(f"{address}/api/books/4").status_code == 404


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_real_client_brings_the_token(sessions: Sessions, library: World, mode: str) -> None:
    async def read(address: str) -> object:
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as http_client:
            transport = streamable_http_client(f"{address}/mcp", http_client=http_client)
            async with Client(transport, mode=mode) as client:
                return (await client.call_tool("get_book", {"number": 1})).structured_content

    with serving(create_app(sessions, {}, host="0.0.0.0", token=TOKEN)) as address:
        assert httpx2.post(f"{address}/mcp", json={}).status_code == 401
        assert anyio.run(read, address) == sessions.rows(DEFAULT, "book")["book"][0]
