"""Traces made by hand, and verdicts on them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from mcp_sim.contracts import Run, judge
from mcp_sim.sessions import Sessions
from schemas.contracts.check import check_contract
from schemas.contracts.clauses import Clause
from schemas.contracts.contract import Contract
from schemas.types import Call, ClauseResult, Observation, Pack, StateDelta, Step, Tool, Trace, Verdict, World
from tests.agents.in_process import recorded

_CLAUSES: TypeAdapter[Any] = TypeAdapter(Clause)


def bare_world(*tools: str) -> World:
    """A world of tools that take anything."""
    anything = {"type": "object", "properties": {"k": {}, "v": {}}}
    made = {name: Tool(name=name, input=anything, output={"type": "object"}) for name in tools}
    return World(name="bare", packs=(Pack(name="bare", tools=made),))


def step(
    n: int,
    tool: str,
    world: World,
    *,
    status: int = 200,
    text: str = "{}",
    waited: float = 0.0,
    clock: float | None = None,
    **args: Any,
) -> Step:
    """One call, a second after the one before unless the clock says otherwise."""
    moment = world.clock.start + timedelta(seconds=n if clock is None else clock)
    at = moment.isoformat().replace("+00:00", "Z")
    observation = Observation(text, None if status >= 400 else {}, is_error=status >= 400, status=status)
    return Step(n, at, Call(tool, args, waited), observation, StateDelta(), "effect", "")


def trace(world: World, calls: Iterable[tuple[str, dict[str, Any]] | str]) -> Trace:
    """A trace of these calls."""
    steps = []
    for n, call in enumerate(calls, 1):
        tool, args = (call, {}) if isinstance(call, str) else call
        steps.append(step(n, tool, world, **args))
    return Trace(1, world, 0, tuple(steps))


def contract(world: World, *clauses: dict[str, Any], instruction: str = "") -> Contract:
    """A contract of these clauses, written as in a file."""
    made = tuple(_CLAUSES.validate_python(clause) for clause in clauses)
    return Contract(name="hand-made", world=world, instruction=instruction, clauses=made)


def result(found: Trace, clause: dict[str, Any], run: Run | None = None, instruction: str = "") -> ClauseResult:
    """What becomes of one clause."""
    (one,) = judge(contract(found.world, clause, instruction=instruction), found, run).clauses
    return one


Move = tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], float]


class Fleet:
    """The harbour, sailed by hand: each voyage is a session of its own."""

    def __init__(self, sessions: Sessions, world: World) -> None:
        self.world = world
        self.sessions = sessions

    def voyage(self, *moves: Move, perturbations: Sequence[dict[str, Any]] = (), seed: int = 0) -> Trace:
        """The trace of these calls, each with the seconds waited before it."""
        session = self.sessions.create(self.world, seed=seed, perturbations=perturbations)
        for tool, arguments, *waited in moves:
            asyncio.run(session.call(Call(tool, arguments, *waited)))
        return recorded(self.sessions, session)

    def judge(self, found: Trace, *clauses: dict[str, Any], instruction: str = "", run: Run | None = None) -> Verdict:
        """What becomes of clauses."""
        made = contract(self.world, *clauses, instruction=instruction)
        assert not check_contract(made), check_contract(made)
        return judge(made, found, run)

    def told(self, found: Trace, clause: dict[str, Any], instruction: str = "", run: Run | None = None) -> str:
        """`outcome: message` of one clause."""
        (one, *_) = self.judge(found, clause, instruction=instruction, run=run).clauses
        return f"{one.outcome}: {one.message}"
