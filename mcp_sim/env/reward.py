"""What a session is worth: the verdict, and the parts that it is made of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mcp_sim.contracts import Run, judge
from schemas.contracts.contract import Contract
from schemas.types import Trace, Verdict
from store.traces.encode import VERSION


@dataclass(frozen=True, slots=True)
class Reward:
    """The reward for a session.

    Attributes:
        value: 1 if the contract is fulfilled, else 0.
        held: the share of its `must` clauses that are not broken.
        reached: of the clauses that are broken while nothing has been done, the share that is no longer.
        kept: of the others, the share that still holds: what must not happen has not.
        calls: how many calls there were.
        errors: how many of them were answered with an error.
        is_fair: whether the simulator itself failed at no call; where it did, the reward says nothing of the agent.
        verdict: every clause.
    """

    value: float
    held: float
    reached: float
    kept: float
    calls: int
    errors: int
    is_fair: bool
    verdict: Verdict

    @property
    def passed(self) -> bool:
        """Whether the contract is fulfilled."""
        return self.verdict.passed

    @property
    def parts(self) -> dict[str, float]:
        """The numbers by name, to weigh or to log."""
        return {"value": self.value, "held": self.held, "reached": self.reached, "kept": self.kept,
                "calls": float(self.calls), "errors": float(self.errors)}  # fmt: skip


def undone(contract: Contract, seed: int) -> frozenset[int]:
    """The places of the clauses that are broken as long as nothing has been done or said."""
    verdict = judge(contract, Trace(VERSION, contract.world, seed), Run(answer=""))
    return frozenset(index for index, clause in enumerate(verdict.clauses) if clause.outcome == "broken")


def reward_of(contract: Contract, trace: Trace, run: Run, wanted: Collection[int]) -> Reward:
    """The reward for a session.

    Args:
        contract: what was asked.
        trace: what was done.
        run: what was said, and what it took.
        wanted: the places of the clauses that were broken at the start.
    """
    verdict = judge(contract, trace, run)
    must = [index for index, clause in enumerate(verdict.clauses) if clause.severity == "must"]
    whole = {index for index in must if verdict.clauses[index].outcome != "broken"}
    return Reward(
        value=float(verdict.passed),
        held=_share(whole, must),
        reached=_share(whole, [index for index in must if index in wanted]),
        kept=_share(whole, [index for index in must if index not in wanted]),
        calls=len(trace.steps),
        errors=sum(step.observation.is_error for step in trace.steps),
        is_fair=not any(entry.blame == "simulator" for entry in verdict.ledger),
        verdict=verdict,
    )


def _share(whole: set[int], of: list[int]) -> float:
    return len(whole.intersection(of)) / len(of) if of else 1.0
