"""A sample of what `make bench-contracts` measures in full; and what it measures can fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from mcp_sim.contracts import encode_verdict
from mcp_sim.perturb.given import of_profile
from schemas.contracts import shipped_contract, shipped_contracts
from schemas.contracts.clauses import VERBS
from schemas.contracts.wording import title
from schemas.profiles import profiles
from tests.agents.careful import JOBS
from tests.agents.mutants import MUTANTS, Mutant
from tests.benchmarks.__main__ import app
from tests.benchmarks.contracts import detection, idle, trust
from tests.benchmarks.contracts.false_alarms import STORM, plan, quiet
from tests.benchmarks.contracts.trials import Trials
from tests.benchmarks.report import Report


def kind(mutant: Mutant) -> str:
    """The kind of clause that a fault is a test of."""
    found = {title(clause): clause.verb for clause in detection.contract_of(mutant).clauses}
    return mutant.verb or found[mutant.by]


ONE_OF_EACH = list(
    {kind(mutant): mutant for mutant in reversed(MUTANTS) if mutant.name != "follows injected text"}.values()
)


def test_there_are_enough_distinct_faults_and_one_at_least_for_every_kind_of_clause() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 40
    assert {kind(mutant) for mutant in MUTANTS} == set(VERBS)
    assert {mutant.contract for mutant in MUTANTS} == set(shipped_contracts())


@pytest.mark.parametrize("mutant", ONE_OF_EACH, ids=kind)
def test_a_fault_is_found_by_the_clause_that_is_there_for_it(mutant: Mutant) -> None:
    found = detection.met(mutant, seeds=1)
    assert found.is_right, found


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_fault_is_found_over_several_seeds(mutant: Mutant) -> None:
    found = detection.met(mutant, seeds=4)
    assert found.is_right, found


def test_a_fault_that_another_clause_finds_is_a_miss() -> None:
    forgetful = MUTANTS[0]
    assert not detection.met(replace(forgetful, by="once"), seeds=1).is_right
    assert not detection.met(replace(forgetful, also=()), seeds=1).is_right
    assert not detection.met(replace(forgetful, gives={}), seeds=1).is_right


def test_a_clause_that_blames_the_careful_agent_is_a_miss() -> None:
    strict: tuple[dict[str, Any], ...] = ({"name": "never looks", "absence": "get_order_history"},)
    found = detection.met(replace(MUTANTS[0], clauses=strict, also=(*MUTANTS[0].also, "never looks")), seeds=1)
    assert found.clean == ["seed 0: never looks"]
    assert not found.is_right


@pytest.mark.parametrize("contract", JOBS)
def test_the_careful_agent_is_not_accused(contract: str) -> None:
    for profile in ("production", "flaky", STORM):
        found = quiet(contract, profile, seeds=1)
        assert found.alarms == []
        assert found.calls > 0


def test_every_contract_meets_every_profile() -> None:
    assert set(plan()) == {(contract, profile) for contract in shipped_contracts() for profile in (*profiles(), STORM)}


def test_a_trial_is_the_same_again() -> None:
    contract = shipped_contract("shop/sell-a-cart")
    trials = Trials()
    one, again = (trials.run(JOBS["shop/sell-a-cart"], contract, of_profile("flaky"), 3) for _ in range(2))
    trials.close()
    assert one.trace.steps == again.trace.steps
    assert encode_verdict(one.verdict) == encode_verdict(again.verdict)


def test_an_idle_perturbation_is_measured_and_never_acts() -> None:
    found = idle.measure(rounds=1, calls=4)
    assert [one.what for one in found] == list(idle.IDLE)
    assert all(one.without > 0 for one in found)


def test_a_miss_is_told_and_fails_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(report: Report, *, quick: bool) -> None:
        report.misses.append("forgets the coupon: found in 0 of 20 runs")

    monkeypatch.setattr(trust, "run", missing)
    outcome = CliRunner().invoke(app, ["--only", "contracts", "--json", str(tmp_path / "found.json")])
    assert outcome.exit_code == 1
    assert "Missed: forgets the coupon: found in 0 of 20 runs" in outcome.output
    assert orjson.loads((tmp_path / "found.json").read_bytes())["misses"]


@pytest.mark.slow
def test_a_quick_run_prints_all_four_tables() -> None:
    outcome = CliRunner().invoke(app, ["--quick", "--only", "contracts"])
    assert outcome.exit_code == 0, outcome.output
    for heading in (
        "A perturbation that does not act",
        "Adherence",
        f"{len(MUTANTS)} of {len(MUTANTS)} faults",
        "False alarms",
    ):
        assert heading in outcome.output
