"""What a world model said, read: its thinking taken off, its observation found, its changes if it proposes any."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from mcp_sim.worldmodel.wire import MARKER

_TAGGED = re.compile(r"<predicted_observation>(.*?)</predicted_observation>", re.DOTALL)
_FENCED = re.compile(r"^```[\w-]*[ \t]*\n(.*)\n[ \t]*```$", re.DOTALL)
_OPEN, _CLOSE = "<think>", "</think>"


class Unreadable(Exception):
    """The text holds no observation; the message says what is wrong with it, for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said.

    Attributes:
        observation: a JSON value, or a text where none was asked for.
        is_error: whether it is an error of the service; then `observation` is its text.
        changes: the changes it proposes; None if it proposes none.
    """

    observation: Any
    is_error: bool = False
    changes: list[Any] | None = None


def parse(text: str, *, data: bool, writes: bool) -> Said:
    """Read an answer; `data`: the tool answers with JSON, `writes`: it may propose changes.

    Raises:
        Unreadable: there is nothing in it, or no JSON where JSON is due.
    """
    body = unwrapped(text)
    if not body:
        raise Unreadable("it is empty")
    if not data and not writes:
        return _error(_json_or_none(body)) or Said(body)
    value = _json(body)
    changes = None
    if writes and isinstance(value, dict) and "observation" in value and set(value) <= {"observation", "changes"}:
        changes = value.get("changes")
        if changes is not None and not isinstance(changes, list):
            raise Unreadable("'changes' is no list")
        value = value["observation"]
    found = _error(value) or Said(value)
    return Said(found.observation, found.is_error, changes)


def unwrapped(text: str) -> str:
    """The observation alone, as text: without thinking before it, tags, marker and fence around it."""
    body = _without_thinking(text.strip()).strip()
    tagged = _TAGGED.findall(body)
    if tagged:
        body = tagged[-1].strip()
    if body.startswith(MARKER):
        body = body[len(MARKER) :].strip()
    fenced = _FENCED.match(body)
    return fenced.group(1).strip() if fenced else body


def _without_thinking(text: str) -> str:
    """Thinking stands before everything else; the same tags further on belong to the data."""
    if text.startswith(_OPEN):
        _, closed, rest = text.partition(_CLOSE)
        return rest if closed else ""
    before, closed, rest = text.partition(_CLOSE)
    # Templates that open the thinking themselves leave only its end in the answer.
    opened_before = closed and _OPEN not in before and not before.lstrip().startswith(("{", "[", '"', "*", "```", "<"))
    return rest if opened_before else text


def _json(body: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        found = _embedded(body)
        if found is None:
            raise Unreadable(f"it is not JSON ({error})") from None
        return found


def _embedded(body: str) -> Any:
    """The JSON object or list between the first bracket and the last one of its kind; what stands around it is talk."""
    start = min((at for at in (body.find("{"), body.find("[")) if at >= 0), default=-1)
    if start < 0:
        return None
    end = body.rfind("}" if body[start] == "{" else "]")
    return _json_or_none(body[start : end + 1]) if end > start else None


def _json_or_none(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _error(value: Any) -> Said | None:
    if isinstance(value, dict) and set(value) == {"error"} and isinstance(value["error"], str) and value["error"]:
        return Said(value["error"], is_error=True)
    return None
