"""Conversations: OpenAI's messages, ShareGPT, ATIF, and spans of OpenTelemetry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.recorded import RecordedCall, RecordedMessage, RecordedRun
from store.traces.importers import read_runs
from tests.harbor import model


class Reading:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []

    def runs(self, *documents: Any, indent: bool = False) -> list[RecordedRun]:
        option = orjson.OPT_INDENT_2 if indent else 0
        self.path.write_bytes(b"\n".join(orjson.dumps(one, option=option) for one in documents))
        return read_runs(self.path, tell=lambda one: self.told.append(str(one).replace(str(self.path), "FILE")))

    def run(self, *documents: Any, **options: Any) -> RecordedRun:
        (run,) = self.runs(*documents, **options)
        return run


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    return Reading(tmp_path / "recorded.json")


def ask(name: str, arguments: Any, key: str | None = None) -> dict[str, Any]:
    return {"id": key, "type": "function", "function": {"name": name, "arguments": arguments}}


def said(run: RecordedRun) -> list[Any]:
    return [
        (part.tool, part.arguments, part.text) if isinstance(part, RecordedCall) else (part.role, part.text)
        for part in run.parts
    ]


# OpenAI


def test_messages_and_calls_are_a_run(reading: Reading) -> None:
    tool = {"type": "function", "function": {"name": "sail", "description": "Sails.", "parameters": {"type": "object"}}}
    run = reading.run(
        {
            "id": "r1",
            "model": "m",
            "tools": [tool],
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "To Oslo"}, {"type": "image_url"}]},
                {
                    "role": "assistant",
                    "content": "Aye.",
                    "reasoning_content": "North.",
                    "tool_calls": [
                        ask("sail", '{"to": "Oslo"}', "a"),
                        ask("look", {"at": "sea"}, "b"),
                        ask("wait", "", "c"),
                    ],
                },
                {"role": "tool", "tool_call_id": "b", "content": "waves"},
                {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "sailed"}]},
                {"role": "tool", "tool_call_id": "c", "content": None},
                {"role": "assistant", "content": "Done."},
            ],
        }
    )

    assert said(run) == [
        ("system", "Be brief."),
        ("user", "To Oslo\n[image_url]"),
        ("assistant", "Aye."),
        ("sail", {"to": "Oslo"}, "sailed"),
        ("look", {"at": "sea"}, "waves"),
        ("wait", {}, ""),
        ("assistant", "Done."),
    ]
    assert (run.trajectory, run.facts) == ("r1", {"model": "m"})
    assert run.tools == ({"name": "sail", "description": "Sails.", "inputSchema": {"type": "object"}},)
    assert [part.turn for part in run.parts] == [None, None, 0, 0, 0, 0, None]
    assert run.calls[1].spans[0].pointer == "/messages/2/tool_calls/1"
    assert reading.told == []


def test_conversations_stand_in_lines_in_a_list_or_one_after_another(reading: Reading) -> None:
    talk = {"messages": [{"role": "user", "content": "hello"}]}

    for documents in ([talk, talk], [[talk, talk]]):
        for indent in (False, True):
            assert [said(run) for run in reading.runs(*documents, indent=indent)] == [[("user", "hello")]] * 2
    assert reading.told == []


def test_calls_of_the_old_kind_are_read(reading: Reading) -> None:
    run = reading.run(
        {
            "messages": [
                {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}},
                {"role": "function", "name": "look", "content": "sea"},
            ]
        }
    )
    assert said(run) == [("look", {}, "sea")]


def test_what_is_not_whole_in_a_conversation_is_told(reading: Reading) -> None:
    run = reading.run(
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [ask("sail", '{"to": "Os', "a"), ask("look", "{}", "b"), ask("wait", [], "c")],
                },
                {"role": "tool", "tool_call_id": "a", "content": "?"},
                {"role": "tool", "tool_call_id": "z", "content": "nobody asked"},
                {"role": "narrator", "content": "once"},
            ]
        },
        {"hello": 1},
    )

    assert said(run) == [("environment", "nobody asked")]
    assert reading.told == [
        "FILE:1: /messages/0/tool_calls/0: a call without a name, or with arguments that are no object; left out",
        "FILE:1: /messages/0/tool_calls/2: a call without a name, or with arguments that are no object; left out",
        "FILE:1: /messages/3: no message with a known role; left out",
        "FILE:1: the call of 'look' has no answer; left out",
        "FILE:2: no conversation: it has no list of 'messages'; left out",
    ]


def test_equal_ids_of_calls_find_their_answers_in_order(reading: Reading) -> None:
    turn = {"role": "assistant", "tool_calls": [ask("look", "{}", "x"), ask("wait", "{}", "x")]}
    answers = [{"role": "tool", "tool_call_id": "x", "content": text} for text in ("first", "second")]

    assert said(reading.run({"messages": [turn, *answers]})) == [("look", {}, "first"), ("wait", {}, "second")]


def test_a_name_that_stands_twice_is_two_runs(reading: Reading) -> None:
    talk = {"id": "t", "messages": [{"role": "user", "content": "hello"}]}

    assert [run.trajectory for run in reading.runs(talk, talk)] == ["t", "t#2"]
    assert reading.told == ["FILE:2: trajectory 't' stands here again; it is read as 't#2'"]


# ShareGPT


def test_sharegpt_is_read_with_its_tools(reading: Reading) -> None:
    run = reading.run(
        {
            "id": "s",
            "system": "Be brief.",
            "tools": '[{"name": "look", "parameters": {"type": "object"}}]',
            "conversations": [
                {"from": "human", "value": "look"},
                {
                    "from": "function_call",
                    "value": '[{"name": "look", "arguments": {}}, {"name": "wait", "arguments": {}}]',
                },
                {"from": "observation", "value": "sea"},
                {"from": "observation", "value": "later"},
                {"from": "gpt", "value": "The sea."},
                {"from": "function_call", "value": '{"name": "lost"}'},
            ],
        }
    )

    assert said(run) == [
        ("system", "Be brief."),
        ("user", "look"),
        ("look", {}, "sea"),
        ("wait", {}, "later"),
        ("assistant", "The sea."),
    ]
    assert [tool["name"] for tool in run.tools] == ["look"]
    assert reading.told == ['FILE:1: the call {"name":"lost"} has no answer; left out']


# ATIF


def trajectory(version: str = "ATIF-v1.8", *steps: Any, **given: Any) -> dict[str, Any]:
    agent = {"name": "a", "version": "1", "model_name": "m"}
    return {"schema_version": version, "session_id": "s", "agent": agent, "steps": list(steps), **given}


STEPS = (
    {"step_id": 1, "source": "user", "message": "look", "timestamp": "2030-01-01T00:00:00Z"},
    {
        "step_id": 2,
        "source": "agent",
        "message": "Aye.",
        "reasoning_content": "Hm.",
        "tool_calls": [
            {"tool_call_id": "a", "function_name": "look", "arguments": {"at": "sea"}},
            {"tool_call_id": "b", "function_name": "wait", "arguments": {}},
        ],
        "observation": {
            "results": [{"source_call_id": "b", "content": None}, {"source_call_id": "a", "content": "waves"}]
        },
    },
    {"step_id": 3, "source": "system", "message": "", "observation": {"results": [{"content": "a storm"}]}},
)


@pytest.mark.parametrize("minor", range(9))
def test_every_version_of_atif_is_read_as_harbor_reads_it(reading: Reading, minor: int) -> None:
    document = trajectory(f"ATIF-v1.{minor}", *STEPS)
    run = reading.run(document, indent=True)

    assert said(run) == [
        ("user", "look"),
        ("assistant", "Aye."),
        ("look", {"at": "sea"}, "waves"),
        ("wait", {}, ""),
        ("environment", "a storm"),
    ]
    assert run.parts[1] == RecordedMessage("s", "assistant", "Aye.", "Hm.", 0)
    assert run.facts["agent"] == {"name": "a", "version": "1", "model_name": "m"}
    assert reading.told == []
    model("harbor.models.trajectories", "Trajectory").model_validate(document)


@pytest.mark.parametrize("version", ["ATIF-v1.9", "ATIF-v2.0", None])
def test_an_unknown_version_of_atif_is_told_and_not_guessed(reading: Reading, version: Any) -> None:
    assert len(reading.runs(trajectory("ATIF-v1.8", *STEPS), trajectory(version, *STEPS))) == 1
    assert reading.told == [f"FILE:2: /schema_version: {version!r} is not known, only 1.0 to 1.8 are; left out"]


def test_sub_agents_are_runs_of_their_own(reading: Reading) -> None:
    inner = trajectory("ATIF-v1.8", STEPS[0], trajectory_id="inner")
    runs = reading.runs(trajectory("ATIF-v1.8", *STEPS, subagent_trajectories=[inner]))

    assert [run.trajectory for run in runs] == ["s", "inner"]
    assert runs[1].parts[0].spans[0].pointer == "/subagent_trajectories/0/steps/0"


def test_what_harbor_would_refuse_is_told(reading: Reading) -> None:
    bad = {"tool_call_id": "a", "function_name": "look", "arguments": "{}"}
    late = {"tool_call_id": "b", "function_name": "wait", "arguments": {}}
    run = reading.run(
        trajectory(
            "ATIF-v1.7",
            {"step_id": 1, "source": "agent", "message": "", "tool_calls": [bad, late]},
            {
                "step_id": 2,
                "source": "agent",
                "message": None,
                "observation": {"results": [{"source_call_id": "b", "content": "late"}]},
            },
            {"step_id": 3, "source": "user", "message": "copied", "is_copied_context": True},
            {"step_id": 4, "source": "nobody", "message": ""},
        )
    )

    assert said(run) == [("environment", "late")]
    assert reading.told == [
        "FILE:1: /steps/0/tool_calls/0: a call without a name, or with arguments that are no object; left out",
        "FILE:1: /steps/0: the call of 'wait' has no result in this step; left out",
        "FILE:1: /steps/3: no step of system, user or agent; left out",
        "FILE:1: 1 steps are copied from an earlier trajectory; left out",
    ]


# OpenTelemetry

URL = "https://opentelemetry.io/schemas/1.40.0"


def span(number: int, *, parent: int | None = None, run: str = "c1", error: str = "", **known: Any) -> dict[str, Any]:
    values = {"gen_ai.conversation.id": run, **({"error.type": error} if error else {}), **known}
    return {
        "traceId": "t1",
        "spanId": f"s{number}",
        **({} if parent is None else {"parentSpanId": f"s{parent}"}),
        "startTimeUnixNano": str(1_900_000_000_000_000_000 + number),
        "endTimeUnixNano": str(1_900_000_000_000_000_100 + number),
        "attributes": [
            {"key": name, "value": {"stringValue": value} if isinstance(value, str) else value}
            for name, value in values.items()
        ],
    }


def tool(number: int, name: str, result: str | None, arguments: Any = "{}", **given: Any) -> dict[str, Any]:
    told = {} if result is None else {"gen_ai.tool.call.result": result}
    named = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, "gen_ai.tool.call.arguments": arguments}
    return span(number, **named, **told, **given)


def otlp(*spans: Any, url: str = URL) -> dict[str, Any]:
    return {
        "resourceSpans": [
            {"resource": {}, "scopeSpans": [{"scope": {"name": "x"}, "schemaUrl": url, "spans": list(spans)}]}
        ]
    }


def test_spans_of_tools_are_calls_in_the_order_of_time(reading: Reading) -> None:
    listed = {
        "kvlistValue": {
            "values": [{"key": "n", "value": {"intValue": "7"}}, {"key": "all", "value": {"boolValue": True}}]
        }
    }
    answer = '{"content": [{"type": "text", "text": "no"}], "isError": true, "structuredContent": {"a": 1}}'
    run = reading.run(
        otlp(tool(3, "wait", "later"), tool(2, "look", answer, error="tool_error")),
        otlp(tool(1, "sail", '{"at": "Oslo"}', listed), tool(4, "sink", None, error="timeout")),
    )

    assert said(run) == [
        ("sail", {"n": 7, "all": True}, '{"at": "Oslo"}'),
        ("look", {}, "no"),
        ("wait", {}, "later"),
        ("sink", {}, "timeout"),
    ]
    assert [call.is_error for call in run.calls] == [False, True, False, True]
    assert run.calls[1].structured == {"a": 1}
    assert [call.index for call in run.calls] == [0, 1, 2, 3]
    assert run.trajectory == "c1"
    assert reading.told == []


def test_what_is_said_to_and_by_the_model_is_read_once(reading: Reading) -> None:
    def talk(*said: tuple[str, str]) -> str:
        return orjson.dumps(
            [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in said]
        ).decode()

    chat = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
    first, second = ("user", "look"), ("assistant", "The sea.")
    run = reading.run(
        otlp(
            span(1, **chat, **{"gen_ai.input.messages": talk(first), "gen_ai.output.messages": talk(second)}),
            span(
                500,
                **chat,
                **{
                    "gen_ai.input.messages": talk(first, second, ("user", "again")),
                    "gen_ai.output.messages": talk(("assistant", "Still the sea.")),
                    "gen_ai.tool.definitions": '[{"type": "function", "name": "look", "parameters": {"type": "object"}}]',
                },
            ),
        )
    )

    assert said(run) == [first, second, ("user", "again"), ("assistant", "Still the sea.")]
    assert [tool["name"] for tool in run.tools] == ["look"]


def test_spans_that_are_no_calls_of_their_own_are_told(reading: Reading) -> None:
    server = span(2, parent=1, **{"mcp.method.name": "tools/call", "gen_ai.tool.name": "look"})
    run = reading.run(
        otlp(tool(1, "look", "sea"), server, tool(5, "wait", "later")),
        otlp(
            tool(5, "wait", "later"), span(6, **{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "silent"})
        ),
        otlp(tool(7, "look", "?"), url="https://opentelemetry.io/schemas/1.99.0"),
    )

    assert said(run) == [("look", {}, "sea"), ("wait", {}, "later")]
    assert reading.told == [
        "FILE:3: /resourceSpans/0/scopeSpans/0/schemaUrl: 'https://opentelemetry.io/schemas/1.99.0' is not known, "
        "conventions 1.37 to 1.44 are; left out",
        "FILE: 1 spans of tools hold no arguments or no result, which are recorded only on request; left out",
        "FILE: 1 spans are the other side of a call that has a span already; left out",
        "FILE: 1 spans stand here again; left out",
    ]


# Any


@pytest.mark.parametrize("form", ["openai", "atif", "otel"])
def test_a_document_that_ends_early_is_told(reading: Reading, form: str) -> None:
    whole = {
        "openai": {"messages": [{"role": "user", "content": "hello"}]},
        "atif": trajectory("ATIF-v1.8", *STEPS),
        "otel": otlp(tool(1, "look", "sea")),
    }[form]
    reading.path.write_bytes(orjson.dumps([whole, whole], option=orjson.OPT_INDENT_2)[:-30])

    runs = read_runs(reading.path, tell=lambda one: reading.told.append(str(one)))

    assert len(runs) == 1
    assert "ends in the middle of an entry; what came before is read" in reading.told[0]


def test_an_unknown_version_of_our_own_traces_is_told_and_not_guessed(reading: Reading) -> None:
    assert reading.runs({"format": "mcp-sim/trace", "version": 99, "world": {}, "seed": 1}, {"n": 1}) == []
    assert reading.told == ["FILE: a trace of version 99; this program reads version 1; left out"]
