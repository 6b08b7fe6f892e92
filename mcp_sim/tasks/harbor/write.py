"""Writing tasks as directories, and reading them back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import orjson

from mcp_sim.errors import SetupError
from schemas.contracts.task import Task, encode_task, read_tasks
from schemas.load import shipped_world, shipped_worlds

SESSION = "/var/lib/mcp-sim/session.db"
"""Where the agent's session is kept in the container."""
ANSWER = "/app/answer.txt"
_ASKED = f"\n\nWrite that last line into the file {ANSWER} as well."
_NAME = "task.toml"
_DOCKERFILE = """FROM python:3.12-slim
RUN pip install --no-cache-dir mcp-sim=={version} && mkdir -p /var/lib/mcp-sim /app
WORKDIR /app
"""
_SCRIPT = """#!/bin/sh
# Exit status other than 0: the machinery failed, which is no reward at all.
exec python -m mcp_sim.tasks.harbor {verb} "$(dirname "$0")/task.jsonl"
"""
_CONFIG = """schema_version = "1.4"

[task]
name = {name}
description = {description}
keywords = ["mcp", "tool-use", {world}]

[metadata]
kind = {kind}
level = {level}
seed = {seed}

[agent]
timeout_sec = 1800.0

[verifier]
timeout_sec = 300.0

[environment]
network_mode = "public"

[[environment.mcp_servers]]
name = {world}
transport = "stdio"
command = "mcp-sim"
args = ["serve", {world}, "--stdio", "--seed", "{seed}", "--db", "{session}"]
"""


def write_harbor_tasks(tasks: Iterable[Task], out: Path) -> int:
    """Write every task as a directory of `out`, named as the task; how many.

    Raises:
        SetupError: a task is of a world that does not ship, so that no image would have it; or `out` is no folder.
    """
    count = 0
    for task in tasks:
        if not _ships(task):
            told = f"task '{task.name}' is of the world '{task.world.name}', which does not ship with mcp-sim"
            raise SetupError(f"{told}, so an image that installs mcp-sim would not have it")
        _write(task, out / task.name)
        count += 1
    return count


def is_harbor(folder: Path) -> bool:
    """Whether this is a task of Harbor, or a folder of them."""
    return bool(_tasks(folder))


def _tasks(folder: Path) -> list[Path]:
    return [folder] if (folder / _NAME).exists() else sorted(path.parent for path in folder.glob(f"*/{_NAME}"))


def read_harbor_tasks(folder: Path) -> Iterator[Task]:
    """The tasks of directories that were written so, in the order of their names; or the one of such a directory.

    Raises:
        TaskError: a directory holds another task than it was written with.
        SetupError: there is no task, or one whose verifier is a script of its own, which no contract can stand for.
    """
    inside = _tasks(folder)
    if not inside:
        raise SetupError(f"{folder} holds no task of Harbor: a folder with {_NAME}, or folders with one each")
    for one in inside:
        path = one / "tests" / "task.jsonl"
        if not path.exists():
            raise SetupError(
                f"{one} is a task of another maker: its verifier runs in the task's own container. Let Harbor run it; "
                "the trajectories that it writes are read as recordings (ATIF)"
            )
        yield from read_tasks(path)


def _ships(task: Task) -> bool:
    name = task.world.name
    return name in shipped_worlds() and shipped_world(name).fingerprint == task.world.fingerprint


def _write(task: Task, folder: Path) -> None:
    line = encode_task(task) + b"\n"
    named = {"name": f"mcp-sim/{task.name}", "description": _first_line(task.instruction), "kind": task.kind}
    quoted = {word: orjson.dumps(value).decode() for word, value in {**named, "world": task.world.name}.items()}
    config = _CONFIG.format(**quoted, level=task.difficulty.level, seed=task.seed, session=SESSION)
    files = {
        "instruction.md": (task.instruction + (_ASKED if task.asks else "") + "\n").encode(),
        "task.toml": config.encode(),
        "environment/Dockerfile": _DOCKERFILE.format(version=version("mcp-sim")).encode(),
        "solution/solve.sh": _SCRIPT.format(verb="solve").encode(),
        "solution/task.jsonl": line,
        "tests/test.sh": _SCRIPT.format(verb="judge").encode(),
        "tests/task.jsonl": line,
    }
    for name, content in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o755 if path.suffix == ".sh" else 0o644)
        except OSError as error:
            raise SetupError(f"{path} cannot be written: {error.strerror}") from None


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 200 else f"{line[:199]}…"
