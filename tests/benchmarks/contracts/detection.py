"""Are faults of an agent found, each by the clause that is there for it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter
from rich.table import Table

from mcp_sim.contracts import Run
from mcp_sim.perturb.given import of_profile
from schemas.contracts import Contract, shipped_contract
from schemas.contracts.check import check_contract
from schemas.contracts.clauses import VERBS, Clause
from schemas.contracts.wording import title
from tests.agents.careful import JOBS
from tests.agents.mutants import MUTANTS, Mutant
from tests.agents.tools import Tools
from tests.benchmarks.contracts.trials import Trial, Trials

SEEDS = 20
_CLAUSES: TypeAdapter[Any] = TypeAdapter(Clause)


@dataclass
class Detection:
    """How a fault was met over several seeds.

    Attributes:
        verb: the kind of the clause that is there for it.
        shown: in how many runs the fault showed; `found`: in how many of these the clause for it was broken.
        wrong: what was told that does not follow from the fault, each in a sentence.
        clean: what was told of the careful agent in its place.
        broken: every clause that was broken, and how often.
    """

    name: str
    contract: str
    conditions: str
    by: str
    verb: str
    runs: int = 0
    shown: int = 0
    found: int = 0
    wrong: list[str] = field(default_factory=list)
    clean: list[str] = field(default_factory=list)
    broken: Counter[str] = field(default_factory=Counter)

    @property
    def is_right(self) -> bool:
        """Whether the fault showed, was found each time, by the right clause, and the careful agent was not blamed."""
        return 0 < self.shown == self.found and not self.wrong and not self.clean


@lru_cache(maxsize=128)
def contract_of(mutant: Mutant) -> Contract:
    """The contract of its job, with the clauses that are asked besides."""
    shipped = shipped_contract(mutant.contract)
    asked = tuple(_CLAUSES.validate_python(clause) for clause in mutant.clauses)
    contract = shipped.model_copy(update={"clauses": (*shipped.clauses, *asked)})
    wrong = check_contract(contract)
    assert not wrong, wrong
    return contract


def detect(number: int, seeds: int = SEEDS) -> Detection:
    """One fault of the catalogue, by its number; made for a process of its own."""
    return met(MUTANTS[number], seeds)


def met(mutant: Mutant, seeds: int = SEEDS) -> Detection:
    """How a fault is met over several seeds, each beside the careful agent with the same seed."""
    (verb,) = {clause.verb for clause in contract_of(mutant).clauses if title(clause) == mutant.by}
    conditions = mutant.profile if mutant.perturbations is None else "its own"
    found = Detection(mutant.name, mutant.contract, conditions, mutant.by, mutant.verb or verb)
    trials = Trials()
    for seed in range(seeds):
        trial, shown = faulty(mutant, trials, seed)
        found.runs += 1
        found.shown += shown > 0
        found.found += shown > 0 and mutant.by in trial.broken
        found.broken.update(trial.broken)
        expected = {mutant.by, *mutant.also} if shown else set()
        found.wrong += [f"seed {seed}: {name}" for name in sorted(trial.broken - expected)]
        found.clean += [f"seed {seed}: {name}" for name in sorted(careful(mutant, trials, seed).broken)]
    trials.close()
    return found


def faulty(mutant: Mutant, trials: Trials, seed: int) -> tuple[Trial, int]:
    """A run with the fault, and how often it showed."""
    shown = 0

    def job(tools: Tools) -> None:
        nonlocal shown
        agent = mutant.agent(tools, seed)
        try:
            mutant.work(agent)
        finally:
            shown = agent.shown

    return _trial(mutant, trials, seed, job, 1), shown


def careful(mutant: Mutant, trials: Trials, seed: int) -> Trial:
    """The careful agent in its place."""
    return _trial(mutant, trials, seed, JOBS[mutant.contract], 0)


def _trial(mutant: Mutant, trials: Trials, seed: int, job: Callable[[Tools], None], who: int) -> Trial:
    perturbations = of_profile(mutant.profile) if mutant.perturbations is None else mutant.perturbations
    run = None if mutant.says is None else Run(answer=mutant.says[who])
    return trials.run(job, contract_of(mutant), perturbations, seed, run)


def unseen(found: Iterable[Detection]) -> list[str]:
    """The kinds of clauses that no fault is there for."""
    return sorted(set(VERBS) - {one.verb for one in found})


def table(found: Iterable[Detection]) -> Table:
    """Every fault."""
    rows = list(found)
    right = sum(one.is_right for one in rows)
    kinds = len({one.verb for one in rows})
    shown = Table(
        title=f"Detection: {right} of {len(rows)} faults, by {kinds} of {len(VERBS)} kinds of clauses",
        caption="found: in so many of the runs in which the fault showed, by the clause that is there for it and by none "
        "that is not.\ntwin: what the same clauses say of the careful agent under the same seeds.",
        title_justify="left",
        caption_justify="left",
    )
    for heading in ("the careful agent, but it ...", "job", "under", "clause", "its kind"):
        shown.add_column(heading)
    for heading in ("found", "of", "runs", "twin"):
        shown.add_column(heading, justify="right")
    for one in rows:
        mark = "[green]✓[/]" if one.is_right else "[red]✗[/]"
        twin = "[green]passes[/]" if not one.clean else "[red]blamed[/]"
        counts = (f"{mark} {one.found}", str(one.shown), str(one.runs))
        clause = one.by if one.by != one.verb else ""
        shown.add_row(one.name, one.contract.partition("/")[2], one.conditions, clause, one.verb, *counts, twin)
    return shown
