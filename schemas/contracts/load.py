"""Read contracts from files; every error names file, line, JSON Pointer and the nearest valid name."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from schemas.contracts.check import Placed, check_clauses
from schemas.contracts.contract import Contract
from schemas.document import Document, DocumentError
from schemas.load import LoadError, load_world, shipped_world, shipped_worlds
from schemas.shape import shaped
from schemas.sources import Problem, Sources
from schemas.types import Pack, World
from schemas.validate import nearest

SHIPPED = Path(__file__).parent
_SUFFIXES = (".yaml", ".yml", ".json")
_STAND_IN = World(name="unknown", packs=(Pack(name="unknown"),))
"""For a world that cannot be used, so that the other errors of its contract are told."""


def shipped_contracts() -> dict[str, Path]:
    """The contracts that come with mcp-sim, as `world/name`."""
    found = (path for path in SHIPPED.glob("*/*") if path.suffix in _SUFFIXES)
    return {f"{path.parent.name}/{path.stem}": path for path in sorted(found)}


def load_contract(name_or_path: str | Path) -> Contract:
    """A contract by shipped name, such as `shop/refund-a-broken-lamp`, or by path.

    Raises:
        LoadError: no such contract, or errors in it or its world; all of them at once.
    """
    path = _locate(name_or_path)
    try:
        document = Document(path)
    except DocumentError as error:
        raise LoadError([str(error)]) from None
    if not isinstance(document.data, dict):
        raise LoadError([f"{path}:1: a contract is a mapping with `name`, `world`, `instruction` and `clauses`"])
    sources = Sources(document, document.data)
    problems: list[Problem | str] = []
    world = _world(path, sources, problems)
    contract, found = shaped(Contract, {**document.data, "world": world or _STAND_IN}, sources)
    problems += found
    if world is not None:
        problems += _judged(world, contract, sources, found)
    if contract is None or problems:
        raise LoadError([*(each for each in problems if isinstance(each, str)), *_sorted(problems)])
    return contract


@lru_cache(maxsize=64)
def shipped_contract(name: str) -> Contract:
    """A contract that comes with mcp-sim, read once."""
    return load_contract(name)


def _sorted(problems: list[Problem | str]) -> list[Problem]:
    return sorted({problem for problem in problems if isinstance(problem, Problem)})


def _judged(world: World, contract: Contract | None, sources: Sources, found: list[Problem]) -> list[Problem]:
    """What is wrong with the clauses whose shape is right."""
    if contract is not None:
        placed: list[Any] = list(enumerate(contract.clauses))
    else:
        broken = {problem.pointer.split("/")[2] for problem in found if problem.pointer.startswith("/clauses/")}
        given = sources.data.get("clauses")
        sound = [(i, raw) for i, raw in enumerate(given if isinstance(given, list) else []) if str(i) not in broken]
        rest = {"name": "rest", "world": world, "clauses": [raw for _, raw in sound]}
        remains, _ = shaped(Contract, rest, sources) if sound else (None, [])
        placed = [] if remains is None else list(zip([i for i, _ in sound], remains.clauses, strict=True))
    clauses: list[Placed] = [(("clauses", index), clause) for index, clause in placed]
    findings = check_clauses(world, clauses, is_whole=contract is not None)
    return [sources.problem(finding.at, finding.message) for finding in findings]


def _world(path: Path, sources: Sources, problems: list[Problem | str]) -> World | None:
    """The world that a contract names: a shipped one, or a file or folder beside it."""
    name = sources.data.get("world")
    if not isinstance(name, str) or not name:
        shipped = ", ".join(shipped_worlds())
        problems.append(
            sources.problem(("world",), f"name a world: {shipped}, or a file or folder beside the contract")
        )
        return None
    try:
        return shipped_world(name) if name in shipped_worlds() else load_world(path.parent / name)
    except LoadError as error:
        for problem in error.problems:
            is_there = isinstance(problem, Problem) or not problem.startswith("no world")
            problems.append(problem if is_there else sources.problem(("world",), _no_world(path, name)))
    return None


def _no_world(path: Path, name: str) -> str:
    short = name if len(name) <= 80 else f"{name[:80]}…"
    return f"no world '{short}'{nearest(short, shipped_worlds())} in {path.parent}, nor among those that ship"


def _locate(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    shipped = shipped_contracts()
    if text in shipped:
        return shipped[text]
    path = Path(text)
    try:
        if path.is_file():
            return path
    except (OSError, ValueError):  # a name that no file can have
        pass
    short = text if len(text) <= 80 else f"{text[:80]}…"
    raise LoadError([f"no contract '{short}'{nearest(short, shipped)}: give a file, or one of {', '.join(shipped)}"])
