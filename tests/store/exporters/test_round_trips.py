"""Our run, to a format, and back: equal but for what the format says that it loses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.sessions import Sessions
from schemas.recorded import About, RecordedCall, RecordedMessage, RecordedRun, gathered
from schemas.types import World
from store.traces.exporters import FORMATS, lost, write_runs
from store.traces.importers import read_runs
from tests.running import Running
from tests.store.exporters.runs import runs

DATA = os.environ.get("MCP_SIM_DATA")
LINES = [name for name in FORMATS if name != "hf"]
ALL = pytest.mark.parametrize("name", LINES)


def back(run_list: list[RecordedRun], name: str, folder: Path) -> list[RecordedRun]:
    """The runs, written and read."""
    out = folder / f"runs.{name}"
    write_runs(run_list, FORMATS[name], out)
    told: list[str] = []
    found = read_runs(out, tell=lambda one: told.append(str(one)))
    assert told == []
    return found


@ALL
@given(several=st.lists(runs(), min_size=1, max_size=3, unique_by=lambda run: run.trajectory))
def test_what_is_read_is_what_the_format_says_remains(tmp_path_factory, name: str, several: list[RecordedRun]) -> None:  # type: ignore[no-untyped-def]
    remains = [FORMATS[name].remains(run) for run in several]

    assert back(several, name, tmp_path_factory.mktemp("out")) == remains


@ALL
@given(run=runs())
def test_what_remains_loses_nothing_more(name: str, run: RecordedRun) -> None:
    remains = FORMATS[name].remains(run)

    assert FORMATS[name].remains(remains) == remains
    assert bool(lost(run, remains)) == (run != remains)


@ALL
def test_a_trace_of_ours_comes_back(name: str, sessions: Sessions, harbour: World, tmp_path: Path) -> None:
    running = Running(sessions, harbour)
    for tool in harbour.tools:
        running.ask(tool)
        running.ask(tool, nonsense=1)
    trace = tmp_path / "trace.jsonl"
    trace.write_bytes(b"".join(sessions.trace(running.session.id)))
    (run,) = read_runs(trace)
    assert len(run.calls) == 2 * len(run.tools) == 2 * len(harbour.tools)

    (found,) = back([run], name, tmp_path)

    assert found == FORMATS[name].remains(run)
    kept = {"tool", "arguments", "text"} | ({"is_error", "structured", "kind"} if name in ("jsonl", "atif") else set())
    for ours, theirs in zip(run.calls, found.calls, strict=True):
        assert {field: getattr(ours, field) for field in kept} == {field: getattr(theirs, field) for field in kept}


@pytest.fixture(scope="module")
def recorded() -> list[RecordedRun]:
    """Some real runs of every recording that is not too large."""
    if not DATA:
        pytest.skip("MCP_SIM_DATA names no folder of recorded calls")
    files = [file for file in sorted(Path(DATA).glob("*.jsonl.gz")) if file.stat().st_size < 500_000]
    return [run for file in files for run in read_runs(file, tell=lambda _: None)[:20]]


@ALL
def test_recorded_runs_come_back(name: str, recorded: list[RecordedRun], tmp_path: Path) -> None:
    assert back(recorded, name, tmp_path) == [FORMATS[name].remains(run) for run in recorded]


@pytest.mark.parametrize(
    ("name", "losses"),
    [
        ("jsonl", {}),
        ("openai", {"call.is_error": 1, "call.structured": 1, "message.reasoning": 1, "run.facts": 1, "call.kind": 1}),
        (
            "sharegpt",
            {
                "call.is_error": 1,
                "call.structured": 1,
                "call.call_id": 1,
                "call.turn": 1,
                "call.task": 1,
                "call.kind": 1,
                "message.reasoning": 1,
                "message.turn": 1,
                "run.facts": 1,
                "run.task": 1,
            },
        ),
        ("atif", {}),
    ],
)
def test_losses_are_counted_by_name(name: str, losses: dict[str, int]) -> None:
    run = gathered(
        "t",
        [
            About("t", task="sail", facts={"reward": 1}),
            RecordedMessage("t", "assistant", "Let me see.", "Hm.", turn=0),
            RecordedCall("t", 0, "look", {}, "no", True, structured={"a": 1}, kind="read", call_id="x", turn=0),
        ],
    )

    assert dict(lost(run, FORMATS[name].remains(run))) == losses


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    run = gathered("t", [RecordedCall("t", 0, "look", {}, "sea", False)])

    exported = write_runs([run, run], FORMATS["jsonl"], tmp_path / "out.jsonl")

    assert [one.trajectory for one in read_runs(tmp_path / "out.jsonl")] == ["t", "t#2"]
    assert exported.losses == {"run.trajectory": 1, "call.trajectory": 1}


def test_a_file_that_cannot_be_written_whole_does_not_appear(tmp_path: Path) -> None:
    run = gathered("t", [RecordedCall("t", 0, "look", {"bad": object()}, "sea", False)])

    with pytest.raises(TypeError):
        write_runs([run], FORMATS["openai"], tmp_path / "out.jsonl")
    assert list(tmp_path.iterdir()) == []
