"""One trial: an agent does its job under a contract, with a profile and a seed, and is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_sim.contracts import Run, judge
from mcp_sim.sessions import Sessions
from schemas.contracts.contract import Contract
from schemas.types import Trace, Verdict
from store.db import Database
from store.traces.encode import decode_step
from tests.agents.in_process import InProcess
from tests.agents.tools import Tools


@dataclass(frozen=True)
class Trial:
    """What came of a job.

    Attributes:
        gave_up: why the agent stopped before its job was done, if it did.
    """

    trace: Trace
    verdict: Verdict
    gave_up: str

    @property
    def broken(self) -> frozenset[str]:
        """The clauses that are broken, `should` or `must`."""
        return frozenset(one.clause for one in self.verdict.clauses if one.outcome == "broken")


class Trials:
    """Sessions for trials, one after the other in one database."""

    def __init__(self) -> None:
        self._database = Database("sqlite://")
        self._sessions = Sessions(self._database)

    def close(self) -> None:
        """Forget them all."""
        self._database.close()

    def run(
        self,
        job: Callable[[Tools], Any],
        contract: Contract,
        perturbations: Sequence[Any],
        seed: int,
        run: Run | None = None,
    ) -> Trial:
        """A job done in a session of its own, and judged."""
        session = self._sessions.create(contract.world, seed=seed, perturbations=perturbations)
        gave_up = ""
        try:
            job(InProcess(session))
        except Exception as error:
            gave_up = f"{type(error).__name__}: {error}"
        steps = tuple(map(decode_step, session.steps()))
        self._sessions.delete(session.id)
        trace = Trace(1, contract.world, seed, steps)
        return Trial(trace, judge(contract, trace, run), gave_up)
