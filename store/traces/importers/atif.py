"""ATIF, the format in which Harbor keeps trajectories of agents, versions 1.0 to 1.8."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from schemas.definitions import as_listed
from schemas.recorded import About, Kind, Recorded, RecordedCall, RecordedMessage, Span, Speaker
from store.traces.importers.conversation import Asked, Names, arguments_of, given_id, text_of
from store.traces.importers.elements import documents
from store.traces.importers.event import Form, RawEvent, What, whole
from store.traces.importers.lines import Complaint, Tell

VERSIONS = tuple(f"ATIF-v1.{minor}" for minor in range(9))
_SOURCES: dict[Any, Speaker] = {"system": "system", "user": "user", "agent": "assistant"}
_KINDS: dict[Any, Kind] = {"read": "read", "write": "write"}
_APART = ("steps", "subagent_trajectories")
_OF_CALLS = ("tool_calls", "observation")


def is_atif(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines holds such trajectories."""
    text = b"\n".join(head)
    return text.startswith((b"{", b"[")) and b'"schema_version"' in text and b'"ATIF-v' in text


def events(path: Path, tell: Tell) -> Iterator[RawEvent]:
    """The messages and calls of every trajectory of a file, those of its sub-agents as runs of their own."""
    names = Names(path, tell)
    for element in documents(path, tell):
        reader = _Reader(path, element.line, (element.start, element.end), tell, names)
        told = Complaint(path, element.line, "not a whole trajectory; left out")
        yield from whole(reader.trajectory(element.value, ""), partial(tell, told))


class _Reader:
    def __init__(self, path: Path, line: int, span: tuple[int, int], tell: Tell, names: Names) -> None:
        self._path = path
        self._line = line
        self._span = span
        self._tell = tell
        self._names = names

    def trajectory(self, found: Any, pointer: str) -> Iterator[RawEvent]:
        if not isinstance(found, dict) or not isinstance(found.get("steps"), list):
            self._complain(f"{pointer or '/'}: no trajectory: it has no list of 'steps'; left out")
            return
        version = found.get("schema_version")
        if version not in VERSIONS:
            self._complain(f"{pointer}/schema_version: {version!r} is not known, only 1.0 to 1.8 are; left out")
            return
        run = self._names.next(found.get("trajectory_id") or found.get("session_id"), self._line)
        yield from _Steps(self, run, pointer).events(found)
        for number, subagent in enumerate(found.get("subagent_trajectories") or ()):
            yield from self.trajectory(subagent, f"{pointer}/subagent_trajectories/{number}")

    def event(self, what: What, raw: Any, run: tuple[str, bool], at: int, pointer: str, **known: Any) -> RawEvent:
        return RawEvent(what, raw, *run, at, self._line, (Span(*self._span, pointer),), **known)

    def _complain(self, told: str) -> None:
        self._tell(Complaint(self._path, self._line, told))

    complain = _complain


class _Steps:
    def __init__(self, reader: _Reader, run: tuple[str, bool], pointer: str) -> None:
        self._reader = reader
        self._run = run
        self._pointer = pointer
        self._found: list[RawEvent] = []
        self._calls = 0

    def events(self, trajectory: dict[str, Any]) -> Iterator[RawEvent]:
        about = {name: value for name, value in trajectory.items() if name not in _APART}
        self._add("about", about, self._pointer)
        copied = 0
        for number, step in enumerate(trajectory["steps"]):
            pointer = f"{self._pointer}/steps/{number}"
            if not isinstance(step, dict) or step.get("source") not in _SOURCES:
                self._reader.complain(f"{pointer}: no step of system, user or agent; left out")
            elif step.get("is_copied_context"):
                copied += 1
            else:
                self._step(step, pointer, number)
        if copied:
            self._reader.complain(f"{copied} steps are copied from an earlier trajectory; left out")
        yield from (event for event in self._found if event.what != "call" or "result" in event.raw)

    def _step(self, step: dict[str, Any], pointer: str, number: int) -> None:
        asked = Asked()
        turn = number if step["source"] == "agent" else None
        said = {name: value for name, value in step.items() if name not in _OF_CALLS}
        observation = step.get("observation")
        results = observation.get("results") if isinstance(observation, dict) else None
        speaks = said.get("message") or said.get("reasoning_content") or "said" in _extra(said)
        if speaks or not (step.get("tool_calls") or results):
            self._add("message", said, pointer, turn)
        for index, call in enumerate(step.get("tool_calls") or ()):
            self._call(call, said, f"{pointer}/tool_calls/{index}", turn, asked)
        for index, result in enumerate(results if isinstance(results, list) else ()):
            if isinstance(result, dict):
                self._result(result, f"{pointer}/observation/results/{index}", asked)
        for raw in asked.open():
            name = raw["call"].get("function_name") if isinstance(raw["call"], dict) else None
            self._reader.complain(f"{pointer}: the call of '{name}' has no result in this step; left out")

    def _call(self, call: Any, step: dict[str, Any], pointer: str, turn: int | None, asked: Asked) -> None:
        is_whole = isinstance(call, dict) and isinstance(call.get("function_name"), str)
        if not is_whole or not isinstance(call.get("arguments"), dict):
            self._reader.complain(f"{pointer}: a call without a name, or with arguments that are no object; left out")
            return
        raw = {"call": call, "timestamp": step.get("timestamp")}
        asked.ask(call.get("tool_call_id"), raw)
        self._add("call", raw, pointer, turn)
        self._calls += 1

    def _result(self, result: dict[str, Any], pointer: str, asked: Asked) -> None:
        raw = asked.answer(result.get("source_call_id"))
        if raw is not None:
            raw["result"] = result
        else:
            self._add("message", {"result": result}, pointer)

    def _add(self, what: What, raw: Any, pointer: str, turn: int | None = None) -> None:
        index = self._calls if what == "call" else 0
        self._found.append(self._reader.event(what, raw, self._run, len(self._found), pointer, index=index, turn=turn))


