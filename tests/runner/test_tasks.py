"""Tasks out of a file are cases like any other: their solutions pass, doing nothing fails."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from mcp_sim.runner import Job, Report, cases_of, run
from mcp_sim.tasks import make_tasks
from schemas.contracts.task import Task, encode_task
from schemas.load import LoadError, load_world
from tests.agents.over_http import OverHttp
from tests.running import HARBOUR


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return make_tasks(load_world(HARBOUR), 8, seed=5)


@pytest.fixture
def path(tasks: list[Task], tmp_path: Path) -> Path:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"".join(encode_task(task, str(HARBOUR)) + b"\n" for task in tasks))
    return path


def tried(path: Path, agent: object) -> Report:
    return asyncio.run(run(cases_of([str(path)]), agent))


def test_a_solution_passes(tasks: list[Task], path: Path) -> None:
    solutions = {task.contract.name: task for task in tasks}

    def solve(job: Job) -> str:
        task = solutions[job.contract.partition("/")[2]]
        with closing(OverHttp(job.url)) as tools:
            for asked in task.path:
                tools.call(asked.tool, dict(asked.arguments))
        return task.answer or "Done."

    report = tried(path, solve)
    assert [result.told for result in report.results if result.outcome != "passed"] == []
    assert len(report.results) == len(tasks)


def test_a_look_around_is_no_solution(path: Path) -> None:
    def look(job: Job) -> None:
        with closing(OverHttp(job.url)) as tools:
            tools.call("list_ships", {})

    assert {result.outcome for result in tried(path, look).results} == {"failed"}


def test_a_line_that_is_no_task_is_told_with_its_number(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b'{"contract": 1}\n')
    with pytest.raises(LoadError, match=r"tasks.jsonl:9: not a task"):
        cases_of([str(path)])
