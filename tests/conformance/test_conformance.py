"""The MCP conformance suite, run against the production application over HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from .node import MODULES, run

SUITE = "@modelcontextprotocol/conformance"


@dataclass(frozen=True)
class Scenario:
    """What became of one scenario of the suite."""

    name: str
    checks: list[dict[str, Any]]

    @property
    def passed(self) -> int:
        return sum(check["status"] == "SUCCESS" for check in self.checks)

    @property
    def failures(self) -> list[str]:
        bad = [check for check in self.checks if check["status"] in ("FAILURE", "WARNING")]
        return [f"{self.name}: {check['name']}: {check.get('errorMessage', 'no reason given')}" for check in bad]


def judged(url: str, revision: str, results: Path) -> list[Scenario]:
    """Run everything that a revision of the specification requires, and read the results."""
    outcome = run(f"{SUITE}/dist/index.js", "server", "--url", url, "--requirements", revision, "-o", str(results))
    scenarios = [
        # A folder is called server-NAME-DATE, and a date has 25 characters with its dash.
        Scenario(folder.name.removeprefix("server-")[:-25], json.loads((folder / "checks.json").read_text()))
        for folder in sorted(results.iterdir())
    ]
    required = requirements(revision)
    assert {scenario.name for scenario in scenarios} == required, outcome.stdout + outcome.stderr
    return scenarios


def requirements(revision: str) -> set[str]:
    """The scenarios that a server is to run for a revision, scored or not."""
    listed = yaml.safe_load((MODULES / SUITE / "requirements" / f"{revision}.yaml").read_text())
    return {*listed["server"], *(each["scenario"] for each in listed["not_scored"] if each["leg"] == "server")}


RACING = "server-sse-polling"
"""The SDK may close a stream before it has sent the first event, where the machine is busy; then it is asked again."""


def once_more(url: str, scenario: Scenario, results: Path) -> Scenario:
    """The same scenario again, up to three times, until it passes."""
    for attempt in range(3):
        folder = results / f"again-{attempt}"
        run(f"{SUITE}/dist/index.js", "server", "--url", url, "--scenario", scenario.name, "-o", str(folder))
        (found,) = folder.glob("**/checks.json")
        again = Scenario(scenario.name, json.loads(found.read_text()))
        if not again.failures and again.passed:
            return again
    return scenario


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_every_scenario_passes_but_those_of_the_tasks_extension(
    conformance_url: str, revision: str, tmp_path: Path
) -> None:
    scenarios = [each for each in judged(conformance_url, revision, tmp_path) if not each.name.startswith("tasks-")]
    scenarios = [
        once_more(conformance_url, each, tmp_path / "again") if each.name == RACING and each.failures else each
        for each in scenarios
    ]
    failures = [failure for scenario in scenarios for failure in scenario.failures]
    assert not failures, "\n".join(failures)
    assert [scenario.name for scenario in scenarios if not scenario.passed] == []
