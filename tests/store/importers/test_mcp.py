"""Captures of MCP messages, of both protocol eras, however they were written down."""

from __future__ import annotations

from typing import Any

from store.traces.importers import listed_tools
from tests.store.importers.conftest import Reading


def ask(number: Any, method: str = "tools/call", **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def tell(number: Any, *texts: str, **result: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": text} for text in texts]
    return {"jsonrpc": "2.0", "id": number, "result": {"content": content, **result}}


HELLO = (
    ask(0, "initialize", protocolVersion="2025-11-25"),
    {"jsonrpc": "2.0", "id": 0, "result": {"serverInfo": {}}},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
)
TOOLS = {
    "jsonrpc": "2.0",
    "id": 1,
    "result": {"tools": [{"name": "sail", "annotations": {"readOnlyHint": False}}, {"name": "look"}]},
}


def test_a_call_and_its_answer_are_one_recorded_call(reading: Reading) -> None:
    (call,) = reading.lines(
        *HELLO, ask(2, name="sail", arguments={"to": "Oslo"}), tell(2, "a", "b", structuredContent={"at": "Oslo"})
    )

    assert (call.tool, call.arguments, call.text, call.structured) == ("sail", {"to": "Oslo"}, "a\nb", {"at": "Oslo"})
    assert (call.is_error, call.index, call.source) == (False, 0, f"{reading.path}:4")
    assert reading.told == []


def test_answers_out_of_order_find_their_questions(reading: Reading) -> None:
    calls = reading.lines(
        ask(1, name="a"), ask("1", name="b"), ask(2, name="c"), tell("1", "B"), tell(2, "C"), tell(1, "A")
    )

    assert [(call.tool, call.text, call.index) for call in calls] == [("b", "B", 0), ("c", "C", 1), ("a", "A", 2)]


def test_every_handshake_begins_a_trajectory(reading: Reading) -> None:
    calls = reading.lines(*HELLO, ask(2, name="a"), tell(2, "A"), *HELLO, ask(2, name="b"), tell(2, "B"))

    assert [(call.trajectory, call.index) for call in calls] == [
        (f"{reading.path}#1", 0),
        (f"{reading.path}#2", 0),
    ]


def test_a_capture_of_the_era_without_handshake_is_one_trajectory(reading: Reading) -> None:
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    calls = reading.lines(
        ask(0, "server/discover", _meta=meta),
        {"jsonrpc": "2.0", "id": 0, "result": {"resultType": "complete"}},
        ask(1, name="a", _meta=meta),
        tell(1, "A", resultType="complete"),
        ask(2, name="b", arguments={}, _meta=meta),
        {"jsonrpc": "2.0", "id": 2, "result": {"resultType": "complete", "structuredContent": [1], "content": []}},
    )

    assert [(call.trajectory, call.text) for call in calls] == [
        (f"{reading.path}#1", "A"),
        (f"{reading.path}#1", "[1]"),
    ]


def test_connections_that_are_written_down_together_are_told_apart(reading: Reading) -> None:
    def wrapped(session: str, message: Any) -> dict[str, Any]:
        return {"time": "12:00", "session_id": session, "message": message}

    calls = reading.lines(
        wrapped("x", ask(1, name="a")),
        wrapped("y", ask(1, name="b")),
        wrapped("y", tell(1, "B")),
        wrapped("x", tell(1, "A")),
    )

    assert [(call.tool, call.text, call.trajectory[-2:]) for call in calls] == [("b", "B", "#2"), ("a", "A", "#1")]


def test_messages_are_found_in_lines_of_a_log(reading: Reading) -> None:
    calls = reading.lines(
        b"2026-05-01T12:00:00Z [boats] [info] Server started",
        b'2026-05-01T12:00:01Z [boats] [info] Message from client: {"method":"tools/call","params":{"name":"sail",'
        b'"arguments":{"to":"Oslo"}},"jsonrpc":"2.0","id":3} { metadata: undefined }',
        b'data: {"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"done"}],"isError":true}}',
    )

    assert [(call.tool, call.arguments, call.text, call.is_error) for call in calls] == [
        ("sail", {"to": "Oslo"}, "done", True)
    ]
    assert reading.told == ["FILE:1: no JSON-RPC message; left out"]


def test_a_batch_is_several_messages(reading: Reading) -> None:
    assert [
        call.text for call in reading.lines([ask(1, name="a"), ask(2, name="b")], [tell(2, "B"), tell(1, "A")])
    ] == [
        "B",
        "A",
    ]


def test_a_protocol_error_is_an_answer(reading: Reading) -> None:
    error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "Unknown tool: a"}}

    (call,) = reading.lines(ask(1, name="a"), error)

    assert (call.text, call.is_error) == ("Unknown tool: a", True)


def test_what_does_not_fit_is_told_by_its_line_and_the_rest_is_read(reading: Reading) -> None:
    calls = reading.lines(
        tell(9, "nobody asked"),
        ask(1, name="a"),
        ask(1, name="a"),
        tell(1, "A"),
        ask(2, arguments={}),
        tell(2, "?"),
        ask(3, name="b"),
        {"jsonrpc": "2.0", "id": 3, "result": {"odd": True}},
        ask(4, name="lost"),
        b'{"jsonrpc": "2.0", "id": 5, "meth',
    )

    assert [call.text for call in calls] == ["A"]
    assert reading.told == [
        "FILE:1: an answer to id 9, which nobody asked; left out",
        "FILE:3: id 1 is asked again before it was answered; left out",
        "FILE:5: a call without a tool's name or without an object of arguments; left out",
        "FILE:8: the answer to 'b' is no result of a tool; left out",
        "FILE:10: no JSON-RPC message; left out",
        "FILE:9: the call of 'lost' (id 4) has no answer; left out",
    ]


def test_what_the_server_asks_is_not_taken_for_an_answer(reading: Reading) -> None:
    sampled = {"jsonrpc": "2.0", "id": 1, "result": {"role": "assistant", "content": {"type": "text", "text": "hm"}}}

    calls = reading.lines(ask(1, name="a"), ask(1, "sampling/createMessage"), sampled, tell(1, "A"))

    assert [call.text for call in calls] == ["A"]
    assert reading.told == []


def test_the_hints_of_the_tools_say_what_writes(reading: Reading) -> None:
    calls = reading.lines(
        ask(1, "tools/list"), TOOLS, ask(2, name="sail"), tell(2, "A"), ask(3, name="look"), tell(3, "B")
    )

    assert [call.kind for call in calls] == ["write", "unknown"]
    assert [tool["name"] for tool in listed_tools(reading.path, reading.told.append)] == ["sail", "look"]  # type: ignore[arg-type]


def test_an_unknown_version_of_the_protocol_is_told(reading: Reading) -> None:
    result = {"jsonrpc": "2.0", "id": 0, "result": {"protocolVersion": "2099-01-01", "serverInfo": {"name": "boats"}}}
    calls = reading.lines(ask(0, "initialize"), result, ask(1, name="a"), tell(1, "A"))

    assert [call.text for call in calls] == ["A"]
    assert reading.told == [
        "FILE:2: protocol version '2099-01-01' is not known; what its messages say themselves is read"
    ]


def test_what_a_server_asks_of_a_model_makes_no_conversation_of_a_capture(reading: Reading) -> None:
    question = {"role": "user", "content": {"type": "text", "text": "hello"}}
    calls = reading.lines(ask(7, "sampling/createMessage", messages=[question]), ask(1, name="a"), tell(1, "A"))

    assert [call.text for call in calls] == ["A"]
