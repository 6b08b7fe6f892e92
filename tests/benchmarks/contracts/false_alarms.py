"""Is the careful agent ever accused? All contracts, all profiles and a storm, many seeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.table import Table

from mcp_sim.perturb.given import of_profile
from schemas.contracts import shipped_contract
from schemas.profiles import profiles
from tests.agents.careful import JOBS
from tests.benchmarks.contracts.storm import storm
from tests.benchmarks.contracts.trials import Trials

STORM = "(storm)"
SEEDS = 20


@dataclass
class Quiet:
    """The careful agent under one contract and one profile.

    Attributes:
        calls: of all runs; `perturbed`: those that something acted on.
        alarms: what was told of it, and where it gave up, each in a sentence.
    """

    contract: str
    profile: str
    runs: int = 0
    calls: int = 0
    perturbed: int = 0
    alarms: list[str] = field(default_factory=list)


def plan() -> list[tuple[str, str]]:
    """Every contract with every profile, and with the storm."""
    return [(contract, profile) for contract in JOBS for profile in (*profiles(), STORM)]


def quiet(contract: str, profile: str, seeds: int = SEEDS) -> Quiet:
    """One of them, over so many seeds."""
    asked = shipped_contract(contract)
    perturbations = storm(asked.world) if profile == STORM else of_profile(profile)
    found = Quiet(contract, profile)
    trials = Trials()
    for seed in range(seeds):
        trial = trials.run(JOBS[contract], asked, perturbations, seed)
        found.runs += 1
        found.calls += len(trial.trace.steps)
        found.perturbed += sum(bool(step.perturbations) for step in trial.trace.steps)
        told = [f"{one.clause}: {one.message}" for one in trial.verdict.clauses if one.outcome == "broken"]
        found.alarms += [f"{contract}, {profile}, seed {seed}: {one}" for one in (*told, trial.gave_up) if one]
    trials.close()
    return found


def table(found: Iterable[Quiet]) -> Table:
    """By profile, over all contracts."""
    everything = list(found)
    shown = Table(title="False alarms: the careful agent under every contract", title_justify="left")
    for heading in ("profile", "contracts", "runs", "calls", "perturbed", "false alarms"):
        shown.add_column(heading, justify="left" if heading == "profile" else "right")
    for profile in dict.fromkeys(one.profile for one in everything):
        rows = [one for one in everything if one.profile == profile]
        alarms = sum(len(one.alarms) for one in rows)
        counts = (
            len(rows),
            sum(one.runs for one in rows),
            sum(one.calls for one in rows),
            sum(one.perturbed for one in rows),
        )
        shown.add_row(profile, *(f"{count:,}" for count in counts), f"[{'red' if alarms else 'green'}]{alarms}[/]")
    shown.add_section()
    shipped = [one for one in everything if one.profile != STORM]
    runs, alarms = sum(one.runs for one in shipped), sum(len(one.alarms) for one in shipped)
    shown.add_row("all that ship", "", f"{runs:,}", "", "", f"{alarms}")
    return shown
