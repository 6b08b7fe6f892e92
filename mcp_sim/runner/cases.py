"""Which cases are meant: contracts by name, pattern or file, each with every profile and seed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from mcp_sim.errors import SetupError
from mcp_sim.runner.report import Case
from mcp_sim.tasks.harbor import is_harbor, read_harbor_tasks
from schemas.contracts import load_contract, shipped_contract, shipped_contracts
from schemas.contracts.contract import Contract
from schemas.contracts.task import read_tasks
from schemas.load import LoadError, load_profile
from schemas.perturbations import Perturbation
from schemas.sources import Problem

TASKS = ".jsonl"
"""How files of tasks end."""
MOST_SEEDS = 100_000
_SEEDS = re.compile(r"(\d{1,16})(?:-(\d{1,16}))?")
_LARGEST = 2**53


def cases_of(
    contracts: Iterable[str], profiles: Sequence[str | None] = (None,), seeds: Sequence[int] | None = None
) -> list[Case]:
    """Every contract with every profile and seed.

    Args:
        contracts: files; shipped names such as `shop/sell-a-cart`, patterns over them such as `shop/*`, or `all`; files
            of tasks (`.jsonl`), each of which has a contract.
        profiles: shipped names or files; None means the perturbations of the world itself.
        seeds: of the sessions; default: that of each world, or of the task.

    Raises:
        LoadError: no such contract or profile, or errors in them; all of them at once.
    """
    found = _loaded(contracts)
    cases = [
        Case(contract, source, profile, seed)
        for source, (contract, own) in found.items()
        for profile in dict.fromkeys(profiles)
        for seed in (seeds if seeds is not None else [own])
    ]
    faults_of(cases)
    return cases


def faults_of(cases: Sequence[Case]) -> list[tuple[Perturbation, ...] | None]:
    """The perturbations of each case; None for those of its world.

    Raises:
        LoadError: a profile is not there, or does not fit a world; all problems at once.
    """
    known: dict[tuple[str, str], tuple[Perturbation, ...]] = {}
    problems: dict[Problem | str, None] = {}
    for case in cases:
        key = (case.profile or "", case.contract.world.fingerprint)
        if case.profile is None or key in known:
            continue
        try:
            known[key] = load_profile(case.profile, case.contract.world)
        except LoadError as error:
            known[key] = ()
            problems.update(dict.fromkeys(error.problems))
    if problems:
        raise LoadError(list(problems))
    return [None if case.profile is None else known[case.profile, case.contract.world.fingerprint] for case in cases]


def read_seeds(text: str) -> list[int]:
    """Seeds from a text: `5` means 0 to 4; `3,7` and `10-19` name them.

    Raises:
        SetupError: it is no such text.
    """
    found: dict[int, None] = {}
    parts = [part.strip() for part in text.split(",")]
    for part in parts if parts[-1] or len(parts) == 1 else parts[:-1]:
        bounds = _SEEDS.fullmatch(part)
        if bounds is None:
            raise SetupError(f"--seeds '{text[:80]}': say how many, such as 5, or which, such as 3,7 or 10-19")
        first = int(bounds[1])
        last = int(bounds[2]) if bounds[2] else first
        if len(parts) == 1 and bounds[2] is None:
            first, last = 0, first - 1
        if last < first or last > _LARGEST:
            raise SetupError(f"--seeds '{text[:80]}': '{part}' means no seed; they go from 0 to 2^53")
        if last - first >= MOST_SEEDS:
            raise SetupError(f"--seeds '{text[:80]}': '{part}' means more than {MOST_SEEDS:,} seeds")
        found.update(dict.fromkeys(range(first, last + 1)))
    return list(found)


def _loaded(contracts: Iterable[str]) -> dict[str, tuple[Contract, int]]:
    """The contracts that are meant, each once, by the name by which it was found, with a seed to begin with."""
    found: dict[str, tuple[Contract, int]] = {}
    problems: list[Problem | str] = []
    for text in contracts:
        try:
            if text.endswith(TASKS) or is_harbor(Path(text)):
                tasks = read_tasks(text) if text.endswith(TASKS) else read_harbor_tasks(Path(text))
                found |= {f"{text}:{task.name}": (task.contract, task.seed) for task in tasks}
                continue
            for name in _named(text):
                contract = shipped_contract(name) if name in shipped_contracts() else load_contract(name)
                found.setdefault(name, (contract, contract.world.seed))
        except LoadError as error:
            problems += error.problems
    problems += _namesakes(found)
    if problems:
        raise LoadError(problems)
    return found


def _namesakes(found: dict[str, tuple[Contract, int]]) -> list[str]:
    """Contracts that every report would take for one."""
    sources: dict[str, str] = {}
    told = []
    for source, (contract, _) in found.items():
        name = f"{contract.world.name}/{contract.name}"
        other = sources.setdefault(name, source)
        if other != source:
            told.append(f"{source}: the contract is called '{name}' as that of {other} is; rename one of them")
    return told


def _named(text: str) -> list[str]:
    """The names behind a pattern, or the text itself."""
    shipped = shipped_contracts()
    if text == "all":
        return list(shipped)
    if any(sign in text for sign in "*?["):
        return [name for name in shipped if fnmatchcase(name, text)] or [text]
    return [name for name in shipped if name.startswith(f"{text}/")] or [text]
