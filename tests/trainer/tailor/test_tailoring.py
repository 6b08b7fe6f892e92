"""The same recipe and recordings give the same bytes: by any number of workers, and after being killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.trainer.tailor.conftest import Made, recipe
from tests.trainer.tailor.service import runs, written
from trainer.tailor.recipe import Recipe
from trainer.tailor.recipes import debug
from trainer.tailor.trail import Trail, recorded_line


def _bytes(out: Path) -> dict[str, bytes]:
    """Every file but the stores of raw events, whose bytes depend on who wrote when."""
    files = (path for path in sorted(out.rglob("*")) if path.is_file() and "raw" not in path.parts)
    return {str(path.relative_to(out)): path.read_bytes() for path in files if ".work" not in path.parts}


def _file(folder: Path, found: Recipe) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "recipe.json"
    path.write_bytes(orjson.dumps(found.model_dump(mode="json")))
    return path


def test_two_workers_make_what_one_makes(tailored: Callable[..., Made], tmp_path: Path) -> None:
    given = recipe(written(tmp_path / "in", runs(210, calls=2)))
    assert _bytes(tailored(given, workers=1).out) == _bytes(tailored(given, workers=2).out)


@pytest.mark.slow
def test_a_cluster_of_two_workers_makes_what_one_process_makes(tailored: Callable[..., Made], tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed (pip install 'mcp-sim[ray]')")
    given = recipe(written(tmp_path / "in", runs(210, calls=2)))
    out = tmp_path / "cluster"
    options = ["--recipe", str(_file(tmp_path, given)), "--out", str(out), "--engine", "ray", "--workers", "2"]
    subprocess.run([sys.executable, "-m", "trainer", "tailor", *options], check=True, capture_output=True)
    assert _bytes(out) == _bytes(tailored(given, report=True).out)


def test_what_is_made_does_not_depend_on_how_recordings_are_called(
    tailored: Callable[..., Made], tmp_path: Path
) -> None:
    recorded = runs(20)
    one = tailored(recipe(written(tmp_path / "in", recorded)))
    other = tailored(recipe(written(tmp_path / "elsewhere", recorded, "other-name.jsonl")))
    assert [record.id for record in one.records()] == [record.id for record in other.records()]


@pytest.mark.slow
def test_a_run_that_is_killed_at_any_moment_goes_on_to_the_same_bytes(
    tailored: Callable[..., Made], tmp_path: Path
) -> None:
    given = recipe(written(tmp_path / "in", runs(250, calls=5)))
    whole = _bytes(tailored(given, report=True).out)
    command = [sys.executable, "-m", "trainer", "tailor", "--recipe", str(_file(tmp_path, given)), "--workers", "1"]
    chance = random.Random(7)
    for number in range(3):
        out = tmp_path / f"killed-{number}"
        for patience in range(60):
            started = subprocess.Popen(
                [*command, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                assert started.wait(chance.uniform(0.5, 1 + patience)) == 0
                break
            except subprocess.TimeoutExpired:
                os.kill(started.pid, signal.SIGKILL)
                started.wait()
        assert _bytes(out) == whole


def _workers(pid: int) -> list[int]:
    """The processes that a process started."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in children.read_text().split()] if children.exists() else []


