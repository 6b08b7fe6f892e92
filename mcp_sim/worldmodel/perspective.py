"""A run as the world model sees it: the agent's calls are what it is told, the answers are what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import orjson

from mcp_sim.worldmodel.wire import MARKER, action, compact, observed
from schemas.recorded import About, RecordedCall, RecordedMessage, RecordedRun, gathered
from store.traces.exporters.format import Format

_TOOLS = "# Tools of the service\n"
_ACTION = re.compile(r"### Turn \d+\n\n\*\*Action:\*\*\n```json\n(.*)\n```", re.DOTALL)


def as_world_model(run: RecordedRun) -> RecordedRun:
    """The run as a conversation of messages alone: tools, then action and observation in turn.

    What was said between the calls is no part of it.
    """
    return replace(run, parts=tuple(_messages(run)), tools=())


def from_world_model(run: RecordedRun) -> RecordedRun:
    """The run that such a conversation was made of, as far as it tells."""
    tools = []
    calls: list[RecordedCall] = []
    asked = None
    for part in run.parts:
        if not isinstance(part, RecordedMessage):
            continue
        if part.role == "system" and part.text.startswith(_TOOLS):
            tools = [orjson.loads(line) for line in part.text.removeprefix(_TOOLS).split("\n")]
        elif part.role == "user":
            asked = _ACTION.fullmatch(part.text)
        elif part.role == "assistant" and asked is not None:
            called = orjson.loads(asked[1])
            text, is_error = _heard(part.text.removeprefix(f"{MARKER}\n"))
            calls.append(RecordedCall(run.trajectory, 0, called["name"], called["arguments"], text, is_error))
            asked = None
    about = About(run.trajectory, tuple(tools), run.task, run.domain)
    return replace(gathered(run.trajectory, [about, *calls]), facts=run.facts, header=run.header, id=run.id)


def seen_by_world_model(form: Format) -> Format:
    """The format, written from this perspective."""
    return Format(
        form.name,
        lambda run: form.lines(as_world_model(run)),
        lambda run: from_world_model(form.remains(as_world_model(run))),
    )


def _messages(run: RecordedRun) -> Iterator[RecordedMessage]:
    if run.tools:
        listed = _TOOLS + "\n".join(compact(tool) for tool in run.tools)
        yield RecordedMessage(run.trajectory, "system", listed)
    for number, call in enumerate(run.calls, 1):
        yield RecordedMessage(run.trajectory, "user", action(number, call.tool, call.arguments))
        said = compact({"error": call.text}) if call.is_error else call.text
        yield RecordedMessage(run.trajectory, "assistant", observed(said))


def _heard(text: str) -> tuple[str, bool]:
    """The text of an observation, and whether it says that it is an error."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text, False
    is_error = isinstance(found, dict) and found.keys() == {"error"} and isinstance(found["error"], str)
    return (found["error"], True) if is_error else (text, False)
