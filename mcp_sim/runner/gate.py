"""What stands between an agent and its session: it counts what comes, and lets no more through than is allowed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_sim.http.errors import HttpError, respond
from mcp_sim.runner.tail import presentable

_SHOWN = 60


@dataclass(slots=True)
class Tally:
    """What an agent sent so far.

    Attributes:
        most: how many calls it may make.
        requests: HTTP requests of every kind.
        messages: messages of MCP, which is JSON-RPC.
        calls: those among them that call a tool.
        garbage: requests that held no such message.
        first_garbage: how the first of these began.
        flooded: set when it has made too many calls or requests.
    """

    most: int
    requests: int = 0
    messages: int = 0
    calls: int = 0
    garbage: int = 0
    first_garbage: str = ""
    flooded: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def most_requests(self) -> int:
        """Requests are more than calls: a client introduces itself, lists tools, and opens streams."""
        return 10 * self.most + 100

    def take(self, body: bytes) -> None:
        """Count the messages in the body of a request."""
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            value = None
        messages = value if isinstance(value, list) else [value]
        spoken = [message for message in messages if _is_message(message)]
        self.messages += len(spoken)
        self.calls += sum(message.get("method") == "tools/call" for message in spoken)
        if not spoken:
            self.garbage += 1
            self.first_garbage = self.first_garbage or presentable(body[:_SHOWN].decode("utf-8", "replace"))

    def is_too_much(self) -> bool:
        """Whether a limit is passed; from then on for good."""
        if self.calls > self.most or self.requests > self.most_requests:
            self.flooded.set()
        return self.flooded.is_set()


class Gate:
    """One session behind its tally, as an ASGI application."""

    def __init__(self, face: ASGIApp, tally: Tally) -> None:
        self._face = face
        self._tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        self._tally.requests += 1
        if scope["method"] == "POST":
            body = await _body(receive)
            self._tally.take(body)
            receive = _again(body, receive)
        if self._tally.is_too_much():
            refusal = HttpError(429, "stopped", "this agent has made too many calls and is stopped")
            await respond(refusal)(scope, receive, send)
            return
        await self._face(scope, receive, send)


def _is_message(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        return False
    return isinstance(value.get("method"), str) or "result" in value or "error" in value


async def _body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks)
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _again(body: bytes, receive: Receive) -> Receive:
    """The same body once more, then whatever else comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
