"""What a world model said, read: its thinking taken off, its observation found, its changes if it proposes any."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import orjson

from mcp_sim.worldmodel.wire import MARKER
from schemas.canonical import json_problem

_OPEN, _CLOSE = "<think>", "</think>"
_TAG, _END_TAG = "<predicted_observation>", "</predicted_observation>"
_FENCE = re.compile(r"(`{3,})[\w+-]*[ \t]*\n")
_INNER_FENCE = re.compile(r"^[ \t]*```", re.MULTILINE)
_LANDMARK = re.compile(rf"{_CLOSE}|{_TAG}|[{{\[]")
_WRAPPING = re.compile(rf"\s*(?:{re.escape(MARKER)}\s*)?(?:```[\w+-]*[ \t]*\n\s*)?")
_UNWRAPPING = re.compile(rf"\s*(?:```\s*)?(?:{_END_TAG}|\Z)")
_ALMOST = re.compile(r"\{\s*(?:'|[\w-]+\s*:)|\[\s*'")
"""Data as Python or JavaScript writes it."""
_LAYERS = 4
_MOST = 64
"""Brackets, tags and ends of thinking that are looked at in vain; who writes more of them wrote no answer."""
_DECODER = json.JSONDecoder()


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
        Unreadable: there is nothing in it, or no JSON where JSON is due, or JSON that no database keeps.
    """
    said = _data(text, writes=writes) if data or writes else _words(text)
    if problem := json_problem(said.observation) or json_problem(said.changes):
        raise Unreadable(f"it cannot be kept: {problem.removeprefix(': ')}")
    return said


def _words(text: str) -> Said:
    body = _text(text)
    whole = _whole(body)
    return (whole and _error(whole.value)) or Said(body)


def _data(text: str, *, writes: bool) -> Said:
    value = _value(text)
    changes = None
    if writes and isinstance(value, dict) and "observation" in value and set(value) <= {"observation", "changes"}:
        changes = value.get("changes")
        if changes is not None and not isinstance(changes, list):
            raise Unreadable("'changes' is no list")
        value = value["observation"]
    found = _error(value) or Said(value)
    return Said(found.observation, found.is_error, changes)


def _text(text: str) -> str:
    """An observation in words. What is JSON as a whole stays as it is."""
    body = text.strip()
    if _whole(body) is None:
        body = _peeled(_block(_without_thinking(body)))
    if not body:
        raise Unreadable("it is empty")
    return body


def _without_thinking(text: str) -> str:
    """Thinking stands before everything else; the same tags further on belong to the observation."""
    before, closed, rest = text.partition(_CLOSE)
    # Templates that open the thinking themselves leave only its end in the answer.
    opened_before = closed and _OPEN not in before and not before.startswith((MARKER, _TAG, "```"))
    return rest.strip() if opened_before or text.startswith(_OPEN) else text


def _block(text: str) -> str:
    """The last lines in tags, if there are any."""
    end = text.rfind(_END_TAG)
    start = text.rfind(f"\n{_TAG}", 0, max(end, 0)) + 1
    ends_a_line = not text[end + len(_END_TAG) :].partition("\n")[0].strip()
    return text[start : end + len(_END_TAG)] if end >= 0 and ends_a_line and text.startswith(_TAG, start) else text


def _peeled(text: str) -> str:
    """What is inside of marker, tags and fence, as far as they stand around everything."""
    body = text
    for _ in range(_LAYERS):
        body = body.removeprefix(MARKER).strip()
        if body.startswith(_TAG) and body.endswith(_END_TAG):
            body = body[len(_TAG) : -len(_END_TAG)].strip()
        fence = _FENCE.match(body)
        if fence and body.endswith(fence[1]):
            inner = body[fence.end() : -len(fence[1])]
            body = body if _INNER_FENCE.search(inner) else inner.strip()
    return body


def _value(text: str) -> Any:
    """The JSON value of an answer, whatever stands around it."""
    body = text.strip()
    if body.startswith(_OPEN):
        body = body.partition(_CLOSE)[2].strip()
    if not body:
        raise Unreadable("it is empty")
    try:
        return orjson.loads(_peeled(body))
    except orjson.JSONDecodeError as error:
        found = _Search(body).found()
        if found is None:
            raise Unreadable(f"it is not JSON ({error})") from None
        return found.value


@dataclass(frozen=True, slots=True)
class _Found:
    value: Any
    length: int


class _Search:
    """Goes through talk once, from left to right.

    Data is passed over as a whole, so that whatever its texts hold is left alone. Outside of data, the end of thinking
    makes everything before it void, and a tag makes the value after it the observation. Else the longest data counts.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._in_vain = 0
        self._plain: _Found | None = None
        self._tagged: _Found | None = None

    def found(self) -> _Found | None:
        """The value; None if there is none, or if some data breaks off: a part of an answer is none."""
        while landmark := _LANDMARK.search(self._text, self._at):
            self._at = landmark.end()
            if landmark.group() == _CLOSE:
                self._plain = self._tagged = None
                if whole := self._rest():
                    return whole
            elif landmark.group() == _TAG:
                if self._in_vain <= _MOST:
                    self._tag()
            elif not self._data(landmark.start()):
                return None
        return self._tagged or self._plain

    def _rest(self) -> _Found | None:
        """The value that is all of the rest, if it is one."""
        self._in_vain += 1
        return _whole(_peeled(self._text[self._at :].strip())) if self._in_vain <= _MOST else None

    def _tag(self) -> None:
        """The value in tags. Data that breaks off there is found out afterwards."""
        wrapping = _WRAPPING.match(self._text, self._at)
        start = wrapping.end() if wrapping else self._at
        try:
            _, end = _DECODER.raw_decode(self._text, start)
        except (ValueError, RecursionError):
            self._in_vain += 1
            return
        whole = _whole(self._text[start:end])
        if whole and _UNWRAPPING.match(self._text, end):
            self._tagged, self._at = whole, end

    def _data(self, start: int) -> bool:
        """Pass over the data that begins here, or over a bracket that opens none; False if it breaks off."""
        try:
            _, end = _DECODER.raw_decode(self._text, start)
        except json.JSONDecodeError as error:
            return self._no_data(start, error)
        except (ValueError, RecursionError):
            return False
        whole = _whole(self._text[start:end])
        if whole and (self._plain is None or whole.length > self._plain.length):
            self._plain = whole
        self._at = end
        return whole is not None

    def _no_data(self, start: int, error: json.JSONDecodeError) -> bool:
        self._in_vain += 1
        if self._in_vain > _MOST:
            return False
        brackets = self._text[start : error.pos].rstrip()
        if not brackets.strip("[{ \t\r\n") and not _ALMOST.match(self._text, start + len(brackets) - 1):
            self._at = error.pos
            return True
        thought = self._text.find(_CLOSE, self._at)
        if thought < 0 or error.msg.startswith("Unterminated string"):
            return False
        self._at = thought
        return True


def _whole(text: str) -> _Found | None:
    try:
        return _Found(orjson.loads(text), len(text))
    except orjson.JSONDecodeError:
        return None


def _error(value: Any) -> Said | None:
    if isinstance(value, dict) and set(value) == {"error"} and isinstance(value["error"], str) and value["error"]:
        return Said(value["error"], is_error=True)
    return None
