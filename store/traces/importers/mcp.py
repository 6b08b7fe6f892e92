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

from schemas.recorded import About, Kind, Recorded, RecordedCall, Span
from store.traces.importers.elements import decode as decode_json
from store.traces.importers.event import Form, RawEvent, What
from store.traces.importers.lines import Complaint, Line, Tell, lines
from store.traces.importers.recent import Recent

VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
_CONNECTIONS = ("session", "session_id", "sessionId", "mcp-session-id", "connection", "connection_id")
_ASKED_BY_SERVER = {"ping", "roots/list", "sampling/createMessage", "elicitation/create"}
_ABOUT = ("initialize", "server/discover", "tools/list")
_DEPTH = 3
_OPEN = 10_000
"""Connections that are read at the same time."""


@dataclass(slots=True)
class _Asked:
    method: str
    tool: str
    message: dict[str, Any]
    line: Line


@dataclass(slots=True)
class _Connection:
    run: str
    calls: int = 0
    asked: dict[str, _Asked] = field(default_factory=dict)
    asked_by_server: set[str] = field(default_factory=set)
    kinds: dict[str, Kind] = field(default_factory=dict)


def is_mcp(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines is such a capture."""
    return any(True for line in head if b"jsonrpc" in line for _ in _messages(line))


def events(path: Path, tell: Tell) -> Iterator[RawEvent]:
    """The calls of one capture, each when its answer comes, and what the server says of itself and its tools."""
    connections: Recent[str, _Connection] = Recent(_OPEN)
    names = (f"#{n}" for n in count(1))
    for line in lines(path, tell):
        found = False
        for name, message in _messages(line.text):
            found = True
            connection = connections.get(name)
            if connection is None or (message.get("method") == "initialize" and connection.calls):
                if connection is not None:
                    _tell_unanswered(path, connection, tell)
                connection = _Connection(next(names))
                if (forgotten := connections.keep(name, connection)) is not None:
                    _tell_unanswered(path, forgotten, tell)
            yield from _taken(path, line, connection, message, tell)
        if not found:
            tell(Complaint(path, line.number, "no JSON-RPC message; left out"))
    for connection in connections.values():
        _tell_unanswered(path, connection, tell)


def decode(event: RawEvent, origin: str) -> Recorded | None:
    """A call, or what the server says of itself and its tools."""
    trajectory = event.trajectory(origin)
    if event.what == "about":
        return _about(event.raw, trajectory)
    params = event.raw["request"]["params"]
    answer = answer_of(event.raw["response"])
    if answer is None:
        raise ValueError("the answer is no result of a tool")
    text, is_error, structured = answer
    return RecordedCall(
        trajectory=trajectory,
        index=event.index,
        tool=params["name"],
        arguments=params.get("arguments") or {},
        text=text,
        is_error=is_error,
        structured=structured,
        kind=event.kind,
        source=f"{origin}:{event.line}",
        spans=event.spans,
    )


MCP = Form("mcp", "MCP messages", is_mcp, events, decode)


def _about(raw: dict[str, Any], trajectory: str) -> About:
    result = raw["response"].get("result")
    result = result if isinstance(result, dict) else {}
    tools = result.get("tools")
    server = result.get("serverInfo")
    name = str(server.get("name", "")) if isinstance(server, dict) else ""
    said = {word: result[word] for word in ("serverInfo", "protocolVersion", "instructions") if word in result}
    listed = tuple(tool for tool in (tools if isinstance(tools, list) else ()) if isinstance(tool, dict))
    return About(trajectory, listed, domain=name, facts=said)


def listed_tools(path: Path, tell: Tell) -> Iterator[dict[str, Any]]:
    """The tool definitions that a capture lists."""
    for line in lines(path, tell):
        for _, message in _messages(line.text):
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
                value, _ = decode_json(text, start)
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


def _taken(path: Path, line: Line, connection: _Connection, message: dict[str, Any], tell: Tell) -> Iterator[RawEvent]:
    key = json.dumps(message.get("id"))
    method = message.get("method")
    if isinstance(method, str):
        if "id" in message:
            _ask(path, line, connection, key, method, message, tell)
        return
    if key in connection.asked_by_server and not _answers_tool(message):
        connection.asked_by_server.discard(key)
        return
    asked = connection.asked.pop(key, None)
    if asked is None:
        tell(Complaint(path, line.number, f"an answer to id {key}, which nobody asked; left out"))
    elif asked.method in _ABOUT:
        connection.kinds.update(_kinds(message))
        _tell_version(path, line, message, tell)
        yield _event("about", asked, line, message, connection)
    elif asked.method == "tools/call":
        if answer_of(message) is None:
            tell(Complaint(path, line.number, f"the answer to '{asked.tool}' is no result of a tool; left out"))
            return
        yield _event("call", asked, line, message, connection)
        connection.calls += 1


def _event(what: What, asked: _Asked, line: Line, answer: dict[str, Any], connection: _Connection) -> RawEvent:
    raw = {"request": asked.message, "response": answer}
    kind = connection.kinds.get(asked.tool, "unknown")
    spans = tuple(dict.fromkeys(Span(one.start, one.end) for one in (asked.line, line)))
    return RawEvent(
        what, raw, connection.run, False, connection.calls, asked.line.number, spans, connection.calls, kind=kind
    )


def _tell_version(path: Path, line: Line, message: dict[str, Any], tell: Tell) -> None:
    result = message.get("result")
    version = result.get("protocolVersion") if isinstance(result, dict) else None
    if version is not None and version not in VERSIONS:
        told = f"protocol version '{version}' is not known; what its messages say themselves is read"
        tell(Complaint(path, line.number, told))


def _ask(
    path: Path, line: Line, connection: _Connection, key: str, method: str, message: dict[str, Any], tell: Tell
) -> None:
    if method in _ASKED_BY_SERVER:
        connection.asked_by_server.add(key)
        return
    params = message.get("params")
    params = params if isinstance(params, dict) else {}
    tool, arguments = params.get("name"), params.get("arguments") or {}
    if method == "tools/call" and (not isinstance(tool, str) or not isinstance(arguments, dict)):
        told = "a call without a tool's name or without an object of arguments; left out"
        tell(Complaint(path, line.number, told))
        method = "unreadable"
    if key in connection.asked:
        tell(Complaint(path, line.number, f"id {key} is asked again before it was answered; left out"))
        return
    connection.asked[key] = _Asked(method, str(tool), message, line)


def _answers_tool(message: dict[str, Any]) -> bool:
    result = message.get("result")
    return isinstance(result, dict) and isinstance(result.get("content"), list)


def answer_of(message: dict[str, Any]) -> tuple[str, bool, Any] | None:
    """(text, whether it is an error, structured content) of an answer to a call; None if it is none."""
    error, result = message.get("error"), message.get("result")
    if isinstance(error, dict):
        return str(error.get("message", "")), True, None
    if isinstance(result, dict) and (isinstance(result.get("content"), list) or "structuredContent" in result):
        structured = result.get("structuredContent")
        return _text(result.get("content") or [], structured), bool(result.get("isError")), structured
    return None


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
            tell(Complaint(path, asked.line.number, f"the call of '{asked.tool}' (id {key}) has no answer; left out"))
