"""Conditions over the arguments of a call, fast enough to be asked at every call.

What compares, and combines comparisons, runs as Python; its meaning is the same. The rest is left to the Evaluator.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from mcp_sim.expressions import EvaluationError, Evaluator
from mcp_sim.functions import field_of
from schemas.expressions import Expression, parse

Names = dict[str, Any]

_PLAIN = (
    ast.Constant, ast.Name, ast.Load, ast.Attribute, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.List,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot,
)  # fmt: skip
_FIELD = "$field"


def predicate(source: str) -> Callable[[Names], bool]:
    """A condition as a function over the values of its names; what has no value does not hold."""
    expression = parse(source)
    if all(isinstance(part, _PLAIN) for part in ast.walk(expression.node)):
        return _compiled(expression)
    return _evaluated(expression)


def _compiled(expression: Expression) -> Callable[[Names], bool]:
    tree = ast.fix_missing_locations(ast.Expression(_Fields().visit(_copy(expression))))
    code = compile(tree, "<condition>", "eval")
    functions = {"__builtins__": {}, _FIELD: field_of}

    def holds(names: Names) -> bool:
        try:
            return bool(eval(code, functions, names))  # noqa: S307 - of the checked subset, which calls nothing
        except (TypeError, NameError):
            return False

    return holds


def _evaluated(expression: Expression) -> Callable[[Names], bool]:
    evaluator = Evaluator({})

    def holds(names: Names) -> bool:
        evaluator.names = names
        try:
            return bool(evaluator.value(expression))
        except EvaluationError:
            return False

    return holds


class _Fields(ast.NodeTransformer):
    """`args.x` is a field of a JSON object, and null where it is not there."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        value = self.visit(node.value)
        return ast.Call(ast.Name(_FIELD, ast.Load()), [value, ast.Constant(node.attr)], [])


def _copy(expression: Expression) -> ast.expr:
    return ast.parse(ast.unparse(expression.node), mode="eval").body
