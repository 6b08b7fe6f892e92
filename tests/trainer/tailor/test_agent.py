"""The side of the agent: what was asked of it and what it was told to keep to are in its records, as recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from tests.trainer.tailor.conftest import Made, recipe
from tests.trainer.tailor.service import TOOLS, runs
from trainer.record import Record
from trainer.tailor.trail import Trail

RULES = "You lend books.\nNever lend one book twice."
ASKED = "I am reader 4711 and want something to read."


def _chat(calls: list[dict[str, Any]]) -> dict[str, Any]:
    """A conversation in which the user speaks first and last, and the agent once between its calls."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": RULES}, {"role": "user", "content": ASKED}]
    for number, call in enumerate(calls):
        function = {"name": call["tool"], "arguments": orjson.dumps(call["arguments"]).decode()}
        asked = {"id": f"c{number}", "type": "function", "function": function}
        messages.append({"role": "assistant", "content": None, "tool_calls": [asked]})
        messages.append({"role": "tool", "tool_call_id": f"c{number}", "content": call["observation"]})
        if number == 1:
            messages += [
                {"role": "assistant", "content": "One moment."},
                {"role": "user", "content": "Take your time."},
            ]
    messages.append({"role": "assistant", "content": "That is all there is."})
    return {"messages": messages, "tools": [{"type": "function", "function": _function(tool)} for tool in TOOLS]}


def _function(tool: dict[str, Any]) -> dict[str, Any]:
    return {"name": tool["name"], "description": tool["description"], "parameters": tool["inputSchema"]}


def _sft(tailored: Callable[..., Made], folder: Path) -> tuple[Made, list[Record]]:
    folder.mkdir()
    chats = [_chat([call for call in run if not call["is_error"]]) for run in runs(8, calls=9, seed=5)]
    (folder / "chats.jsonl").write_bytes(b"".join(orjson.dumps(chat) + b"\n" for chat in chats))
    made = tailored(recipe(folder, intents=[{"intent": "agent-sft"}], duplicates={"near": None, "why": "few runs"}))
    return made, made.records()


def test_what_was_said_is_in_the_records_of_an_agent_word_for_word(
    tailored: Callable[..., Made], tmp_path: Path
) -> None:
    made, records = _sft(tailored, tmp_path / "in")
    assert len(records) >= 6
    assert made.manifest["counts"]["rejected"] == {}
    for one in records:
        assert f"# Instructions\n{RULES}\n\n# Tools\n" in one.turns[0].content
        assert (one.turns[1].role, one.turns[1].content) == ("user", ASKED)
        said = [(turn.content, turn.loss) for turn in one.turns[2:] if turn.role != "tool"]
        assert ("One moment.", True) in said
        assert said[said.index(("One moment.", True)) + 1] == ("Take your time.", False)
        assert said[-1] == ("That is all there is.", True)
        assert one.facts["goal"] == ASKED
    events = Trail(made.out).origin(records[0].id).events
    assert {event.what for event in events} == {"call", "message"}
