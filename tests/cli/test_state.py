"""What a session holds, or held, and what changed; from a file as from a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_sim.cli import output
from tests.cli.running import Place, Run, cells, opened
from tests.memory.acting import done


def test_state_counts_the_rows_of_every_entity(run: Run, place: Place) -> None:
    found = run("state", "quay", *place)
    assert found.status == 0
    assert cells(found.out) == [["dock", "2"], ["flag", "2"], ["crate", "2"], ["ship", "3"], ["sailor", "2"]]


def test_state_shows_the_rows_of_one_entity_side_by_side(run: Run, place: Place) -> None:
    shown = cells(run("state", "quay", "dock", *place).out)
    assert shown == [["D-01", "North", "true", "12.5"], ["D-02", "South", "false", "null"]]


def test_rows_that_are_too_wide_are_shown_one_by_one(run: Run, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.console, "_width", 30)
    shown = cells(run("state", "quay", "dock", *place).out)
    assert shown[:4] == [["id", "D-01"], ["name", "North"], ["open", "true"], ["depth", "12.5"]]
    assert shown[4] == ["id", "D-02"]


def test_state_as_json_is_every_row(run: Run, place: Place, file: Path) -> None:
    with opened(file) as sessions:
        rows = sessions.rows("quay")
    assert run("state", "quay", "--json", *place).json == rows
    assert run("state", "quay", "ship", "--json", *place).json == rows["ship"]


def test_state_goes_back_to_any_step(run: Run, place: Place) -> None:
    def ships(at: int) -> list[str]:
        return [row["id"] for row in run("state", "quay", "ship", "--at", at, "--json", *place).json]

    assert ships(0) == ["S-001", "S-002", "S-003"]
    assert ships(2) == ["S-001", "S-002", "S-003", "S-004"]
    assert ships(3) == ["S-001", "S-002", "S-004"]
    assert ["sailor", "3"] in cells(run("state", "quay", "--at", 2, *place).out)


def test_diff_shows_rows_before_and_after_and_marks_the_fields_that_differ(run: Run, place: Place) -> None:
    shown = run("diff", "quay", 1, 3, *place).out
    assert [line.strip() for line in shown.splitlines() if line[:1].isalpha()] == [
        "delete ship S-003",
        "update ship S-004",
        "delete sailor C-003",
    ]
    draco = cells(shown.partition("update ship")[2].partition("delete sailor")[0])
    assert ["*", "sister_id", "S-003", "null"] in draco
    assert ["", "name", "Draco", "Draco"] in draco
    assert sum(mark == "*" for mark, *_ in draco) == 1


def test_diff_goes_backwards_too(run: Run, place: Place) -> None:
    forth = run("diff", "quay", 0, 3, "--json", *place).json
    back = run("diff", "quay", 3, 0, "--json", *place).json
    assert (forth["session"], forth["from"], forth["to"]) == ("quay", 0, 3)
    assert [(change["op"], change["key"]) for change in forth["changes"]] == [
        ("delete", "S-003"),
        ("create", "S-004"),
        ("delete", "C-003"),
    ]
    assert [(change["op"], change["before"], change["after"]) for change in back["changes"]] == [
        ({"create": "delete", "delete": "create"}[change["op"]], change["after"], change["before"])
        for change in forth["changes"]
    ]


def test_diff_says_when_nothing_differs(run: Run, place: Place) -> None:
    assert run("diff", "quay", 1, 2, *place).out == "Nothing differs between step 1 and step 2.\n"
    assert run("diff", "quay", 1, 2, "--json", *place).json["changes"] == []


def test_what_a_value_holds_cannot_move_the_cursor(run: Run, file: Path) -> None:
    with opened(file) as sessions:
        done(sessions.open("quay"), "build_ship", name="a\x1b[2Jb\nc [red]d", yard="Leith")
    for shown in (run("state", "quay", "ship", "--db", file).out, run("diff", "quay", 3, 4, "--db", file).out):
        assert r"a\x1b[2Jb\nc [red]d" in shown