def _is_running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to see the children of a process")
def test_workers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    given = recipe(written(tmp_path / "in", runs(400, calls=6)))
    command = [sys.executable, "-m", "trainer", "tailor", "--recipe", str(_file(tmp_path, given)), "--workers", "2"]
    started = subprocess.Popen([*command, "--out", str(tmp_path / "out")], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(workers := _workers(started.pid)) < 3 and time.monotonic() < deadline:  # two, and who looks after them
        time.sleep(0.05)
    assert len(workers) == 3
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    while any(map(_is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_is_running, workers))


def test_what_is_done_is_not_done_again(tailored: Callable[..., Made], tmp_path: Path) -> None:
    given = recipe(written(tmp_path / "in", runs(10)))
    made = tailored(given)
    before = {path: path.stat().st_mtime_ns for path in (made.out / "data").rglob("*.gz")}
    tailored(given, made.out)
    assert {path: path.stat().st_mtime_ns for path in (made.out / "data").rglob("*.gz")} == before


def test_a_changed_recipe_or_recording_starts_anew(tailored: Callable[..., Made], tmp_path: Path) -> None:
    folder = written(tmp_path / "in", runs(10))
    made = tailored(recipe(folder))
    written(folder, runs(12))
    assert tailored(recipe(folder), made.out).manifest["counts"]["runs"]["library"] == 12
    fewer = recipe(folder, intents=[{"intent": "cpt-document"}])
    assert set(tailored(fewer, made.out).manifest["records"]["train"]["by"]["intent"]) == {"cpt-document"}


def test_every_record_of_the_debug_recipe_walks_back_to_its_raw_event(tailored: Callable[..., Made]) -> None:
    given = debug()
    played = given.sources[0].model_copy(update={"sessions": 3})
    made = tailored(given.model_copy(update={"sources": (played,)}), report=True)
    origins = Trail(made.out).origins(Trail(made.out).ids)
    assert {origin.record.intent for origin in origins} >= {
        "next-observation",
        "state-query",
        "cpt-document",
        "agent-sft",
    }
    assert len(origins) == len(made.records()) > 100
    for origin in origins:
        assert [event.id for event in origin.events] == list(origin.record.sources)
        assert len(origin.anchors) == len(origin.record.evidence) > 0
    for origin in origins[::40]:
        line = recorded_line(origin.events[0])
        assert line is not None
        if "tool" in origin.record.facts and "answer" in origin.record.facts:
            step = orjson.loads(line)
            assert step["call"]["tool"] == origin.record.facts["tool"]
            assert step["observation"]["text"] == origin.record.facts["answer"]
    page = (made.out / "report.html").read_text()
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def _library(name: str, count: int, seed: int) -> list[list[dict[str, Any]]]:
    """Runs of a library with tools of its own names, so that it is a server of its own."""
    found = runs(count, seed=seed, domain=name)
    return [[{**line, "tool": f"{line['tool']}_{name}"} for line in run] for run in found]


def test_validation_shares_no_session_no_server_and_no_template_with_training(
    tailored: Callable[..., Made], tmp_path: Path
) -> None:
    recorded = [
        run for seed, name in enumerate(("north", "south", "east", "west", "hill")) for run in _library(name, 12, seed)
    ]
    split = {"by": "server", "validation": 0.25, "disjoint": ["session", "server", "template"]}
    made = tailored(recipe(written(tmp_path / "in", recorded), split=split, contamination={}))
    train, held = made.records("train"), made.records("validation")
    assert train
    assert held
    assert not {one.server for one in train} & {one.server for one in held}
    assert not {one.trajectory for one in train} & {one.trajectory for one in held}
    asked = [
        {(one.facts.get("tool"), tuple(sorted(one.facts.get("arguments", ())))) for one in side}
        for side in (train, held)
    ]
    assert not (asked[0] & asked[1]) - {(None, ())}


def test_a_frozen_split_stays_when_recordings_are_added(tailored: Callable[..., Made], tmp_path: Path) -> None:
    names = ("north", "south", "east", "west")
    first = [run for seed, name in enumerate(names) for run in _library(name, 8, seed)]
    split = {"by": "server", "validation": 0.3}
    made = tailored(recipe(written(tmp_path / "in", first), split=split, contamination={}))
    frozen = orjson.loads((made.out / "splits.json").read_bytes())
    assert frozen["groups"]
    more = first + _library("hill", 30, 9)
    split = {"by": "server", "validation": 0.3, "frozen": str(made.out / "splits.json")}
    again = tailored(recipe(written(tmp_path / "more", more), split=split, contamination={}))
    found = orjson.loads((again.out / "splits.json").read_bytes())
    assert found["groups"].items() >= frozen["groups"].items()


@pytest.mark.parametrize("arm", ["raw", "random:retry", "tokens:retry"])
def test_a_control_takes_out_as_much_as_the_filter_it_stands_for(
    arm: str, tailored: Callable[..., Made], tmp_path: Path
) -> None:
    recorded = runs(12, calls=4)
    for number, run in enumerate(recorded):
        asked = {"book_id": "BK-99999"}
        for index in (4, 5, 6):
            again = {"trajectory_id": f"library-{number}", "call_index": index, "domain": "library", "kind": "read"}
            run.append(
                {**again, "tool": "get_book", "arguments": asked, "observation": "There is no book", "is_error": True}
            )
    folder = written(tmp_path / "in", recorded)
    filtered = tailored(recipe(folder)).manifest["counts"]
    taken = filtered["losses"]["recordings\tretry"]
    assert taken >= 24
    other = tailored(recipe(folder, arm=arm)).manifest["counts"]
    if arm == "raw":
        assert other["losses"] == {}
        return
    assert "recordings\tretry" not in other["losses"]
    chosen = other["losses"][f"recordings\t{arm}"]
    assert chosen == taken if arm.startswith("random") else 0 < chosen <= filtered["events"]["library"]
