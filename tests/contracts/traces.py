"""Traces made by hand, and verdicts on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from mcp_sim.contracts import Run, judge
from schemas.contracts.clauses import Clause
from schemas.contracts.contract import Contract
from schemas.types import Call, ClauseResult, Observation, Pack, StateDelta, Step, Tool, Trace, Verdict, World

_CLAUSES: TypeAdapter[Any] = TypeAdapter(Clause)


def bare_world(*tools: str) -> World:
    """A world of tools that take anything."""
    anything = {"type": "object", "properties": {"k": {}, "v": {}}}
    made = {name: Tool(name=name, input=anything, output={"type": "object"}) for name in tools}
    return World(name="bare", packs=(Pack(name="bare", tools=made),))


def step(
    n: int, tool: str, world: World, *, status: int = 200, text: str = "{}", waited: float = 0.0, **args: Any
) -> Step:
    """One call, a second after the one before."""
    at = (world.clock.start + timedelta(seconds=n)).isoformat().replace("+00:00", "Z")
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


def results(found: Trace, clauses: Sequence[dict[str, Any]]) -> Verdict:
    """What becomes of several."""
    return judge(contract(found.world, *clauses), found)
