"""One JSON object per line, one line per call, with what the tool returned as a text.

A line with a `role` and a `text` is something that was said between the calls, and one with `tools` or `facts` and no
`tool` is about the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson

from schemas.recorded import About, Kind, Recorded, RecordedCall, RecordedMessage, Span, flat_arguments
from store.traces.importers.event import Form, RawEvent, What
from store.traces.importers.lines import Complaint, Line, Tell, lines
from store.traces.importers.recent import Recent

_NEEDED = ("tool", "arguments", "observation")
_PARTS = {"path", "query", "body"}
_KINDS: dict[Any, Kind] = {"read": "read", "write": "write"}
_ROLES = ("system", "user", "assistant", "environment")
_FAR = 2**53
_RUNS = 20_000
"""Runs whose calls are known by their numbers, so that one that stands twice is told."""


def is_jsonl(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines holds such calls, or what else is said of their runs."""
    return any(_is_ours(_object(line)) for line in head)


def _is_ours(found: Any) -> bool:
    if not isinstance(found, dict):
        return False
    return found.keys() >= set(_NEEDED) or ("trajectory_id" in found and _what(found) != "call")


def events(path: Path, tell: Tell) -> Iterator[RawEvent]:
    """The calls of one file, and what is said between them, in the order of its lines."""
    runs: Recent[str, _Run] = Recent(_RUNS)
    for line in lines(path, tell):
        found = _object(line.text)
        what = _what(found)
        problem = _problem(found) if what == "call" else None
        if problem is not None:
            tell(Complaint(path, line.number, f"{problem}; left out"))
            continue
        name = str(found.get("trajectory_id", ""))
        run = runs.get(name)
        if run is None:
            run = _Run()
            runs.keep(name, run)
        if what != "call":
            yield _event(what, found, name, run.next, line)
            continue
        index = found.get("call_index")
        index = index if _is_place(index) else run.calls
        run.calls += 1
        if index in run.seen:
            tell(
                Complaint(path, line.number, f"call {index} of trajectory '{name or path}' stands here again; left out")
            )
            continue
        run.seen.add(index)
        run.next = index + 1
        yield _event("call", found, name, index, line)


def _is_place(found: Any) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and abs(found) < _FAR


class _Run:
    """What was seen of a run: the numbers of its calls."""

    __slots__ = ("calls", "next", "seen")

    def __init__(self) -> None:
        self.calls = 0
        self.next = 0
        self.seen: set[int] = set()


def _event(what: What, found: Any, name: str, at: int, line: Line) -> RawEvent:
    together = found.get("together")
    turn = together if isinstance(together, int) and not isinstance(together, bool) else None
    named = "trajectory_id" in found
    return RawEvent(what, found, name, named, at, line.number, (Span(line.start, line.end),), index=at, turn=turn)


def decode(event: RawEvent, origin: str) -> Recorded | None:
    """A call, a message, or what is said of the run."""
    trajectory, found, source = event.trajectory(origin), event.raw, f"{origin}:{event.line}"
    if event.what == "call":
        return _call(found, event, trajectory, source)
    if event.what == "about":
        tools = tuple(tool for tool in found.get("tools") or () if isinstance(tool, dict))
        facts = _mapping(found.get("facts"))
        header = found.get("header")
        return About(trajectory, tools, _text(found, "task_id"), _text(found, "domain"), facts, header)
    return RecordedMessage(
        trajectory,
        found["role"],
        found["text"],
        _text(found, "reasoning"),
        turn=event.turn,
        at=_text(found, "at"),
        source=source,
        spans=event.spans,
    )


JSONL = Form("jsonl", "calls as JSON Lines", is_jsonl, events, decode)


def _object(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _what(found: Any) -> What:
    if not isinstance(found, dict) or "tool" in found:
        return "call"
    if isinstance(found.get("text"), str) and found.get("role") in _ROLES:
        return "message"
    return "about" if isinstance(found.get("tools"), list) or isinstance(found.get("facts"), dict) else "call"


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    return "" if value is None else str(value)


def _problem(found: Any) -> str | None:
    if not isinstance(found, dict):
        return "not a JSON object"
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        return f"no call: it has no '{missing[0]}'"
    if not isinstance(found["tool"], str) or not found["tool"]:
        return "no call: 'tool' is no name"
    if not isinstance(found["arguments"], dict):
        return "no call: 'arguments' is no object"
    return None


def _call(found: dict[str, Any], event: RawEvent, trajectory: str, source: str) -> RecordedCall:
    arguments, observation, status = found["arguments"], found["observation"], None
    structured = None if isinstance(observation, str) else observation
    text = observation if isinstance(observation, str) else orjson.dumps(observation).decode()
    is_error = bool(found.get("is_error"))
    if "status" in found:  # so it says itself what an HTTP response was
        status = found["status"] if isinstance(found["status"], int) else None
        structured = found.get("structured", structured)
    elif arguments.keys() <= _PARTS and (response := _response(text)) is not None:
        status, structured, text = response
        is_error = status >= 400
        path = {name: _unquoted(value) for name, value in _mapping(arguments.get("path")).items()}
        query = _mapping(arguments.get("query"))
        arguments = flat_arguments(path, query, arguments.get("body"))
    return RecordedCall(
        trajectory=trajectory,
        index=event.index,
        tool=found["tool"],
        arguments=arguments,
        text=text,
        is_error=is_error,
        status=status,
        structured=structured,
        kind=_KINDS.get(found.get("kind"), "unknown"),
        task=str(found.get("task_id", "")),
        domain=str(found.get("domain", "")),
        source=source,
        schema_key=_text(found, "schema_key"),
        call_id=_text(found, "call_id"),
        turn=event.turn,
        at=_text(found, "at"),
        spans=event.spans,
    )


def _response(text: str) -> tuple[int, Any, str] | None:
    """(status, body, body as text) of an HTTP response that was written down as JSON."""
    if not text.startswith("{"):
        return None
    found = _object(text.encode())
    if not isinstance(found, dict) or found.keys() != {"status", "body"} or not isinstance(found["status"], int):
        return None
    body = found["body"]
    shown = "" if body is None else body if isinstance(body, str) else orjson.dumps(body).decode()
    return found["status"], None if isinstance(body, str) else body, shown


def _unquoted(value: Any) -> Any:
    """A part of a path without the escapes that it travels with."""
    return unquote(value) if isinstance(value, str) else value


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
