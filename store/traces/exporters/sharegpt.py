"""ShareGPT: `from` and `value`, calls and observations among them, and the tools as a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson

from schemas.recorded import RecordedCall, RecordedMessage, RecordedRun
from store.traces.exporters.format import Format
from store.traces.exporters.openai import function, remaining_call, remaining_tools
from store.traces.exporters.turns import Turn, regrouped, turns

_FROM = {"system": "system", "user": "human", "assistant": "gpt", "environment": "observation"}


def _lines(run: RecordedRun) -> Iterator[dict[str, Any]]:
    said: list[dict[str, str]] = []
    for turn in turns(run):
        if turn.message is not None:
            said.append({"from": _FROM[turn.message.role], "value": turn.message.text})
        if turn.calls:
            said.append({"from": "function_call", "value": _asked(turn.calls)})
        said.extend({"from": "observation", "value": call.text} for call in turn.calls)
    tools = [function(tool)["function"] for tool in run.tools]
    yield {"id": run.trajectory, "conversations": said, **({"tools": orjson.dumps(tools).decode()} if tools else {})}


def _asked(calls: list[RecordedCall]) -> str:
    asked = [{"name": call.tool, "arguments": call.arguments} for call in calls]
    return orjson.dumps(asked if len(asked) > 1 else asked[0]).decode()


def _remains(run: RecordedRun) -> RecordedRun:
    found: list[Turn] = []
    for turn in turns(run):
        if turn.message is not None:
            said = turn.message
            found.append(Turn(RecordedMessage(said.trajectory, said.role, said.text)))
        found.append(Turn(None, [replace(remaining_call(call), call_id="") for call in turn.calls]))
    return regrouped(run, found, tools=remaining_tools(run), task="", domain="", facts={}, header=None)


SHAREGPT = Format("sharegpt", _lines, _remains)
