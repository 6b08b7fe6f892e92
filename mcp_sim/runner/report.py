"""What a run of an agent over many cases came to. Every form of a report is made of this alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.contracts.contract import Contract
from schemas.types import Trace, Verdict

Outcome = Literal["passed", "failed", "error"]
"""failed: the agent broke its contract, or misbehaved; error: there was no fair trial."""

Trouble = Literal[
    "not-started", "never-connected", "no-call", "crashed", "hung", "flooded", "garbage", "left-children", "simulator"
]
"""What was wrong with the run of a case, besides its contract."""

ERRORS: frozenset[Trouble] = frozenset({"not-started", "never-connected", "simulator"})
"""Troubles after which nothing fair can be said of the agent."""


@dataclass(frozen=True, slots=True)
class Case:
    """One trial of an agent: a contract, a profile of perturbations or none, and a seed."""

    contract: Contract
    source: str
    """The file or shipped name of the contract, as it was given."""
    profile: str | None
    seed: int

    @property
    def name(self) -> str:
        """Names the case within a run, such as `shop/sell-a-cart · flaky · seed 3`."""
        return f"{self.contract.world.name}/{self.contract.name} · {self.profile or 'as declared'} · seed {self.seed}"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of a case.

    Attributes:
        trouble: what was wrong besides the contract; None for an agent that behaved.
        told: the trouble in one sentence, empty without one.
        verdict: None where there was nothing to judge.
        trace: the session, as far as it came.
        seconds: wall time of the agent.
        status: its exit status; negative for a signal, None if it was ended by us or never began.
        output: the last lines that it wrote to stdout and stderr.
    """

    case: Case
    outcome: Outcome
    trouble: Trouble | None
    told: str
    verdict: Verdict | None
    trace: Trace
    seconds: float
    status: int | None
    output: str


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run, its results in the order of its cases.

    Attributes:
        agent: the command, as it was given.
        version: of mcp-sim.
        started: ISO 8601 in UTC.
        seconds: wall time of the run.
        k: the largest k of pass@k and pass^k.
    """

    agent: str
    version: str
    started: str
    seconds: float
    k: int
    results: tuple[CaseResult, ...]

    @property
    def outcome(self) -> Outcome:
        """error before failed before passed."""
        found = {result.outcome for result in self.results}
        return "error" if "error" in found else "failed" if "failed" in found else "passed"
