"""OpenAI's messages with tools: no field for errors, for structured content, for time, for what a run was about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson

from schemas.definitions import as_listed
from schemas.recorded import RecordedCall, RecordedMessage, RecordedRun
from store.traces.exporters.format import Format
from store.traces.exporters.turns import Turn, regrouped, turns
from store.traces.importers.conversation import given_id, made_id


def messages(run: RecordedRun) -> Iterator[dict[str, Any]]:
    """The messages of a run."""
    for turn in turns(run):
        said = turn.message
        if said is not None and said.role != "assistant":
            yield {"role": "user" if said.role == "environment" else said.role, "content": said.text}
        elif said is not None and (said.text or turn.calls):
            yield {"role": "assistant", "content": said.text or None, **_calls(turn.calls)}
        elif turn.calls:
            yield {"role": "assistant", "content": None, **_calls(turn.calls)}
        for call in turn.calls:
            yield {"role": "tool", "tool_call_id": call.call_id or made_id(call.index), "content": call.text}


def function(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool as OpenAI has it."""
    described = {"description": tool["description"]} if "description" in tool else {}
    parameters = tool.get("inputSchema", {"type": "object"})
    return {"type": "function", "function": {"name": tool.get("name"), **described, "parameters": parameters}}


def remaining_call(call: RecordedCall) -> RecordedCall:
    """A call with what its messages hold."""
    return RecordedCall(
        call.trajectory,
        call.index,
        call.tool,
        call.arguments,
        call.text,
        False,
        call_id=given_id(call.call_id or None, call.index),
        turn=call.turn,
    )


def remaining_tools(run: RecordedRun) -> tuple[dict[str, Any], ...]:
    """The tools with what OpenAI's definitions hold."""
    return tuple(as_listed(function(tool)) for tool in run.tools)


def _calls(calls: list[RecordedCall]) -> dict[str, Any]:
    if not calls:
        return {}
    asked = [
        {
            "id": call.call_id or made_id(call.index),
            "type": "function",
            "function": {"name": call.tool, "arguments": orjson.dumps(call.arguments).decode()},
        }
        for call in calls
    ]
    return {"tool_calls": asked}


def _lines(run: RecordedRun) -> Iterator[dict[str, Any]]:
    tools = {"tools": [function(tool) for tool in run.tools]} if run.tools else {}
    told = {"trajectory": run.trajectory, "task": run.task, "domain": run.domain}
    yield {"messages": list(messages(run)), **tools, "metadata": {name: value for name, value in told.items() if value}}


def _remains(run: RecordedRun) -> RecordedRun:
    found = [turn for turn in map(_remaining, turns(run)) if any(turn.parts)]
    return with_about(regrouped(run, found, tools=remaining_tools(run), facts={}, header=None))


def with_about(run: RecordedRun) -> RecordedRun:
    """The run, whose calls know what it is about and where."""
    parts = [
        replace(part, task=run.task, domain=run.domain) if isinstance(part, RecordedCall) else part
        for part in run.parts
    ]
    return replace(run, parts=tuple(parts))


def _remaining(turn: Turn) -> Turn:
    said = turn.message
    if said is not None:
        is_kept = said.text or said.role != "assistant"
        role = "user" if said.role == "environment" else said.role
        said = RecordedMessage(said.trajectory, role, said.text) if is_kept else None
    return Turn(said, [remaining_call(call) for call in turn.calls])


OPENAI = Format("openai", _lines, _remains)
