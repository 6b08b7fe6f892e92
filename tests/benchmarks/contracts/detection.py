"""Are faults of an agent found, each by the clause that is there for it?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from mcp_sim.contracts import Run
from mcp_sim.perturb.given import of_profile
from schemas.contracts import Contract, shipped_contract
from schemas.contracts.check import check_contract
from schemas.contracts.clauses import Clause
from schemas.contracts.wording import title
from tests.agents.careful import PLANS, Careful
from tests.agents.mutants import Mutant
from tests.agents.tools import Tools
from tests.benchmarks.contracts.trials import Trial, Trials

_CLAUSES: TypeAdapter[Any] = TypeAdapter(Clause)


@dataclass
class Detection:
    """How a fault was met over several seeds.

    Attributes:
        shown: in how many runs the fault showed; `found`: in how many of these the clause for it was broken.
        wrong: what was told that does not follow from the fault, each in a sentence.
        clean: what was told of the careful agent in its place.
        broken: every clause that was broken, and how often.
    """

    mutant: Mutant
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


def detect(mutant: Mutant, trials: Trials, seeds: range) -> Detection:
    """One fault, over several seeds, each beside the careful agent with the same seed."""
    contract = contract_of(mutant)
    (verb,) = {clause.verb for clause in contract.clauses if title(clause) == mutant.by}
    found = Detection(mutant, mutant.verb or verb)
    for seed in seeds:
        _see(found, faulty(mutant, trials, seed), seed)
        clean = _trial(mutant, trials, seed, lambda tools: PLANS[mutant.contract](Careful(tools)), 0)
        found.clean += [f"seed {seed}: {name}" for name in sorted(clean.broken)]
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


def _see(found: Detection, seen: tuple[Trial, int], seed: int) -> None:
    trial, shown = seen
    found.runs += 1
    found.shown += shown > 0
    found.found += shown > 0 and found.mutant.by in trial.broken
    found.broken.update(trial.broken)
    for name in sorted(trial.broken - ({found.mutant.by, *found.mutant.also} if shown else set())):
        found.wrong.append(f"seed {seed}: {name}")


def _trial(mutant: Mutant, trials: Trials, seed: int, job: Any, which: int) -> Trial:
    given = mutant.perturbations
    perturbations = of_profile(mutant.profile) if given is None else given
    run = None if mutant.says is None else Run(answer=mutant.says[which])
    return trials.run(job, contract_of(mutant), perturbations, seed, run)
