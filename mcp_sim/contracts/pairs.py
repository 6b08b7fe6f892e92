"""Which call a goes with which call b."""

from __future__ import annotations

import ast
from collections.abc import Hashable
from typing import Any

from mcp_sim.contracts.calls import Conditions, Seen
from mcp_sim.contracts.finding import JudgeError
from mcp_sim.expressions import EvaluationError
from schemas.expressions import Expression, checked, parse

MOST = 1_000_000
"""How often the part of a condition that is no equality is tried on two calls, before the judge gives up."""


class Pairing:
    """A condition over two calls. Its equalities between a and b become keys, so that partners are looked up."""

    def __init__(self, match: str | None, conditions: Conditions) -> None:
        self.match = match
        self._conditions = conditions
        self._tried = 0
        sides: dict[str, list[Expression]] = {"a": [], "b": []}
        rest: list[ast.expr] = []
        for part in _conjuncts(parse(match).node) if match is not None else ():
            equal = _equality(part)
            if equal is None:
                rest.append(part)
            else:
                sides["a"].append(equal[0])
                sides["b"].append(equal[1])
        self._sides = sides
        self._rest = [checked(part) for part in rest]

    @property
    def is_plain(self) -> bool:
        """Whether equal keys are all it takes."""
        return not self._rest

    @property
    def is_free(self) -> bool:
        """Whether every a goes with every b."""
        return self.match is None

    def key(self, role: str, seen: Seen) -> Hashable:
        """Equal for calls that may go together; a call of which it cannot be told goes with none."""
        sides = self._sides[role]
        if not sides:
            return ()
        try:
            names = {role: seen.facts}
            return tuple(frozen(self._conditions.value(side, names)) for side in sides)
        except EvaluationError:
            return object()

    def fits(self, a: Seen, b: Seen) -> bool:
        """Whether two calls with equal keys go together."""
        if not self._rest:
            return True
        self._tried += 1
        if self._tried > MOST:
            message = f"`{self.match}` was tried on {MOST:,} pairs of calls; compare something of a with == to b"
            raise JudgeError(message)
        names = {"a": a.facts, "b": b.facts}
        return all(self._conditions.holds(part, names) for part in self._rest)


def frozen(value: Any) -> Hashable:
    """A JSON value that can be looked up, equal where the values are."""
    if isinstance(value, dict):
        return "object", frozenset((name, frozen(part)) for name, part in value.items())
    if isinstance(value, list):
        return "list", tuple(map(frozen, value))
    scalar: Hashable = value
    return scalar


def _conjuncts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [found for part in node.values for found in _conjuncts(part)]
    return [node]


def _equality(node: ast.expr) -> tuple[Expression, Expression] | None:
    """What of a equals what of b, if that is all the condition says."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq):
        return None
    one, other = checked(node.left), checked(node.comparators[0])
    if one.names == {"a"} and other.names == {"b"}:
        return one, other
    return (other, one) if one.names == {"b"} and other.names == {"a"} else None
