"""ATIF 1.8, as Harbor reads it: errors, structured content and whatever else has no field of its own are in `extra`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from schemas.definitions import as_listed
from schemas.recorded import RecordedCall, RecordedMessage, RecordedRun
from store.traces.exporters.format import Format
from store.traces.exporters.openai import function
from store.traces.exporters.turns import Turn, regrouped, turns
from store.traces.importers.conversation import given_id, made_id

VERSION = "ATIF-v1.8"
_SOURCES = {"system": "system", "user": "user", "assistant": "agent"}


def trajectory(run: RecordedRun) -> dict[str, Any]:
    """The run as a trajectory. One without any step has none in ATIF either, which wants at least one."""
    told: dict[str, Any] = {"task": run.task, "domain": run.domain, "facts": run.facts}
    tools = [function(tool) for tool in run.tools]
    if [as_listed(tool) for tool in tools] != list(run.tools):
        told["tools"] = list(run.tools)
    return {
        "schema_version": VERSION,
        "session_id": run.trajectory,
        "trajectory_id": run.trajectory,
        "agent": {**_agent(run), **({"tool_definitions": tools} if tools else {})},
        "steps": [_step(number, turn) for number, turn in enumerate(turns(run), 1)],
        "extra": {"mcp_sim": {name: value for name, value in told.items() if value}},
    }


def _agent(run: RecordedRun) -> dict[str, Any]:
    said = run.facts.get("agent")
    said = said if isinstance(said, dict) else {}
    model = said.get("model_name") or run.facts.get("model")
    named = {"name": str(said.get("name") or "unknown"), "version": str(said.get("version") or "unknown")}
    return {**named, **({"model_name": model} if isinstance(model, str) else {})}


def _step(number: int, turn: Turn) -> dict[str, Any]:
    said = turn.message
    first = next(turn.parts)
    head = {"step_id": number, **({"timestamp": first.at} if _is_time(first.at) else {})}
    if said is not None and said.role == "environment":
        result = {"content": said.text, **_extra(at=said.at)}
        return {**head, "source": "system", "message": "", "observation": {"results": [result]}}
    source = "agent" if said is None else _SOURCES[said.role]
    step = {**head, "source": source, "message": "" if said is None else said.text}
    if said is not None:
        is_silent = said.role == "assistant" and not said.text and not said.reasoning
        step |= {"reasoning_content": said.reasoning} if said.reasoning else {}
        step |= _extra(at=said.at, said=is_silent)
    if turn.calls:
        step["tool_calls"] = [_call(call) for call in turn.calls]
        step["observation"] = {"results": [_result(call) for call in turn.calls]}
    return step


def _call(call: RecordedCall) -> dict[str, Any]:
    kind = "" if call.kind == "unknown" else call.kind
    said = _extra(kind=kind, at=call.at, schema_key=call.schema_key, task=call.task, domain=call.domain)
    name = call.call_id or made_id(call.index)
    return {"tool_call_id": name, "function_name": call.tool, "arguments": call.arguments, **said}


def _result(call: RecordedCall) -> dict[str, Any]:
    said = {"is_error": call.is_error or None, "status": call.status, "structured": call.structured}
    extra = {name: value for name, value in said.items() if value is not None}
    name = call.call_id or made_id(call.index)
    return {"source_call_id": name, "content": call.text, **({"extra": extra} if extra else {})}


def _extra(**said: Any) -> dict[str, Any]:
    extra = {name: value for name, value in said.items() if value}
    return {"extra": extra} if extra else {}


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _lines(run: RecordedRun) -> Iterator[dict[str, Any]]:
    if run.parts:
        yield trajectory(run)


def _remains(run: RecordedRun) -> RecordedRun:
    found = [Turn(_said(turn.message), [_named(call) for call in turn.calls]) for turn in turns(run)]
    return regrouped(run, found, header=None)


def _said(message: RecordedMessage | None) -> RecordedMessage | None:
    if message is None or message.role == "assistant":
        return message
    return replace(message, reasoning="")


def _named(call: RecordedCall) -> RecordedCall:
    return replace(call, call_id=given_id(call.call_id or None, call.index))


ATIF = Format("atif", _lines, _remains)
