"""A task: a contract for an agent, the way that proves it can be done, and how hard it is. One line of a JSONL file."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import Field, JsonValue, ValidationError

from schemas.canonical import canonical
from schemas.contracts.clauses import leaves
from schemas.contracts.contract import Contract
from schemas.contracts.rows import Answer
from schemas.effects import Definition
from schemas.load import LoadError, load_world, shipped_world, shipped_worlds
from schemas.types import World

_ENTITY = re.compile(r"entity = '(\w+)'")
Kind = Literal["change", "question"]
"""change: rows have to come out in a certain way; question: something has to be found out and said."""


class Asked(Definition):
    """One call of the solution."""

    tool: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


Moment = Literal["start", "end"]


class Truth(Definition):
    """What the store's SQL says at the start, or after the solution; `:session` in it stands for the session."""

    sql: str
    at: Moment = "end"
    rows: tuple[tuple[JsonValue, ...], ...]


class Difficulty(Definition):
    """How hard a task is.

    Attributes:
        level: 1 (one obvious call) to 5, made of the parts.
        writes: calls of the solution that change rows.
        reads: calls of the solution that only look.
        hidden: ids that the instruction does not tell, so that they have to be found.
        depth: the longest chain of calls of which each needs an id that the one before it showed.
        haystack: how many rows there are of the entities that the task is about.
    """

    level: int = Field(ge=1, le=5)
    writes: int = Field(ge=0)
    reads: int = Field(ge=0)
    hidden: int = Field(ge=0)
    depth: int = Field(ge=1)
    haystack: int = Field(ge=0)


class Task(Definition):
    """World, instruction and Contract, with a solution that was tried.

    Attributes:
        seed: the seed that its session runs with, and that it was made from.
        attempt: the number of the attempt that made it; with the world and the seed, it makes it again.
        path: the calls that solve it.
        answer: what the agent says in the end, for a question.
        truth: the statements that its contract was made from, with what they gave.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")
    kind: Kind
    contract: Contract
    difficulty: Difficulty
    seed: int = Field(ge=0, le=2**53)
    attempt: int = Field(ge=0)
    path: tuple[Asked, ...]
    answer: str | None = None
    truth: tuple[Truth, ...] = ()

    @property
    def world(self) -> World:
        """The world that it is about."""
        return self.contract.world

    @property
    def instruction(self) -> str:
        """What the agent is told."""
        return self.contract.instruction

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities whose rows it is about, as far as its statements name them."""
        found = (name for truth in self.truth for name in _ENTITY.findall(truth.sql))
        return tuple(dict.fromkeys(found))

    @property
    def asks(self) -> bool:
        """Whether its contract judges what the agent says in the end."""
        return any(isinstance(clause, Answer) for clause in leaves(self.contract.clauses))


class TaskError(LoadError):
    """A file that holds no tasks; the message names the line."""


def goal_of(contract: Contract) -> str:
    """A name for what a contract demands, whatever its words: equal demands have equal names."""
    demands = [clause.model_dump(mode="json", exclude={"name", "why"}) for clause in contract.clauses]
    lines = sorted(canonical([clause.verb, demand]) for clause, demand in zip(contract.clauses, demands, strict=True))
    return hashlib.sha256(contract.world.name.encode() + b"\n".join(lines)).hexdigest()[:16]


def encode_task(task: Task, world: str | None = None) -> bytes:
    """A task as one line of JSON, without its line end; `world` is what the file calls its world: default, its name."""
    body = task.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"contract": {"world"}})
    contract = {"world": world or task.world.name, "fingerprint": task.world.fingerprint, **body.pop("contract")}
    return orjson.dumps({**body, "contract": contract})


def world_name(world: World, given: str | Path, folder: Path) -> str:
    """What a file of tasks in `folder` calls a world: its name if it ships, else the path from there."""
    if world.name in shipped_worlds() and shipped_world(world.name).fingerprint == world.fingerprint:
        return world.name
    return os.path.relpath(given, folder)


def read_tasks(path: str | Path) -> tuple[Task, ...]:
    """The tasks of a JSONL file, in order.

    Raises:
        TaskError: there is no such file, or a line of it is no task; the message says which and why.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return tuple(_tasks(path, file))
    except OSError as error:
        raise TaskError([f"cannot read {path}: {error.strerror}"]) from None


def _tasks(path: Path, lines: Iterable[bytes]) -> Iterator[Task]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield decode_task(line, path.parent)
            except LoadError as error:
                raise TaskError([f"{path}:{number}: {problem}" for problem in error.problems]) from None


def decode_task(line: bytes | str, folder: Path = Path(), world: World | None = None) -> Task:
    """The task of one line; the path of a world that does not ship starts at `folder`, unless the world is given.

    Raises:
        TaskError: it is none, or its world is not there or is another by now.
    """
    try:
        body: Any = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise TaskError([f"not JSON: {error}"]) from None
    contract = body.get("contract") if isinstance(body, dict) else None
    if not isinstance(contract, dict) or not isinstance(name := contract.get("world"), str):
        raise TaskError(["not a task: it has no `contract` that names its `world`"])
    world = world or _world(name, folder)
    if contract.get("fingerprint") != world.fingerprint:
        raise TaskError([f"made from another version of the world '{name}'; make the tasks anew"])
    given = {field: value for field, value in contract.items() if field != "fingerprint"}
    try:
        return Task.model_validate({**body, "contract": {**given, "world": world}})
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise TaskError([f"not a task: {where}: {fault['msg']}"]) from None


def _world(name: str, folder: Path) -> World:
    return shipped_world(name) if name in shipped_worlds() else _loaded(folder / name)


@lru_cache(maxsize=16)
def _loaded(path: Path) -> World:
    return load_world(path)
