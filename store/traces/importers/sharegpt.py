"""Conversations as ShareGPT has them: `from` and `value`, with calls and observations among them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from schemas.definitions import as_listed
from schemas.recorded import About, Recorded, RecordedCall, RecordedMessage, Span, Speaker
from store.traces.importers.conversation import Asked, Names, arguments_of
from store.traces.importers.elements import Element, documents
from store.traces.importers.event import Form, RawEvent, whole
from store.traces.importers.lines import Complaint, Tell

_SPEAKERS: dict[Any, Speaker] = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "observation": "environment",
    "tool": "environment",
    "function_response": "environment",
}
_CALLS = ("function_call", "tool_call")


def is_sharegpt(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines holds such conversations."""
    text = b"\n".join(head)
    return text.startswith((b"{", b"[")) and b'"conversations"' in text and b'"from"' in text


def events(path: Path, tell: Tell) -> Iterator[RawEvent]:
    """The messages and the calls of every conversation of a file."""
    names = Names(path, tell)
    for element in documents(path, tell):
        found = element.value
        if not isinstance(found, dict) or not isinstance(found.get("conversations"), list):
            tell(Complaint(path, element.line, "no conversation: it has no list of 'conversations'; left out"))
            continue
        run, is_named = names.next(found.get("id"), element.line)
        told = Complaint(path, element.line, "not a whole conversation; left out")
        yield from whole(_events(path, element, tell, run, is_named), partial(tell, told))


def _events(path: Path, element: Element, tell: Tell, run: str, is_named: bool) -> Iterator[RawEvent]:
    found: list[RawEvent] = []
    asked, calls = Asked(), 0

    def add(what: Any, raw: Any, pointer: str, turn: int | None = None) -> None:
        span = Span(element.start, element.end, pointer)
        number = calls if what == "call" else 0
        found.append(RawEvent(what, raw, run, is_named, len(found), element.line, (span,), number, turn))

    document = element.value
    about = {name: value for name, value in document.items() if name != "conversations"}
    if about:
        add("about", about, "")
    if isinstance(document.get("system"), str):
        add("message", {"from": "system", "value": document["system"]}, "/system")
    for number, message in enumerate(document["conversations"]):
        pointer = f"/conversations/{number}"
        speaker = message.get("from") if isinstance(message, dict) else None
        if speaker in _CALLS:
            for call in _calls(message.get("value")):
                raw = {"call": call}
                asked.ask("", raw)
                add("call", raw, pointer, number)
                calls += 1
            continue
        if speaker not in _SPEAKERS or not isinstance(message.get("value"), str):
            tell(Complaint(path, element.line, f"{pointer}: no message of a known speaker; left out"))
            continue
        answered = asked.answer("") if _SPEAKERS[speaker] == "environment" else None
        if answered is not None:
            answered["result"] = message
        else:
            add("message", message, pointer)
    for raw in asked.open():
        tell(
            Complaint(path, element.line, f"the call {orjson.dumps(raw['call']).decode()[:80]} has no answer; left out")
        )
    yield from (event for event in found if event.what != "call" or "result" in event.raw)


def _calls(value: Any) -> list[Any]:
    try:
        found = orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        return [value]
    return found if isinstance(found, list) else [found]


def decode(event: RawEvent, origin: str) -> Recorded | None:
    """A call with its observation, a message, or the tools."""
    trajectory, raw, source = event.trajectory(origin), event.raw, f"{origin}:{event.line}"
    if event.what == "about":
        return _about(raw, trajectory)
    if event.what == "message":
        return RecordedMessage(trajectory, _SPEAKERS[raw["from"]], raw["value"], source=source, spans=event.spans)
    return RecordedCall(
        trajectory=trajectory,
        index=event.index,
        tool=raw["call"]["name"],
        arguments=arguments_of(raw["call"].get("arguments")),
        text=raw["result"]["value"],
        is_error=False,
        source=source,
        turn=event.turn,
        spans=event.spans,
    )


SHAREGPT = Form("sharegpt", "ShareGPT conversations", is_sharegpt, events, decode)


def _about(raw: dict[str, Any], trajectory: str) -> About:
    tools = raw.get("tools")
    tools = orjson.loads(tools or "[]") if isinstance(tools, str) else tools or []
    return About(trajectory, tuple(as_listed(tool) for tool in tools if isinstance(tool, dict)))
