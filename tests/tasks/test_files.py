"""Tasks in files: written by the command line, read back the same, and errors that name the line."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from mcp_sim.cli import tasks as cli
from mcp_sim.tasks import generate
from schemas.contracts.task import Task, TaskError, decode_task, encode_task, read_tasks
from tests.cli.running import Run
from tests.running import HARBOUR

STILL = """
name: still
entities:
  stone: {schema: {type: object, properties: {id: {type: string}, grams: {type: integer}}}}
tools:
  list_stones:
    output: {type: array, items: {$ref: "#/entities/stone"}}
    effect: {steps: [{list: stone}], returns: "{stones.items}"}
seed: {stone: [{id: a, grams: 4}, {id: b, grams: 9}, {id: c, grams: 2}]}
"""


def test_a_task_reads_back_as_it_was_written(tasks: list[Task]) -> None:
    for task in tasks:
        line = encode_task(task)
        again = decode_task(line, world=task.world)
        assert again == task
        assert encode_task(again) == line


def test_a_shipped_world_is_named_and_another_is_found_beside_the_file(run: Run, tmp_path: Path) -> None:
    shop, harbour = tmp_path / "shop.jsonl", tmp_path / "harbour.jsonl"
    assert run("tasks", "shop", "--n", 2, "--out", shop).status == 0
    assert run("tasks", HARBOUR, "--n", 2, "--out", harbour).status == 0
    assert orjson.loads(shop.read_bytes().splitlines()[0])["contract"]["world"] == "shop"
    assert [task.world.name for path in (shop, harbour) for task in read_tasks(path)] == ["shop"] * 2 + ["harbour"] * 2


def test_equal_seeds_give_equal_bytes_whatever_the_number(run: Run, tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    for path, n in ((few, 3), (many, 7)):
        assert run("tasks", HARBOUR, "--n", n, "--seed", 3, "--out", path).status == 0
    assert many.read_bytes().startswith(few.read_bytes())
    assert many.read_bytes().count(b"\n") == 7


@pytest.mark.slow
def test_several_processes_give_the_same_bytes(run: Run, tmp_path: Path) -> None:
    for jobs in (1, 2):
        assert run("tasks", HARBOUR, "--n", 12, "--jobs", jobs, "--out", tmp_path / str(jobs)).status == 0
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_it_is_told_what_kinds_of_tasks_they_are(run: Run, tmp_path: Path) -> None:
    done = run("tasks", HARBOUR, "--n", 8, "--out", tmp_path / "tasks.jsonl")
    assert "6 changes, 2 questions" in done.err
    assert "Their solutions use" in done.err
    assert f"8 tasks in {tmp_path / 'tasks.jsonl'}" in done.err


def test_a_world_that_cannot_be_changed_gives_questions_and_it_is_told_why_they_are_few(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (generate, cli):
        monkeypatch.setattr(module, "PATIENCE", 40)
    pack, out = tmp_path / "still.yaml", tmp_path / "tasks.jsonl"
    pack.write_text(STILL)
    done = run("tasks", pack, "--n", 1000, "--out", out)
    assert done.status == 1
    assert "World 'still' has no tool whose effect changes rows: these are questions alone." in done.err
    found = read_tasks(out)
    assert {task.kind for task in found} == {"question"}
    assert f"error: found {len(found)} of 1000 tasks: the last 40 of" in done.err
    assert "it had been found already" in done.err
    assert "World 'still' has 0 tools that change rows, and 3 rows" in done.err


def test_an_unknown_world_and_an_unwritable_file_are_told(run: Run, tmp_path: Path) -> None:
    assert "did you mean 'shop'?" in run("tasks", "shopp").complaint
    assert "cannot write" in run("tasks", HARBOUR, "--n", 1, "--out", tmp_path / "no" / "tasks.jsonl").complaint


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", r"tasks.jsonl:2: not JSON"),
        (b"[]", r"tasks.jsonl:2: not a task: it has no `contract` that names its `world`"),
        (b'{"contract": {"world": "shop"}}', r"tasks.jsonl:2: made from another version of the world 'shop'"),
        (b'{"contract": {"world": "nowhere"}}', r"tasks.jsonl:2: no world"),
    ],
)
def test_an_error_in_a_file_names_its_line(tmp_path: Path, line: bytes, told: str) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"\n" + line + b"\n")
    with pytest.raises(TaskError, match=told):
        read_tasks(path)


def test_a_line_that_lacks_something_says_what(tasks: list[Task]) -> None:
    body = orjson.loads(encode_task(tasks[0]))
    del body["difficulty"]
    with pytest.raises(TaskError, match="not a task: difficulty: Field required"):
        decode_task(orjson.dumps(body), world=tasks[0].world)
