"""One server object behind HTTP: the path alone says which session is meant."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
from mcp_types import HEADER_MISMATCH, INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR
from starlette.testclient import TestClient

from mcp_sim.http import create_app
from mcp_sim.responders.base import Effort, answer
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.types import Call, Draft, View
from tests.conformance.serving import serving

from .worlds import sessions, world

VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
LEGACY = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
ROUTED: dict[str, Any] = {
    "input": {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}},
    "effect": {"returns": {"region": "{args.region}"}},
}


@pytest.fixture
def directory() -> Sessions:
    other = world({"sing": {"effect": {"text": "La"}}, "route": ROUTED}, name="choir", instructions="Sing along.")
    return sessions(world(), other)


@pytest.fixture
def http(directory: Sessions) -> Iterator[TestClient]:
    with TestClient(create_app(directory, {}), base_url="http://127.0.0.1") as client:
        yield client


def modern(
    http: TestClient, method: str, params: dict[str, Any], path: str = "/mcp", **headers: str
) -> tuple[int, dict[str, Any]]:
    name = {"Mcp-Name": params["name"]} if "name" in params else {}
    response = http.post(
        path,
        content=json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}),
        headers={**LEGACY, "MCP-Protocol-Version": VERSION, "Mcp-Method": method, **name, **headers},
    )
    return response.status_code, response.json()


def legacy(http: TestClient, path: str, message: dict[str, Any], **headers: str) -> tuple[dict[str, Any], str | None]:
    response = http.post(path, json={"jsonrpc": "2.0", "id": 1, **message}, headers={**LEGACY, **headers})
    data = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: {")]
    return json.loads(data[-1] if data else response.text), response.headers.get("mcp-session-id")


def test_every_path_lists_the_tools_of_its_own_session(http: TestClient) -> None:
    _, default = modern(http, "tools/list", {})
    _, choir = modern(http, "tools/list", {}, "/sessions/choir/mcp")
    assert default["result"]["tools"][0]["name"] == "get_book"
    assert [tool["name"] for tool in choir["result"]["tools"]] == ["sing", "route"]


def test_every_path_introduces_itself_as_its_own_service(http: TestClient) -> None:
    _, discovered = modern(http, "server/discover", {}, "/sessions/choir/mcp")
    initialized, _ = legacy(http, "/sessions/choir/mcp", {"method": "initialize", "params": HELLO})
    assert discovered["result"]["instructions"] == initialized["result"]["instructions"] == "Sing along."
    assert discovered["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "choir"
    assert initialized["result"]["serverInfo"]["name"] == "choir"


def test_a_connection_does_not_bind_its_client_to_a_session(http: TestClient) -> None:
    _, mcp_session = legacy(http, "/mcp", {"method": "initialize", "params": HELLO})
    assert mcp_session is not None
    call = {"method": "tools/call", "params": {"name": "sing"}}
    answer, _ = legacy(http, "/sessions/choir/mcp", call, **{"mcp-session-id": mcp_session})
    assert answer["result"]["content"] == [{"type": "text", "text": "La"}]


def test_an_unknown_session_is_404_in_one_sentence(http: TestClient) -> None:
    response = http.post("/sessions/nowhere/mcp", json={})
    assert response.status_code == 404
    assert "nowhere" in response.text


def test_an_unknown_tool_is_400_with_a_protocol_error(http: TestClient) -> None:
    status, answer = modern(http, "tools/call", {"name": "get_bok", "arguments": {}})
    assert (status, answer["error"]["code"]) == (400, INVALID_PARAMS)
    assert "get_book" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", PARSE_ERROR),
        (b"\xff\xfe", PARSE_ERROR),
        (b"[" * 100_000, PARSE_ERROR),
        (b"[]", INVALID_REQUEST),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 7}', INVALID_REQUEST),
    ],
)
def test_malformed_json_rpc_is_400_with_an_error(http: TestClient, body: bytes, code: int) -> None:
    response = http.post("/mcp", content=body, headers={**LEGACY, "MCP-Protocol-Version": VERSION})
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


def test_nan_on_the_wire_is_refused_and_changes_nothing(http: TestClient, directory: Sessions) -> None:
    _, answer = modern(http, "tools/call", {"name": "add_book", "arguments": {"title": "Emma", "weight": float("nan")}})
    assert answer["result"]["isError"]
    assert "weight: NaN and Infinity are not JSON" in answer["result"]["content"][0]["text"]
    assert len(directory.rows("default")["book"]) == 1


@pytest.mark.parametrize("header", [{}, {"Mcp-Param-Region": "south"}])
def test_a_header_that_disagrees_with_its_argument_is_refused(http: TestClient, header: dict[str, str]) -> None:
    call = {"name": "route", "arguments": {"region": "north"}}
    status, answer = modern(http, "tools/call", call, "/sessions/choir/mcp", **header)
    assert (status, answer["error"]["code"]) == (400, HEADER_MISMATCH)


def test_a_header_that_agrees_with_its_argument_is_fine(http: TestClient) -> None:
    call = {"name": "route", "arguments": {"region": "north"}}
    status, answer = modern(http, "tools/call", call, "/sessions/choir/mcp", **{"Mcp-Param-Region": "north"})
    assert (status, answer["result"]["structuredContent"]) == (200, {"region": "north"})


class Waits:
    """A responder that never comes to an answer."""

    name = "waits"
    tries = 1
    invents = False

    def __init__(self) -> None:
        self.started = threading.Event()
        self.ended = threading.Event()

    async def respond(self, call: Call, view: View, effort: Effort) -> Draft:
        self.started.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.ended.set()
        return Draft(answer({}))


def test_a_client_that_hangs_up_takes_its_call_back(directory: Sessions) -> None:
    waits = Waits()
    directory.open(DEFAULT).registry.tools["add_book"].route = ((waits, "test"),)
    params = {"name": "add_book", "arguments": {"title": "Emma"}, "_meta": META}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    headers = {**LEGACY, "MCP-Protocol-Version": VERSION, "Mcp-Method": "tools/call", "Mcp-Name": "add_book"}
    lines = [
        f"{name}: {value}" for name, value in {**headers, "Host": "127.0.0.1", "Content-Length": len(body)}.items()
    ]
    with serving(create_app(directory, {})) as address:
        target = urlsplit(address)
        with socket.create_connection((target.hostname, target.port)) as client:
            client.sendall("\r\n".join(["POST /mcp HTTP/1.1", *lines, "", body]).encode())
            assert waits.started.wait(10)
        assert waits.ended.wait(10)
    assert directory.info(DEFAULT).steps == 0
    assert len(directory.rows(DEFAULT)["book"]) == 1
