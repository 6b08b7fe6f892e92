"""JSON Lines of calls: what is read from them, and what is told of the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.recorded import RecordedCall
from store.traces.importers.forms import FORMS
from tests.store.importers.conftest import Reading

Line = Callable[..., dict[str, Any]]


def test_a_line_is_a_call(reading: Reading, line: Line) -> None:
    assert reading.lines(line()) == [
        RecordedCall(
            "t1",
            0,
            "get_boat",
            {"id": "B-1"},
            '{"id": "B-1"}',
            False,
            kind="read",
            task="task 1",
            domain="boats",
            source=f"{reading.path}:1",
        )
    ]
    assert reading.told == []


def test_a_packed_file_is_read_like_a_plain_one(reading: Reading, line: Line) -> None:
    assert reading.packed(line(0), line(1)) == reading.lines(line(0), line(1))


def test_a_packed_file_that_ends_early_is_read_as_far_as_it_goes(reading: Reading, line: Line) -> None:
    many = [line(n, arguments={"id": f"{n * 7919 % 10007}"}) for n in range(2000)]

    calls = reading.packed(*many, cut=2000)

    assert 100 < len(calls) < 2000
    assert any("the packed file ends early; what came before is read" in told for told in reading.told)


def test_what_is_no_call_is_told_by_its_line_and_the_rest_is_read(reading: Reading, line: Line) -> None:
    calls = reading.lines(
        line(0), b'{"tool": "get_boat", "argum', [1], {"tool": "x"}, line(1, arguments="id"), line(2, tool=7), line(3)
    )

    assert [call.index for call in calls] == [0, 3]
    assert reading.told == [
        "FILE:2: not a JSON object; left out",
        "FILE:3: not a JSON object; left out",
        "FILE:4: no call: it has no 'arguments'; left out",
        "FILE:5: no call: 'arguments' is no object; left out",
        "FILE:6: no call: 'tool' is no name; left out",
    ]


def test_a_call_that_stands_twice_is_read_once(reading: Reading, line: Line) -> None:
    calls = reading.lines(line(0), line(0, tool="drop_boat"), line(0, trajectory_id="t2"))

    assert [(call.trajectory, call.tool) for call in calls] == [("t1", "get_boat"), ("t2", "get_boat")]
    assert reading.told == ["FILE:2: call 0 of trajectory 't1' stands here again; left out"]


def test_one_domain_of_a_mixed_file_can_be_read_alone(reading: Reading, line: Line) -> None:
    calls = reading.lines(line(0), line(1, domain="trains"), line(2), domain="trains")

    assert [call.index for call in calls] == [1]
    assert reading.told == []


def test_lines_without_a_place_are_counted(reading: Reading, line: Line) -> None:
    bare = {name: value for name, value in line().items() if name not in ("call_index", "trajectory_id", "kind")}

    calls = reading.lines(bare, bare)

    assert [(call.trajectory, call.index, call.kind) for call in calls] == [
        (str(reading.path), 0, "unknown"),
        (str(reading.path), 1, "unknown"),
    ]


def test_an_http_exchange_becomes_arguments_body_and_status(reading: Reading, line: Line) -> None:
    asked = {"path": {"id": "a%40b"}, "query": {"limit": "2", "id": "9"}, "body": {"name": "Ada", "id": 8, "limit": 3}}
    (call,) = reading.lines(line(arguments=asked, observation='{"status": 404, "body": {"errors": ["gone"]}}'))

    assert call.arguments == {"id": "a@b", "query_id": "9", "limit": "2", "name": "Ada", "body_id": 8, "body_limit": 3}
    assert (call.status, call.is_error, call.structured) == (404, True, {"errors": ["gone"]})
    assert call.text == '{"errors":["gone"]}'


def test_a_body_that_is_no_object_is_one_argument(reading: Reading, line: Line) -> None:
    (call,) = reading.lines(line(arguments={"body": [1, 2]}, observation='{"status": 204, "body": null}'))

    assert (call.arguments, call.status, call.text) == ({"body": [1, 2]}, 204, "")


def test_a_tool_that_calls_its_argument_path_is_no_http_exchange(reading: Reading, line: Line) -> None:
    (call,) = reading.lines(line(arguments={"path": "/tmp/a"}, observation="a text"))

    assert (call.arguments, call.status) == ({"path": "/tmp/a"}, None)


def test_a_file_of_something_else_is_told_and_passed_over(reading: Reading) -> None:
    assert reading.lines({"hello": 1}) == []
    assert reading.bytes(b"") == []
    assert reading.told == [
        f"FILE: nothing in it is one of: {', '.join(form.told for form in FORMS)}",
        "FILE: there is nothing in it",
    ]
