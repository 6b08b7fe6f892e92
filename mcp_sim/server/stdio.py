"""MCP over standard input and output: one client, the session `default`, nothing but protocol on stdout."""

from __future__ import annotations

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from mcp.server.stdio import stdio_server
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.message import SessionMessage
from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError
from pydantic import ValidationError

from mcp_sim.server.endpoint import build_server
from mcp_sim.sessions import Sessions


async def serve_stdio(sessions: Sessions) -> None:
    """Serve until the client closes our standard input."""
    server = build_server(sessions)
    async with stdio_server() as (lines, answers), anyio.create_task_group() as tasks:
        onward, messages = anyio.create_memory_object_stream[SessionMessage | Exception]()
        tasks.start_soon(_answer_noise, lines, answers, onward)
        await server.run(messages, answers, server.create_initialization_options())


async def _answer_noise(
    lines: ReadStream[SessionMessage | Exception],
    answers: WriteStream[SessionMessage],
    onward: MemoryObjectSendStream[SessionMessage | Exception],
) -> None:
    """Pass messages on and answer every other line, which the SDK would drop in silence."""
    async with onward:
        async for line in lines:
            if isinstance(line, SessionMessage):
                await onward.send(line)
            elif error := _what_is_wrong(line):
                await answers.send(SessionMessage(JSONRPCError(jsonrpc="2.0", id=None, error=error)))


def _what_is_wrong(line: Exception) -> ErrorData | None:
    first = line.errors()[0] if isinstance(line, ValidationError) else None
    if first is None or first["type"] != "json_invalid":
        return ErrorData(code=INVALID_REQUEST, message="This line is JSON, but no JSON-RPC 2.0 message")
    is_blank = isinstance(first["input"], str) and not first["input"].strip()
    return None if is_blank else ErrorData(code=PARSE_ERROR, message="This line is not JSON; send one message per line")
