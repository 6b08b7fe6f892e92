"""MCP over standard input and output, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import INVALID_REQUEST, PARSE_ERROR

from .worlds import world

pytestmark = pytest.mark.anyio

PROGRAM = """
import asyncio, sys
from mcp_sim.server import serve_stdio
from mcp_sim.session import Session
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.types import World
from store.db import Database

class Noisy(Session):
    async def call(self, call):
        print("a stray line")
        return await super().call(call)

sessions = Sessions(Database("sqlite://"))
sessions.create(World.model_validate_json(sys.argv[1]), session_id=DEFAULT).__class__ = Noisy
asyncio.run(serve_stdio(sessions))
"""
COMMAND = ["-c", PROGRAM, world().model_dump_json(by_alias=True)]
NO_JSON = "This line is not JSON; send one message per line"
NO_MESSAGE = "This line is JSON, but no JSON-RPC 2.0 message"
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def talk(*lines: bytes, answers: int) -> list[dict[str, Any]]:
    """The first answers of the server to these lines; nothing else may follow when we hang up."""
    with subprocess.Popen([sys.executable, *COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(b"".join(line + b"\n" for line in lines))
        server.stdin.flush()
        given = [json.loads(server.stdout.readline()) for _ in range(answers)]
        server.stdin.close()
        assert server.stdout.read() == b""
    assert server.returncode == 0
    return given


def request(method: str, params: dict[str, Any], number: int = 1) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()


async def test_a_client_works_over_stdio(era: str) -> None:
    server = StdioServerParameters(command=sys.executable, args=COMMAND)
    async with Client(stdio_client(server), mode=era) as client:
        added = await client.call_tool("add_book", {"title": "Emma"})
        books = await client.call_tool("list_books", {})
    assert added.structured_content == {"id": "B-002", "title": "Emma", "shelf": "S-1"}
    assert "Emma" in str(books.structured_content)


def test_nothing_but_protocol_reaches_stdout() -> None:
    call = request("tools/call", {"name": "get_book", "arguments": {"id": "B-001"}}, 2)
    ready = b'{"jsonrpc": "2.0", "method": "notifications/initialized"}'
    answers = talk(request("initialize", HELLO), ready, call, answers=2)
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[1]["result"]["structuredContent"]["title"] == "Dune"


def test_every_line_that_is_no_message_is_answered_and_the_next_is_served() -> None:
    noise = {
        b"hello?": (PARSE_ERROR, NO_JSON),
        b"\xff\xfe{}": (PARSE_ERROR, NO_JSON),
        b"[" * 100_000: (PARSE_ERROR, NO_JSON),
        b"[]": (INVALID_REQUEST, NO_MESSAGE),
        b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}': (INVALID_REQUEST, NO_MESSAGE),
    }
    *refused, initialized = talk(*noise, request("initialize", HELLO), answers=len(noise) + 1)
    assert [(answer["error"]["code"], answer["error"]["message"]) for answer in refused] == list(noise.values())
    assert {answer["id"] for answer in refused} == {None}
    assert initialized["result"]["serverInfo"]["name"] == "library"


def test_blank_lines_are_no_mistake() -> None:
    (initialized,) = talk(b"", b"  ", request("initialize", HELLO), answers=1)
    assert initialized["id"] == 1
