"""What the scripts of a Harbor task run: `python -m mcp_sim.tasks.harbor solve|judge TASK`.

`MCP_SIM_DB`, `MCP_SIM_ANSWER` and `MCP_SIM_REWARD` name other places than those in the container.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import closing
from pathlib import Path

import orjson

from mcp_sim.contracts.judge import judge
from mcp_sim.contracts.monitor import Run
from mcp_sim.errors import McpSimError, UnknownSession
from mcp_sim.sessions import Sessions
from mcp_sim.tasks.harbor.write import ANSWER, SESSION
from schemas.contracts.task import Task, read_tasks
from schemas.load import LoadError
from schemas.types import Call, Trace
from store.db import Database
from store.errors import StoreError
from store.traces.encode import VERSION
from store.traces.replay import read_trace

_NAME = "default"


def _place(variable: str, usual: str) -> Path:
    return Path(os.environ.get(variable, usual))


def solve(task: Task) -> None:
    """Do what solves the task, as the agent would: in its session, and with its answer in the file."""
    with closing(_database()) as database:
        session = Sessions(database).create(task.world, seed=task.seed, session_id=_NAME)
        for asked in task.path:
            asyncio.run(session.call(Call(asked.tool, dict(asked.arguments))))
    if task.answer is not None:
        _place("MCP_SIM_ANSWER", ANSWER).write_text(f"{task.answer}\n", encoding="utf-8")


def judged(task: Task) -> None:
    """Write the reward: 1 if the contract is fulfilled, else 0. An agent that never called has done nothing."""
    answer = _place("MCP_SIM_ANSWER", ANSWER)
    said = answer.read_text(encoding="utf-8", errors="replace") if answer.is_file() else ""
    verdict = judge(task.contract, _trace(task), Run(answer=said))
    reward = _place("MCP_SIM_REWARD", "/logs/verifier/reward.json")
    reward.parent.mkdir(parents=True, exist_ok=True)
    reward.write_bytes(orjson.dumps({"reward": float(verdict.passed)}) + b"\n")
    for clause in verdict.broken:
        print(f"broken: {clause.clause}: {clause.message}")


def _trace(task: Task) -> Trace:
    with closing(_database()) as database:
        try:
            return read_trace(Sessions(database).trace(_NAME))
        except UnknownSession:
            return Trace(VERSION, task.world, task.seed)


def _database() -> Database:
    file = _place("MCP_SIM_DB", SESSION)
    file.parent.mkdir(parents=True, exist_ok=True)
    return Database(f"sqlite:///{file}")


def main(arguments: list[str]) -> int:
    """Run one verb; the exit status."""
    verbs = {"solve": solve, "judge": judged}
    if len(arguments) != 2 or arguments[0] not in verbs:
        print("usage: python -m mcp_sim.tasks.harbor solve|judge TASK.jsonl", file=sys.stderr)
        return 2
    try:
        (task,) = read_tasks(arguments[1])
        verbs[arguments[0]](task)
    except (McpSimError, StoreError, LoadError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