def decode(event: RawEvent, origin: str) -> Recorded | None:
    """A call with its result, a message, or what the trajectory is about; None: a step that says nothing."""
    trajectory, raw, source = event.trajectory(origin), event.raw, f"{origin}:{event.line}"
    if event.what == "about":
        return _about(raw, trajectory)
    if event.what == "call":
        return _call(event, raw, trajectory, source)
    if "result" in raw:
        text, said = text_of(raw["result"].get("content")), _extra(raw["result"])
        return RecordedMessage(
            trajectory, "environment", text, at=str(said.get("at", "")), source=source, spans=event.spans
        )
    role = _SOURCES[raw["source"]]
    text, thought = text_of(raw.get("message")), str(raw.get("reasoning_content") or "")
    if role == "assistant" and not text and not thought and "said" not in _extra(raw):
        return None
    at = str(_extra(raw).get("at") or raw.get("timestamp") or "")
    return RecordedMessage(trajectory, role, text, thought, event.turn, at, source, event.spans)


ATIF = Form("atif", "ATIF trajectories", is_atif, events, decode)


def _call(event: RawEvent, raw: dict[str, Any], trajectory: str, source: str) -> RecordedCall:
    call, result = raw["call"], raw["result"]
    asked, answered = _extra(call), _extra(result)
    return RecordedCall(
        trajectory=trajectory,
        index=event.index,
        tool=call["function_name"],
        arguments=arguments_of(call["arguments"]),
        text=text_of(result.get("content")),
        is_error=answered.get("is_error") is True,
        status=answered.get("status"),
        structured=answered.get("structured"),
        kind=_KINDS.get(asked.get("kind"), "unknown"),
        task=str(asked.get("task", "")),
        domain=str(asked.get("domain", "")),
        source=source,
        schema_key=str(asked.get("schema_key", "")),
        call_id=given_id(call.get("tool_call_id"), event.index),
        turn=event.turn,
        at=str(asked.get("at") or raw.get("timestamp") or ""),
        spans=event.spans,
    )


def _about(raw: dict[str, Any], trajectory: str) -> About:
    agent = raw.get("agent")
    agent = agent if isinstance(agent, dict) else {}
    extra = _extra(raw)
    tools = tuple(as_listed(tool) for tool in agent.get("tool_definitions") or () if isinstance(tool, dict))
    own = extra.get("mcp_sim")
    if isinstance(own, dict):  # written by us
        tools = tuple(own.get("tools") or tools)
        return About(trajectory, tools, str(own.get("task", "")), str(own.get("domain", "")), own.get("facts") or {})
    facts = {name: raw[name] for name in ("notes", "final_metrics", "continued_trajectory_ref") if raw.get(name)}
    facts |= {"agent": {name: agent[name] for name in ("name", "version", "model_name") if agent.get(name)}}
    return About(trajectory, tools, facts={**facts, **extra})


def _extra(found: dict[str, Any]) -> dict[str, Any]:
    extra = found.get("extra")
    return extra if isinstance(extra, dict) else {}
