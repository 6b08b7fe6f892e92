"""The judge: one pass over the calls of a session, then a verdict. No database; the trace is all it takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from mcp_sim.contracts.budgets import Spending
from mcp_sim.contracts.calls import Calls, Conditions, Seen
from mcp_sim.contracts.collateral import Collateral
from mcp_sim.contracts.counting import AtTheEdge, EitherOr, HowOften
from mcp_sim.contracts.faults import Checking, Natures, Stopping, Waiting
from mcp_sim.contracts.finding import Finding, JudgeError
from mcp_sim.contracts.functions import Decided, Function
from mcp_sim.contracts.groups import Group, result
from mcp_sim.contracts.ids import Known, Register
from mcp_sim.contracts.injection import Resisting
from mcp_sim.contracts.ledger import Ledger
from mcp_sim.contracts.monitor import End, Monitor, Run
from mcp_sim.contracts.order import Template
from mcp_sim.contracts.pages import Paging
from mcp_sim.contracts.rows import AtTheEnd
from schemas.canonical import canonical
from schemas.contracts.check import check_contract
from schemas.contracts.clauses import AllOf, AnyOf, Not, leaves
from schemas.contracts.conduct import (
    Budget,
    ChecksBeforeRepeating,
    IgnoresInjectedText,
    KnownIds,
    PagesToTheEnd,
    Python,
    StopsAfterPermanentError,
    Waits,
)
from schemas.contracts.contract import Contract
from schemas.contracts.order import Absence, Between, Choice, Exactly, ExclusiveChoice, Existence, Init
from schemas.contracts.order import End as Last
from schemas.contracts.patterns import Common
from schemas.contracts.rows import Answer, May, NothingElse, RowsOf, State
from schemas.rows import key_text
from schemas.types import Change, ClauseResult, Step, Trace, Verdict, World
from store.traces.replay import TraceRows

_NONE: Mapping[str, Function] = {}


def judge(
    contract: Contract, trace: Trace, run: Run | None = None, *, functions: Mapping[str, Function] = _NONE
) -> Verdict:
    """A session judged by a contract.

    Args:
        contract: what was asked of the agent.
        trace: what it did.
        run: what is known besides: wall time, tokens, its last words.
        functions: those of `python` clauses, by `module:function`; the others are imported.

    Raises:
        JudgeError: the trace is of a world that the contract does not fit, or a function of it failed.
    """
    _check_world(contract, trace.world)
    bench = Bench(contract, trace.world, functions)
    for step in trace.steps:
        bench.take(step)
    return bench.verdict(trace, run)


def encode_verdict(verdict: Verdict) -> bytes:
    """A verdict as canonical JSON."""
    return canonical(verdict)


class Bench:
    """Judges a session while it runs: it follows the steps, and gives a verdict whenever it is asked."""

    def __init__(self, contract: Contract, world: World, functions: Mapping[str, Function] = _NONE) -> None:
        self._contract = contract
        self._world = world
        self._rows = TraceRows(world)
        self._touched: dict[tuple[str, str], list[tuple[Seen, Change]]] = defaultdict(list)
        self._count = 0
        self._ledger = Ledger()
        start = world.clock.start.isoformat().replace("+00:00", "Z")
        self._calls = Calls(world, Conditions(world, self._rows, start))
        self._natures = Natures(world)
        self._register = Register(world, [contract.instruction])
        self._leaves = list(leaves(contract.clauses))
        self._functions = functions
        self._monitors = [(clause, self._monitor(clause)) for clause in contract.clauses]
        self._needs_ids = any(isinstance(part, KnownIds) for part in _every(contract.clauses))

    def take(self, step: Step) -> None:
        """Follow one more step."""
        seen = Seen(step, self._count, self._calls)
        self._count += 1
        seen.entry = self._ledger.take(seen)
        for _, monitor in self._monitors:
            monitor.take(seen)
        if self._needs_ids:
            self._register.follow(step)
        if step.delta.changes:
            self._rows.apply(step)
            for change in step.delta.changes:
                self._touched[change.entity, change.key].append((seen, change))

    def verdict(self, trace: Trace, run: Run | None = None) -> Verdict:
        """What became of every clause, if the session ended here.

        Args:
            trace: the steps that were followed.
            run: what is known besides.

        Raises:
            JudgeError: a function failed.
        """
        end = self._end(trace, run)
        results = tuple(_judged(clause, monitor, end) for clause, monitor in self._monitors)
        return Verdict(
            contract=self._contract.name,
            world=self._world.name,
            seed=trace.seed,
            steps=len(trace.steps),
            passed=not any(found.outcome == "broken" and found.severity == "must" for found in results),
            clauses=results,
            ledger=tuple(self._ledger.entries),
        )

    def _end(self, trace: Trace, run: Run | None) -> End:
        world = self._world
        first = {
            name: {key_text(row[entity.key]): row for row in world.rows.get(name, ())}
            for name, entity in world.entities.items()
        }
        now = trace.steps[-1].at if trace.steps else world.clock.start.isoformat().replace("+00:00", "Z")
        conditions = Conditions(world, self._rows, now)
        return End(trace, run, self._rows, first, self._touched, conditions, now)

    def _monitor(self, clause: Common) -> Monitor:
        ready = self._calls
        match clause:
            case RowsOf() | State() | Answer():
                return AtTheEnd(clause)
            case NothingElse():
                return Collateral(clause, self._leaves, ready)
            case May():
                return Allowed()
            case Existence() | Absence() | Exactly():
                return HowOften(clause, ready)
            case Init() | Last():
                return AtTheEdge(clause, ready)
            case Choice() | ExclusiveChoice():
                return EitherOr(clause, ready)
            case Between():
                return Template(clause, ready)
            case KnownIds():
                return Known(clause, ready, self._register)
            case Waits():
                return Waiting(clause, ready)
            case ChecksBeforeRepeating():
                return Checking(clause, ready, self._natures, self._register)
            case StopsAfterPermanentError():
                return Stopping(clause, ready)
            case PagesToTheEnd():
                return Paging(clause, ready)
            case IgnoresInjectedText():
                return Resisting(clause, self._leaves, ready)
            case Budget():
                return Spending(clause)
            case Python():
                return Decided(clause, self._functions)
            case AnyOf() | AllOf() | Not():
                return Group(clause, [self._monitor(part) for part in clause.parts])
        raise AssertionError(clause.verb)


class Allowed:
    """`may`: never broken; `nothing_else` asks for it."""

    def take(self, seen: Seen) -> None:
        """Nothing to follow."""

    def finding(self, _: End) -> Finding:
        """It only allows."""
        return Finding("held", "allowed", settled=True)


def _judged(clause: Common, monitor: Monitor, end: End) -> ClauseResult:
    if isinstance(monitor, Group):
        finding, parts = monitor.judged(end)
        return result(clause, finding, parts)
    return result(clause, monitor.finding(end))


def _every(clauses: tuple[Common, ...]) -> list[Common]:
    return [found for clause in clauses for found in (clause, *_every(clause.parts))]


def _check_world(contract: Contract, world: World) -> None:
    """Make sure that a contract can be asked of a world that is not the very one it was written for."""
    if world is contract.world or world.packs == contract.world.packs:
        return
    found = check_contract(contract.model_copy(update={"world": world}))
    if found:
        message = f"contract '{contract.name}' does not fit the world '{world.name}' of this trace: {found[0].message}"
        raise JudgeError(message)
