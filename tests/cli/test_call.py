"""`mcp-sim call`: one call from the shell, its answer on stdout, its refusal on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Run
from tests.running import HARBOUR, acting, write_pack


def test_a_call_prints_what_the_tool_answers(run: Run) -> None:
    assert run("call", HARBOUR, "get_ship", '{"id": "S-001"}').json["name"] == "Aurora"
    assert run("call", HARBOUR, "list_ships").json["total"] == 3


def test_an_answer_in_plain_text_is_printed_as_it_is(run: Run, tmp_path: Path) -> None:
    effect = {"returns": None, "text": "[bold]:ship: {args.a}[/bold]\n" + "x" * 200}
    acting(tmp_path, effect=effect)
    assert run("call", tmp_path, "act", '{"a": 1}').out == "[bold]:ship: 1[/bold]\n" + "x" * 200 + "\n"


def test_an_answer_is_json_whatever_it_holds(run: Run, tmp_path: Path) -> None:
    acting(tmp_path, returns="{args.a}")
    odd = ["[red]", ":warning:", "é\u2028", 1e22, -0.5, None, True, "x" * 300]
    assert run("call", tmp_path, "act", json.dumps({"a": odd})).json == odd


def test_a_business_error_is_told_on_stderr_with_status_2(run: Run) -> None:
    done = run("call", HARBOUR, "close_dock", '{"id": "D-01"}')
    assert (done.status, done.out, done.err) == (2, "", "error: 2 ship(s) lie in dock D-01\n")


def test_a_wrong_argument_is_told_on_stderr_with_status_2(run: Run) -> None:
    done = run("call", HARBOUR, "get_ship", '{"idd": NaN}')
    assert (done.status, done.out) == (2, "")
    assert done.err == "error: Invalid arguments for get_ship: /idd: NaN and Infinity are not JSON\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("{", "the arguments are not JSON: "),
        ("", "the arguments are not JSON: "),
        ("[1]", 'the arguments are a JSON object, e.g. \'{"id": "x"}\'; this is [1]'),
        ("7", "the arguments are a JSON object"),
        ("[" * 100_000, "the arguments are not JSON: "),
        ('{"id": "S-001", "id": "S-002"}', "the arguments are not JSON: 'id' stands twice in one object"),
        ('{"a": [{"b": 1, "b": 1}]}', "the arguments are not JSON: 'b' stands twice in one object"),
    ],
)
def test_arguments_that_are_no_json_object_are_refused(run: Run, arguments: str, told: str) -> None:
    assert run("call", HARBOUR, "get_ship", arguments).complaint.startswith(told)


def test_an_unknown_tool_names_the_nearest(run: Run) -> None:
    done = run("call", HARBOUR, "get_shp")
    assert (done.status, done.err) == (2, "error: no tool 'get_shp' (did you mean 'get_ship'?)\n")


def test_an_unknown_world_names_the_nearest(run: Run) -> None:
    told = run("call", "helpdesc", "get_ticket").complaint
    assert told.startswith("no world 'helpdesc' (did you mean 'helpdesk'?): give a file, a folder, or one of ")


def test_a_pack_that_cannot_do_what_it_says_is_told(run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    acting(tmp_path, returns="{1 / args.a}")
    done = run("call", tmp_path, "act", '{"a": 0}')
    assert (done.status, done.err) == (2, "error: The service failed to answer this call.\n")
    assert caplog.messages == ["effects: tool 'act', /effect/returns: `1 / args.a`: division by zero"]


def test_a_call_without_a_session_leaves_nothing_behind(run: Run, tmp_path: Path) -> None:
    run("call", HARBOUR, "scrap_ship", '{"id": "S-003"}', "--db", tmp_path / "kept.db")
    assert not (tmp_path / "kept.db").exists()


def test_calls_in_a_session_of_a_database_are_remembered(run: Run, tmp_path: Path) -> None:
    place = ("--session", "mine", "--db", tmp_path / "kept.db")
    assert run("call", HARBOUR, "build_ship", '{"name": "Dora", "yard": "Leith"}', *place).json["id"] == "S-004"
    assert run("call", HARBOUR, "get_ship", '{"id": "S-004"}', *place).json["name"] == "Dora"


@pytest.mark.parametrize("memory", [":memory:", "sqlite://", "sqlite:///:memory:"])
def test_a_session_is_not_kept_in_a_memory_that_ends_with_the_command(run: Run, memory: str) -> None:
    for command in (("call", HARBOUR, "list_ships", "--session", "mine"), ("state", "mine"), ("trace", "mine")):
        told = run(*command, "--db", memory).complaint
        assert told.endswith(" holds is gone when the command ends; give a file, or another URL")


def test_a_session_of_another_world_is_not_mixed_up(run: Run, tmp_path: Path) -> None:
    place = ("--session", "mine", "--db", tmp_path / "kept.db")
    assert run("call", HARBOUR, "get_ship", '{"id": "S-001"}', *place).status == 0
    write_pack(tmp_path, title="Another harbour")
    told = run("call", tmp_path, "get_ship", '{"id": "S-001"}', *place).complaint
    assert told == "session 'mine' runs another world or version of it: 'harbour'"


@pytest.mark.parametrize("name", ["../x", "a b", "", "x" * 65])
def test_a_session_cannot_have_any_name(run: Run, tmp_path: Path, name: str) -> None:
    done = run("call", HARBOUR, "get_ship", '{"id": "S-001"}', "--session", name, "--db", tmp_path / "kept.db")
    assert "is not a session id: up to 64 letters, digits, _ and -" in done.complaint
