"""Tasks as directories of Harbor: its models accept them, the solution passes, and doing nothing does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from mcp_sim.errors import SetupError
from mcp_sim.tasks import make_tasks
from mcp_sim.tasks.harbor import read_harbor_tasks, write_harbor_tasks
from mcp_sim.tasks.harbor.__main__ import main
from schemas.contracts.task import Task, encode_task
from schemas.load import shipped_world
from schemas.types import World
from tests.cli.running import Run
from tests.harbor import model


@pytest.fixture(scope="module")
def of_the_shop() -> list[Task]:
    """One task of each kind."""
    kinds = {task.kind: task for task in make_tasks(shipped_world("shop"), 8, seed=7)}
    assert set(kinds) == {"change", "question"}
    return list(kinds.values())


class Container:
    """The places of a container, in a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reward = folder / "logs" / "reward.json"
        self.answer = folder / "answer.txt"
        places = {"MCP_SIM_DB": folder / "session.db", "MCP_SIM_REWARD": self.reward, "MCP_SIM_ANSWER": self.answer}
        for name, path in places.items():
            monkeypatch.setenv(name, str(path))

    def judge(self, task: Path) -> float | None:
        status = main(["judge", str(task / "tests" / "task.jsonl")])
        assert (status == 0) == self.reward.exists()
        return float(orjson.loads(self.reward.read_bytes())["reward"]) if status == 0 else None


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Container:
    return Container(tmp_path / "container", monkeypatch)


def test_harbor_accepts_what_is_written(of_the_shop: list[Task], tmp_path: Path) -> None:
    assert write_harbor_tasks(of_the_shop, tmp_path) == 2

    config = model("harbor.models.task.config", "TaskConfig")
    paths = model("harbor.models.task.paths", "TaskPaths")
    for task in of_the_shop:
        place = paths(tmp_path / task.name)
        found = config.model_validate_toml(place.config_path.read_text())
        assert found.task.name == f"mcp-sim/{task.name}"
        assert found.environment.mcp_servers[0].command == "mcp-sim"
        assert str(task.seed) in found.environment.mcp_servers[0].args
        assert (place.discovered_solve_path, place.discovered_test_path) == (place.solve_path, place.test_path)
        assert place.instruction_path.read_text().startswith(task.instruction)
        assert (place.environment_dir / "Dockerfile").read_text().startswith("FROM python:")


def test_tasks_come_back_as_they_were(of_the_shop: list[Task], tmp_path: Path) -> None:
    write_harbor_tasks(of_the_shop, tmp_path)

    assert sorted(read_harbor_tasks(tmp_path), key=lambda task: task.name) == sorted(
        of_the_shop, key=lambda task: task.name
    )


def test_a_task_of_another_maker_is_told_and_what_can_be_done_with_it(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="holds no task of Harbor"):
        list(read_harbor_tasks(tmp_path))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "task.toml").write_text('schema_version = "1.4"\n')
    for folder in (tmp_path, tmp_path / "other"):
        with pytest.raises(SetupError, match=r"other is a task of another maker.*\(ATIF\)"):
            list(read_harbor_tasks(folder))


@pytest.mark.parametrize("kind", ["change", "question"])
def test_the_solution_passes(of_the_shop: list[Task], container: Container, tmp_path: Path, kind: str) -> None:
    write_harbor_tasks(of_the_shop, tmp_path)
    task = next(tmp_path / one.name for one in of_the_shop if one.kind == kind)

    assert main(["solve", str(task / "solution" / "task.jsonl")]) == 0
    assert container.judge(task) == 1.0


@pytest.mark.parametrize("kind", ["change", "question"])
def test_doing_nothing_fails(of_the_shop: list[Task], container: Container, tmp_path: Path, kind: str) -> None:
    write_harbor_tasks(of_the_shop, tmp_path)

    assert container.judge(next(tmp_path / one.name for one in of_the_shop if one.kind == kind)) == 0.0


def test_a_fault_of_the_machinery_is_no_reward_at_all(
    of_the_shop: list[Task], container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_harbor_tasks(of_the_shop, tmp_path)
    (tmp_path / "no.db").write_text("this is no database, and long enough to be seen as none")
    monkeypatch.setenv("MCP_SIM_DB", str(tmp_path / "no.db"))

    assert container.judge(tmp_path / of_the_shop[0].name) is None


def test_the_scripts_find_their_task(of_the_shop: list[Task], container: Container, tmp_path: Path) -> None:
    write_harbor_tasks(of_the_shop[:1], tmp_path)
    script = tmp_path / of_the_shop[0].name / "tests" / "test.sh"

    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run([script], env={**os.environ, "PATH": here}, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "broken:" in done.stdout
    assert orjson.loads(container.reward.read_bytes()) == {"reward": 0.0}


def test_a_world_that_does_not_ship_is_refused(of_the_shop: list[Task], harbour: World, tmp_path: Path) -> None:
    contract = of_the_shop[0].contract.model_copy(update={"world": harbour})

    with pytest.raises(SetupError, match="does not ship with mcp-sim"):
        write_harbor_tasks([of_the_shop[0].model_copy(update={"contract": contract})], tmp_path)


def test_the_command_writes_the_tasks_of_files(run: Run, of_the_shop: list[Task], tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_bytes(b"\n".join(map(encode_task, of_the_shop)))

    done = run("export", tmp_path / "tasks.jsonl", "--to", "harbor", "--out", tmp_path / "out")

    assert (done.status, "2 tasks in" in done.err) == (0, True)
    assert len(list(read_harbor_tasks(tmp_path / "out"))) == 2


def test_an_agent_is_tested_on_the_tasks_of_a_folder(run: Run, of_the_shop: list[Task], tmp_path: Path) -> None:
    write_harbor_tasks(of_the_shop, tmp_path / "tasks")

    done = run("test", tmp_path / "tasks", "--agent", f"{sys.executable} -c pass")

    assert done.status == 2, "an agent that never connects is no fair trial"
    assert all(f"shop/{task.name} " in done.err for task in of_the_shop)
