"""The measuring of twins measures."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.fidelity import ferry, tables
from tests.fidelity.aims import of_set
from tests.fidelity.definitions import Loaded
from tests.fidelity.measure import Failed, measure, run
from tests.fidelity.page import page
from tests.fidelity.probe import probe
from tests.fidelity.references import Agreement
from tests.fidelity.report import Report
from tests.fidelity.sets import Aim, Set, about, scene
from tests.fidelity.split import split

AIM = Aim("closed_loop", "exact", 1.01)
LINE = Set("line", ("line",), rows=("line.json.gz",), without="does not sail", tools="line:", aims=(AIM,))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of recorded calls as the measuring finds them."""
    (tmp_path / "databases").mkdir()
    (tmp_path / "databases" / "line.json.gz").write_bytes(gzip.compress(json.dumps(ferry.rows()).encode()))
    lines = [{**line, "domain": "line"} for line in ferry.recorded(40, 10, 0.5)]
    (tmp_path / "line.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode() + b"\n"))
    names = ("get_ferry", "statement", *ferry.WRITES)
    declared = [{"schema_key": f"line:{name}", "schema": {"name": name, "parameters": {}}} for name in names]
    (tmp_path / "call_schemas.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, declared)).encode()))
    return tmp_path


def _families(path: Path) -> set[str]:
    return {json.loads(line)["task_id"] for line in path.read_text().splitlines()}


def test_no_family_stands_on_both_sides_and_injected_faults_on_none(data: Path, tmp_path: Path) -> None:
    halves = split(LINE, data, tmp_path)

    assert not _families(halves.taught.path) & _families(halves.judged.path)
    assert halves.taught.families + halves.judged.families == 40
    assert halves.taught.calls + halves.judged.calls + halves.left_out == 400
    assert halves.left_out > 0
    assert "does not sail" not in halves.judged.path.read_text()


def test_variants_of_one_task_are_one_family() -> None:
    assert scene("base_17") == scene("long_context_17") != scene("base_18")
    assert about("given/AddBoat-level-2-1") == about("searched/AddBoat-level-2-5")


def test_the_service_hides_what_a_booking_does_to_an_account() -> None:
    line = ferry.Line()
    before = line.statement("M001")["credit"]
    text, is_error = line.ask("pay_in", {"member_id": "M001", "amount": 7})
    assert (text, is_error) == ("Paid in for M001", False)
    assert line.statement("M001")["credit"] == before + 7
    after_writes = [line["tool"] for line in ferry.recorded(30, 12, 0.0) if line["call_index"] == 11]
    assert "statement" not in after_writes


def test_a_command_that_fails_says_so() -> None:
    with pytest.raises(Failed, match="--traces FILE"):
        run("learn", "--name", "x", "--out", "nowhere")


def test_a_part_that_fails_is_told_and_its_aims_count_as_missed(tmp_path: Path) -> None:
    report = Report()

    report.fail("workbench", Failed("mcp-sim learn ended with status 1: no call"))
    report.take(Agreement(right=19, wrong=1, missed=9))
    report.take(Loaded(999, 1, {"a tool has a name": 1}))
    console = Console(width=170, record=True)
    report.print(console)

    told = console.export_text()
    assert "workbench: mcp-sim learn ended with status 1: no call" in told
    assert "missed: not measured" in told
    assert "missed: 14.5 points" in told
    assert not report.is_fine
    assert report.write(tmp_path).read_text().count("missed: ") == 2
    assert [one["met"] for one in json.loads((tmp_path / "index.json").read_text())["aims"]] == [
        False,
        True,
        False,
        True,
    ]


@pytest.mark.slow
def test_a_set_is_learned_judged_and_shown(data: Path, tmp_path: Path) -> None:
    found = measure(LINE, data, tmp_path / "line")

    assert found.share("teacher_forced", "exact") > 0.9  # type: ignore[operator]
    (missed,) = of_set(found)
    assert (missed.what, missed.aim, missed.is_met) == ("exact, all calls, closed-loop", "≥ 101%", False)
    probed = probe(tmp_path / "line" / "twin", 0.5, each=4)
    console = Console(width=170, record=True)
    console.print(tables.splits([found]), tables.shares([found]), tables.probes([probed]))
    assert "successful writes" in console.export_text()
    assert 'href="line/twin/report.html"' in page([found], [probed], [missed], tmp_path)
