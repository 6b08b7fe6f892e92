"""Conversations as OpenAI's API has them: messages with tool calls, and the tools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.definitions import as_listed
from schemas.recorded import About, Recorded, RecordedCall, RecordedMessage, Span, Speaker
from store.traces.importers.conversation import Asked, Names, arguments_of, given_id, text_of
from store.traces.importers.elements import Element, documents
from store.traces.importers.event import Form, RawEvent, What, whole
from store.traces.importers.lines import Complaint, Tell

_ROLES: dict[Any, Speaker] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "environment",
    "function": "environment",
}
_NAMES = ("id", "conversation_id", "trajectory_id", "session_id")


def is_openai(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines holds such conversations."""
    text = b"\n".join(head)
    if not text.startswith((b"{", b"[")) or b'"messages"' not in text:
        return False
    return b'"role"' in text or b'"messages":[]' in text


def events(path: Path, tell: Tell) -> Iterator[RawEvent]:
    """The messages and the calls of every conversation of a file."""
    names = Names(path, tell)
    for element in documents(path, tell):
        yield from conversation(path, element, tell, names)


def conversation(path: Path, element: Element, tell: Tell, names: Names) -> Iterator[RawEvent]:
    """The messages and the calls of one conversation."""
    found = element.value
    if not isinstance(found, dict) or not isinstance(found.get("messages"), list):
        tell(Complaint(path, element.line, "no conversation: it has no list of 'messages'; left out"))
        return
    metadata = found.get("metadata")
    said = next((found[name] for name in _NAMES if found.get(name)), None)
    said = said or (metadata.get("trajectory") if isinstance(metadata, dict) else None)
    told = Complaint(path, element.line, "not a whole conversation; left out")
    found = _Conversation(path, element, tell, *names.next(said, element.line)).events()
    yield from whole(found, lambda: tell(told))


class _Conversation:
    def __init__(self, path: Path, element: Element, tell: Tell, run: str, is_named: bool) -> None:
        self._path = path
        self._element = element
        self._tell = tell
        self._run = run
        self._is_named = is_named
        self._found: list[RawEvent] = []
        self._calls = 0

    def events(self) -> Iterator[RawEvent]:
        document = self._element.value
        about = {name: value for name, value in document.items() if name != "messages"}
        if about:
            self._add("about", about, "", None)
        asked = Asked()
        for number, message in enumerate(document["messages"]):
            self._take(number, message, asked)
        for call in asked.open():
            self._complain(f"the call of '{_name(call['call'])}' has no answer; left out")
        yield from (event for event in self._found if event.what != "call" or "result" in event.raw)

    def _take(self, number: int, message: Any, asked: Asked) -> None:
        pointer = f"/messages/{number}"
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            self._complain(f"{pointer}: no message with a known role; left out")
            return
        if message["role"] in ("tool", "function"):
            call = asked.answer(message.get("tool_call_id", message.get("name")))
            if call is not None:
                call["result"] = message
                return
        calls = message.get("tool_calls") or []
        calls = calls if isinstance(calls, list) else []
        legacy = message.get("function_call")
        said = {name: value for name, value in message.items() if name not in ("tool_calls", "function_call")}
        if said.keys() - {"role", "content"} or said.get("content") or not (calls or legacy):
            self._add("message", said, pointer, number)
        for index, call in enumerate(calls):
            self._ask(call, f"{pointer}/tool_calls/{index}", number, asked)
        if isinstance(legacy, dict):
            self._ask({"function": legacy, "id": legacy.get("name")}, f"{pointer}/function_call", number, asked)

    def _ask(self, call: Any, pointer: str, turn: int, asked: Asked) -> None:
        try:
            arguments_of(_function(call).get("arguments"))
        except (KeyError, ValueError, TypeError, AttributeError):
            self._complain(f"{pointer}: a call without a name, or with arguments that are no object; left out")
            asked.ask(call.get("id") if isinstance(call, dict) else None, {"call": call, "result": None})
            return
        raw = {"call": call}
        asked.ask(call.get("id"), raw)
        self._add("call", raw, pointer, turn)
        self._calls += 1

    def _add(self, what: What, raw: Any, pointer: str, turn: int | None) -> None:
        place = len(self._found)
        span = Span(self._element.start, self._element.end, pointer)
        self._found.append(
            RawEvent(
                what,
                raw,
                self._run,
                self._is_named,
                place,
                self._element.line,
                (span,),
                index=self._calls if what == "call" else 0,
                turn=turn,
            )
        )

    def _complain(self, told: str) -> None:
        self._tell(Complaint(self._path, self._element.line, told))


def decode(event: RawEvent, origin: str) -> Recorded | None:
    """A call with its answer, a message, or the tools; None: a message that says nothing."""
    trajectory, raw, source = event.trajectory(origin), event.raw, f"{origin}:{event.line}"
    if event.what == "about":
        return _about(raw, trajectory)
    if event.what == "message":
        reasoning = raw.get("reasoning_content", raw.get("reasoning"))
        text, thought = text_of(raw.get("content")), reasoning if isinstance(reasoning, str) else ""
        role = _ROLES[raw["role"]]
        if role == "assistant" and not text and not thought:
            return None
        turn = event.turn if role == "assistant" else None
        return RecordedMessage(trajectory, role, text, thought, turn, source=source, spans=event.spans)
    function, result = _function(raw["call"]), raw["result"]
    return RecordedCall(
        trajectory=trajectory,
        index=event.index,
        tool=function["name"],
        arguments=arguments_of(function.get("arguments")),
        text=text_of(result.get("content")),
        is_error=result.get("is_error") is True,
        source=source,
        call_id=given_id(raw["call"].get("id"), event.index),
        turn=event.turn,
        spans=event.spans,
    )


OPENAI = Form("openai", "OpenAI messages with tools", is_openai, events, decode)


def _function(call: Any) -> dict[str, Any]:
    function = call.get("function", call)
    if not isinstance(function["name"], str) or not function["name"]:
        raise ValueError("the call names no tool")
    return dict(function)


def _name(call: dict[str, Any]) -> str:
    return str(_function(call)["name"])


def _about(raw: dict[str, Any], trajectory: str) -> About:
    tools = tuple(as_listed(tool) for tool in raw.get("tools") or () if isinstance(tool, dict))
    metadata = raw.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    known = {"trajectory", "task", "domain"}
    facts = {name: value for name, value in metadata.items() if name not in known}
    facts |= {"model": raw["model"]} if isinstance(raw.get("model"), str) else {}
    return About(trajectory, tools, str(metadata.get("task", "")), str(metadata.get("domain", "")), facts)
