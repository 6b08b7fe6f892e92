"""MCP as it went over the wire: JSON-RPC messages, one per line, bare or wrapped by whatever wrote them down.

Both protocol eras are read: a handshake (`initialize`) begins a trajectory; without one, a connection is a trajectory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from schemas.recorded import Kind, RecordedCall
from store.traces.importers.lines import Complaint, Tell, lines

_CONNECTIONS = ("session", "session_id", "sessionId", "mcp-session-id", "connection", "connection_id")
_ASKED_BY_SERVER = {"ping", "roots/list", "sampling/createMessage", "elicitation/create"}
_DEPTH = 3


@dataclass(slots=True)
class _Asked:
    method: str
    tool: str
    arguments: dict[str, Any]
    line: int


@dataclass(slots=True)
class _Connection:
    trajectory: str
    calls: int = 0
    asked: dict[str, _Asked] = field(default_factory=dict)
    asked_by_server: set[str] = field(default_factory=set)
    kinds: dict[str, Kind] = field(default_factory=dict)


def is_mcp(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines is such a capture."""
    return any(True for line in head if b"jsonrpc" in line for _ in _messages(line))


def read_mcp(path: Path, tell: Tell) -> Iterator[RecordedCall]:
    """The calls of one capture, each when its answer comes."""
    connections: dict[str, _Connection] = {}
    names = (f"{path}#{n}" for n in count(1))
    for number, line in lines(path, tell):
        found = False
        for name, message in _messages(line):
            found = True
            connection = connections.get(name)
            if connection is None or (message.get("method") == "initialize" and connection.calls):
                if connection is not None:
                    _tell_unanswered(path, connection, tell)
                connection = connections[name] = _Connection(next(names))
            yield from _taken(path, number, connection, message, tell)
        if not found:
            tell(Complaint(path, number, "no JSON-RPC message; left out"))
    for connection in connections.values():
        _tell_unanswered(path, connection, tell)


def listed_tools(path: Path, tell: Tell) -> Iterator[dict[str, Any]]:
    """The tool definitions that a capture lists."""
    for _, line in lines(path, tell):
        for _, message in _messages(line):
            result = message.get("result")
            tools = result.get("tools") if isinstance(result, dict) else None
            yield from (tool for tool in (tools if isinstance(tools, list) else ()) if isinstance(tool, dict))


def _messages(line: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """(connection, message) for every message of a line."""
    try:
        yield from _inside(orjson.loads(line), "", _DEPTH)
    except orjson.JSONDecodeError:
        text = line.decode(errors="replace")
        start = text.find('{"')
        if start >= 0:
            try:
                value, _ = json.JSONDecoder().raw_decode(text, start)
            except (ValueError, RecursionError):
                return
            yield from _inside(value, "", _DEPTH)


def _inside(value: Any, connection: str, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, str) and value.startswith(("{", "[")) and "jsonrpc" in value:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return
    if isinstance(value, list) and depth:
        for part in value:
            yield from _inside(part, connection, depth - 1)
    elif isinstance(value, dict) and value.get("jsonrpc") == "2.0":
        yield connection, value
    elif isinstance(value, dict) and depth:
        named = next((str(value[name]) for name in _CONNECTIONS if isinstance(value.get(name), str | int)), connection)
        for part in value.values():
            yield from _inside(part, named, depth - 1)


def _taken(
    path: Path, number: int, connection: _Connection, message: dict[str, Any], tell: Tell
) -> Iterator[RecordedCall]:
    key = json.dumps(message.get("id"))
    method = message.get("method")
    if isinstance(method, str):
        if "id" in message:
            _ask(path, number, connection, key, method, message, tell)
        return
    if key in connection.asked_by_server and not _answers_tool(message):
        connection.asked_by_server.discard(key)
        return
    asked = connection.asked.pop(key, None)
    if asked is None:
        tell(Complaint(path, number, f"an answer to id {key}, which nobody asked; left out"))
    elif asked.method == "tools/list":
        connection.kinds.update(_kinds(message))
    elif asked.method == "tools/call":
        call = _call(connection, asked, message, f"{path}:{asked.line}")
        if call is None:
            tell(Complaint(path, number, f"the answer to '{asked.tool}' is no result of a tool; left out"))
            return
        connection.calls += 1
        yield call


def _ask(
    path: Path, number: int, connection: _Connection, key: str, method: str, message: dict[str, Any], tell: Tell
) -> None:
    if method in _ASKED_BY_SERVER:
        connection.asked_by_server.add(key)
        return
    params = message.get("params")
    params = params if isinstance(params, dict) else {}
    tool, arguments = params.get("name"), params.get("arguments") or {}
    if method == "tools/call" and (not isinstance(tool, str) or not isinstance(arguments, dict)):
        tell(Complaint(path, number, "a call without a tool's name or without an object of arguments; left out"))
        method = "unreadable"
    if key in connection.asked:
        tell(Complaint(path, number, f"id {key} is asked again before it was answered; left out"))
        return
    connection.asked[key] = _Asked(method, str(tool), arguments if isinstance(arguments, dict) else {}, number)


def _answers_tool(message: dict[str, Any]) -> bool:
    result = message.get("result")
    return isinstance(result, dict) and isinstance(result.get("content"), list)


def _call(connection: _Connection, asked: _Asked, message: dict[str, Any], source: str) -> RecordedCall | None:
    error, result = message.get("error"), message.get("result")
    if isinstance(error, dict):
        text, is_error, structured = str(error.get("message", "")), True, None
    elif isinstance(result, dict) and (isinstance(result.get("content"), list) or "structuredContent" in result):
        structured = result.get("structuredContent")
        text, is_error = _text(result.get("content") or [], structured), bool(result.get("isError"))
    else:
        return None
    return RecordedCall(
        trajectory=connection.trajectory,
        index=connection.calls,
        tool=asked.tool,
        arguments=asked.arguments,
        text=text,
        is_error=is_error,
        structured=structured,
        kind=connection.kinds.get(asked.tool, "unknown"),
        source=source,
    )


def _text(content: list[Any], structured: Any) -> str:
    parts = [
        part["text"] if isinstance(part, dict) and isinstance(part.get("text"), str) else orjson.dumps(part).decode()
        for part in content
    ]
    return "\n".join(parts) if parts or structured is None else orjson.dumps(structured).decode()


def _kinds(message: dict[str, Any]) -> dict[str, Kind]:
    """What the hints of a list of tools say of each."""
    result = message.get("result")
    tools = result.get("tools") if isinstance(result, dict) else None
    kinds: dict[str, Kind] = {}
    for tool in tools if isinstance(tools, list) else ():
        hints = tool.get("annotations") if isinstance(tool, dict) else None
        if isinstance(hints, dict) and isinstance(hints.get("readOnlyHint"), bool):
            kinds[str(tool.get("name"))] = "read" if hints["readOnlyHint"] else "write"
    return kinds


def _tell_unanswered(path: Path, connection: _Connection, tell: Tell) -> None:
    for key, asked in connection.asked.items():
        if asked.method == "tools/call":
            tell(Complaint(path, asked.line, f"the call of '{asked.tool}' (id {key}) has no answer; left out"))
