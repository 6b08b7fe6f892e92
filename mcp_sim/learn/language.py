"""Expressions of the effect language as Python functions over names: the same meaning, fast enough to search over."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from mcp_sim.functions import FUNCTIONS, as_text, field_of

Names = Mapping[str, Any]


class _Undefined:
    """What an expression is worth that has no value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = _Undefined()


def _item(container: Any, index: Any) -> Any:
    return container.get(index) if isinstance(container, dict) else container[index]


def _text(*parts: Any) -> str:
    return "".join(map(as_text, parts))


class _Compiler(ast.NodeTransformer):
    """Fields, items, texts and calls as the functions of this module; free names as items of `names`."""

    def __init__(self) -> None:
        self.bound: set[str] = set()

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return _call("field_of", self.visit(node.value), ast.Constant(node.attr))

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.slice, ast.Slice):
            return self.generic_visit(node)
        return _call("item_of", self.visit(node.value), self.visit(node.slice))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        parts = [self.visit(part.value) if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return _call("text_of", *parts)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        function: ast.expr = ast.Name(f"f_{name}", ast.Load())
        if name in _OVER_ROWS:
            function = ast.Attribute(_named("rows"), name, ast.Load())
        keywords = [ast.keyword(k.arg, self.visit(k.value)) for k in node.keywords]
        return ast.Call(function, [self.visit(a) for a in node.args], keywords)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return node if node.id in self.bound or isinstance(node.ctx, ast.Store) else _named(node.id)

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        self.generic_visit(node)
        return node if isinstance(node.ctx, ast.Store) else ast.List(node.elts, ast.Load())


_OVER_ROWS = ("get", "find", "count")
_GLOBALS: dict[str, Any] = {f"f_{name}": function for name, function in FUNCTIONS.items()}
_GLOBALS |= {"field_of": field_of, "item_of": _item, "text_of": _text, "__builtins__": {}}


def _named(name: str) -> ast.expr:
    return ast.Subscript(ast.Name("names", ast.Load()), ast.Constant(name), ast.Load())


def _call(function: str, *arguments: Any) -> ast.Call:
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])


@lru_cache(maxsize=200_000)
def compiled(source: str) -> Callable[[Names], Any]:
    """The expression as a function; it raises what Python raises where the expression has no value."""
    tree = ast.parse(source, mode="eval").body
    compiler = _Compiler()
    compiler.bound = {
        part.id for part in ast.walk(tree) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }
    body = ast.Expression(
        ast.Lambda(
            ast.arguments(posonlyargs=[], args=[ast.arg("names")], kwonlyargs=[], kw_defaults=[], defaults=[]),
            compiler.visit(tree),
        )
    )
    code = compile(ast.fix_missing_locations(body), "<expression>", "eval")
    function: Callable[[Names], Any] = eval(code, _GLOBALS)  # noqa: S307 - the search wrote it, of checked parts
    return function


def value(source: str, names: Names) -> Any:
    """The value of the expression, or UNDEFINED."""
    try:
        return compiled(source)(names)
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return UNDEFINED


def column(source: str, examples: list[Any]) -> list[Any]:
    """The value of the expression for each of some names."""
    function = compiled(source)
    found: list[Any] = []
    for names in examples:
        try:
            found.append(function(names))
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
            found.append(UNDEFINED)
    return found
