"""One JSON object per line, one line per call, with what the tool returned as a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson

from schemas.recorded import Kind, RecordedCall, flat_arguments
from store.traces.importers.lines import Complaint, Tell, lines

_NEEDED = ("tool", "arguments", "observation")
_PARTS = {"path", "query", "body"}
_KINDS: dict[Any, Kind] = {"read": "read", "write": "write"}


def is_jsonl(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines holds such calls."""
    return any(isinstance(found := _object(line), dict) and found.keys() >= set(_NEEDED) for line in head)


def read_jsonl(path: Path, tell: Tell, domain: str | None = None) -> Iterator[RecordedCall]:
    """The calls of one file, of one domain if given, in the order of its lines."""
    counts: Counter[str] = Counter()
    seen: set[tuple[str, int]] = set()
    for number, line in lines(path, tell):
        found = _object(line)
        problem = _problem(found)
        if problem is not None:
            tell(Complaint(path, number, f"{problem}; left out"))
            continue
        if domain is not None and found.get("domain") != domain:
            continue
        trajectory = str(found.get("trajectory_id", path))
        index = found.get("call_index")
        index = index if isinstance(index, int) and not isinstance(index, bool) else counts[trajectory]
        counts[trajectory] += 1
        if (trajectory, index) in seen:
            tell(Complaint(path, number, f"call {index} of trajectory '{trajectory}' stands here again; left out"))
            continue
        seen.add((trajectory, index))
        yield _call(found, trajectory, index, f"{path}:{number}")


def _object(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


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


def _call(found: dict[str, Any], trajectory: str, index: int, source: str) -> RecordedCall:
    arguments, observation, status = found["arguments"], found["observation"], None
    structured = None if isinstance(observation, str) else observation
    text = observation if isinstance(observation, str) else orjson.dumps(observation).decode()
    is_error = bool(found.get("is_error"))
    response = _response(text) if arguments.keys() <= _PARTS else None
    if response is not None:
        status, structured, text = response
        is_error = status >= 400
        path = {name: _unquoted(value) for name, value in _mapping(arguments.get("path")).items()}
        query = _mapping(arguments.get("query"))
        arguments = flat_arguments(path, query, arguments.get("body"))
    return RecordedCall(
        trajectory=trajectory,
        index=index,
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
