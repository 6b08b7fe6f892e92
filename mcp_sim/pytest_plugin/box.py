"""One world for one test, and the verdict on what happened in it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_sim.contracts import Run, judge
from mcp_sim.pytest_plugin.host import Host
from mcp_sim.pytest_plugin.terms import Terms, known_contract
from mcp_sim.runner.reports.findings import wrong
from mcp_sim.session import Session
from schemas.contracts.contract import Contract
from schemas.types import Call, ClauseResult, LedgerEntry, Observation, Row, Trace, Verdict
from store.traces.replay import read_trace


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with the trace that it is about."""

    name: str
    verdict: Verdict
    trace: Trace

    @property
    def passed(self) -> bool:
        """Whether no `must` clause is broken."""
        return self.verdict.passed

    @property
    def broken(self) -> tuple[ClauseResult, ...]:
        """The broken clauses that fail it."""
        return self.verdict.broken

    @property
    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Every step that went wrong, and whom that is owed to."""
        return self.verdict.ledger

    def check(self) -> None:
        """Nothing, if the agent kept its contract.

        Raises:
            AssertionError: it did not; the message tells every broken clause, the steps that decide it, and the faults.
        """
        __tracebackhide__ = True
        if not self.verdict.passed:
            verdict = self.verdict
            count = f"{len(verdict.broken)} of {len(verdict.clauses)} clauses"
            first = f"{self.name}: {count} of {verdict.world}/{verdict.contract} are broken"
            raise AssertionError("\n".join([first, *wrong(self.verdict, self.trace)]))


class Sandbox:
    """A running world.

    Attributes:
        name: the world or contract, the profile and the seed, as in the name of the test.
        session: the session itself. Its calls are answered on a thread of their own; `call` goes there.
        contract: the one of the mark, if it names one.
    """

    def __init__(self, terms: Terms, host: Host) -> None:
        self.name = terms.name
        self.contract = terms.contract
        self.profile = terms.profile
        self._host = host
        self._waited = 0.0
        self.session: Session = host.done(
            lambda: host.sessions.create(terms.world, seed=terms.seed, perturbations=terms.perturbations)
        )

    @property
    def url(self) -> str:
        """The MCP endpoint (Streamable HTTP), open as long as the test runs."""
        return f"{self._host.address}/sessions/{self.session.id}/mcp"

    @property
    def instruction(self) -> str:
        """What the contract tells the agent to do; empty without one."""
        return self.contract.instruction if self.contract else ""

    def call(self, tool: str, /, **arguments: Any) -> Observation:
        """Call a tool from this very process, without MCP; one that there is not is answered with an error, too."""
        return self._host.submit(self._calling(tool, arguments)).result()

    async def acall(self, tool: str, /, **arguments: Any) -> Observation:
        """The same for an agent that is asynchronous."""
        return await asyncio.wrap_future(self._host.submit(self._calling(tool, arguments)))

    def wait(self, seconds: float) -> None:
        """Let virtual time pass before the next `call`; it costs no real time."""
        self._waited += seconds

    def rows(self, entity: str) -> list[Row]:
        """The rows of an entity as they are now, in key order.

        Raises:
            UnknownEntity: the world has none of this name.
        """
        return self._host.done(lambda: self._host.sessions.rows(self.session.id, entity)[entity])

    @property
    def trace(self) -> Trace:
        """What happened so far."""
        return self._host.done(lambda: read_trace(b"".join(self._host.sessions.trace(self.session.id)).splitlines()))

    def judge(self, contract: Contract | str | Path | None = None, *, answer: str | None = None) -> Judgement:
        """What happened so far, judged.

        Args:
            contract: a contract, its file or its shipped name; default: the one of the mark.
            answer: what the agent said in the end, for clauses that ask for it.

        Raises:
            LoadError: there is no such contract, or it has errors.
            JudgeError: it does not fit this world.
            ValueError: there is none at all.
        """
        contract = self.contract if contract is None else contract
        if contract is None:
            raise ValueError("name the contract: sandbox.judge('shop/sell-a-cart'), or contract= in the mark")
        known = contract if isinstance(contract, Contract) else known_contract(str(contract))
        trace = self.trace
        return Judgement(self.name, judge(known, trace, Run(answer=answer)), trace)

    def close(self) -> None:
        """Forget the session."""
        self._host.done(lambda: self._host.sessions.delete(self.session.id))

    async def _calling(self, tool: str, arguments: dict[str, Any]) -> Observation:
        waited, self._waited = self._waited or self.session.pause(), 0.0
        return await self.session.call(Call(tool, arguments, waited))
