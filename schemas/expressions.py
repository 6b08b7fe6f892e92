"""Expressions and templates of the effect language, parsed and checked but not yet run.

An expression is a Python expression cut down to what is safe and bounded; its syntax tree is Python's own `ast`, so a
program can be built from a tree as well as written by a person.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MAX_SOURCE = 4000
MAX_DEPTH = 100

FUNCTIONS = frozenset({
    "len", "sum", "min", "max", "round", "abs", "sorted", "any", "all", "int", "float", "str", "bool",
    "range", "enumerate", "zip", "lower", "upper", "strip", "split", "join", "replace", "starts_with",
    "ends_with", "pad", "unique", "flatten", "group", "mean", "first", "last", "merge", "keys", "values",
    "without", "pick", "get", "find", "count", "referrers", "later", "seconds_between", "utc", "date", "random_int",
    "at", "calculate", "overlaid", "entry",
})  # fmt: skip

_NODES = (
    ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Store, ast.Attribute, ast.Subscript, ast.Slice,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod,
    ast.UnaryOp, ast.Not, ast.USub, ast.UAdd, ast.BoolOp, ast.And, ast.Or,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot,
    ast.IfExp, ast.Call, ast.keyword, ast.List, ast.Dict, ast.Tuple,
    ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.comprehension, ast.JoinedStr, ast.FormattedValue,
)  # fmt: skip
_FORMAT = re.compile(r"^[<>^=]?[+\- ]?#?0?\d{0,2},?(\.\d{1,2})?[bdefgoxX%s]?$")


class ExpressionError(ValueError):
    """A text that is not an expression of this language; the message says what is wrong."""


@dataclass(frozen=True)
class Expression:
    """A checked expression.

    Attributes:
        source: the text it was parsed from.
        node: its syntax tree.
        names: the free names it needs.
        fields: pairs (name, field) for every `name.field` in it.
        calls: for every call, the function, its first argument if that is a literal, and its keywords.
    """

    source: str
    node: ast.expr
    names: frozenset[str]
    fields: frozenset[tuple[str, str]]
    calls: tuple[tuple[str, Any, tuple[str, ...]], ...]

    @property
    def argument(self) -> str | None:
        """`x` when the expression is exactly `args.x`, else None."""
        node = self.node
        is_argument = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "args"
        return node.attr if is_argument and isinstance(node, ast.Attribute) else None


@lru_cache(maxsize=4096)
def parse(source: str) -> Expression:
    """Parse one expression.

    Raises:
        ExpressionError: not a Python expression, or one with a part that this language leaves out.
    """
    if len(source) > MAX_SOURCE:
        raise ExpressionError(f"an expression may have at most {MAX_SOURCE} characters, this one has {len(source)}")
    try:
        tree = ast.parse(source.strip(), mode="eval")
    except SyntaxError as error:
        raise ExpressionError(f"`{_shown(source)}` is not an expression: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"`{_shown(source)}` is not an expression: {error}") from None
    return checked(tree.body, source)


def checked(node: ast.expr, source: str | None = None) -> Expression:
    """An Expression from a syntax tree, after the same checks as one from text.

    Raises:
        ExpressionError: the tree has a part that this language leaves out, or too many levels.
    """
    _check_depth(node)
    source = ast.unparse(node) if source is None else source
    bound: set[str] = set()
    names: set[str] = set()
    fields: set[tuple[str, str]] = set()
    calls: list[tuple[str, Any, tuple[str, ...]]] = []
    functions: set[int] = set()
    for part in ast.walk(node):
        _check_node(part, source)
        if isinstance(part, ast.Call):
            assert isinstance(part.func, ast.Name)
            functions.add(id(part.func))
            first = part.args[0].value if part.args and isinstance(part.args[0], ast.Constant) else None
            calls.append((part.func.id, first, tuple(keyword.arg or "" for keyword in part.keywords)))
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            bound.add(part.id)
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            fields.add((part.value.id, part.attr))
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and id(part) not in functions:
            names.add(part.id)
    free = frozenset(names - bound)
    return Expression(source, node, free, frozenset(f for f in fields if f[0] in free), tuple(calls))


def _check_depth(node: ast.AST) -> None:
    level, depth = [node], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ExpressionError(f"an expression nested deeper than {MAX_DEPTH} levels; use `compute` for its parts")
        level = [child for part in level for child in ast.iter_child_nodes(part)]


def _check_node(node: ast.AST, source: str) -> None:
    if not isinstance(node, _NODES):
        raise ExpressionError(f"`{source}` uses {type(node).__name__}, which expressions do not have")
    if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
        raise ExpressionError(f"`{source}`: a field name cannot start with an underscore")
    if isinstance(node, ast.Constant):
        if not isinstance(node.value, str | int | float | bool | None):
            raise ExpressionError(f"`{source}`: only text, numbers, True, False and None are literals")
        if isinstance(node.value, float) and not math.isfinite(node.value):
            raise ExpressionError(f"`{source}`: a number that is not finite")
        if isinstance(node.value, int) and not -(2**63) <= node.value < 2**63:
            raise ExpressionError(f"`{source}`: a number that does not fit into 64 bits")
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name):
            raise ExpressionError(f"`{source}`: values have no methods; call a function instead, e.g. lower(x)")
        if any(keyword.arg is None for keyword in node.keywords) or any(isinstance(a, ast.Starred) for a in node.args):
            raise ExpressionError(f"`{source}`: `*` and `**` are not available in calls")
    if isinstance(node, ast.FormattedValue):
        if node.conversion != -1:
            raise ExpressionError(f"`{source}`: `!r` and its kin are not available")
        spec = node.format_spec
        if spec is not None:
            parts = spec.values if isinstance(spec, ast.JoinedStr) else [spec]
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in parts)
            if not _FORMAT.match(text):
                raise ExpressionError(f"`{source}`: the format `:{text}` is not available")


class Template:
    """JSON with `{expression}` parts, parsed: a literal, an expression, a text, a list or an object."""

    __slots__ = ()


@dataclass(frozen=True)
class Literal(Template):
    """A value that stays as it is."""

    value: Any


@dataclass(frozen=True)
class Value(Template):
    """An expression: one whole `{expression}` keeps its type, a text with parts is an f-string."""

    expression: Expression
    whole: bool


@dataclass(frozen=True)
class Items(Template):
    """A list of templates."""

    items: tuple[Template, ...]


@dataclass(frozen=True)
class Fields(Template):
    """An object of templates."""

    fields: tuple[tuple[str, Template], ...]


def parse_template(value: Any) -> Template:
    """Parse a template.

    Raises:
        ExpressionError: a string in it holds something that is not an expression.
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        items = tuple(parse_template(item) for item in value)
        return Literal(value) if all(isinstance(item, Literal) for item in items) else Items(items)
    if isinstance(value, dict):
        fields = tuple((key, parse_template(item)) for key, item in value.items())
        return Literal(value) if all(isinstance(item, Literal) for _, item in fields) else Fields(fields)
    return Literal(value)


def expressions(template: Template) -> list[Expression]:
    """Every expression of a template, in order."""
    match template:
        case Value(expression, _):
            return [expression]
        case Items(items):
            return [found for item in items for found in expressions(item)]
        case Fields(fields):
            return [found for _, item in fields for found in expressions(item)]
        case _:
            return []


@lru_cache(maxsize=4096)
def _text(text: str) -> Template:
    if "{" not in text and "}" not in text:
        return Literal(text)
    if len(text) > MAX_SOURCE:
        raise ExpressionError(f"a template may have at most {MAX_SOURCE} characters, this one has {len(text)}")
    quote = next((q for q in ('"""', "'''") if q not in text and not text.endswith(q[0])), None)
    if quote is None:
        raise ExpressionError(f"`{_shown(text)}` is not a template: it mixes three quotes in a row with another quote")
    escaped = text.replace("\\", "\\\\").replace("\r", "\\r")
    try:
        node = ast.parse(f"f{quote}{escaped}{quote}", mode="eval").body
        _check_depth(node)
    except SyntaxError as error:
        reason = error.msg.removeprefix("f-string: ")
        reason = _BACKSLASH if "backslash" in reason else reason
        raise ExpressionError(f"`{_shown(text)}` is not a template: {reason}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"`{_shown(text)}` is not a template: {error}") from None
    if any(map(_has_backslash, ast.walk(node))):  # Python allows it from 3.12 on
        raise ExpressionError(f"`{_shown(text)}` is not a template: {_BACKSLASH}")
    if isinstance(node, ast.Constant):
        return Literal(node.value)
    if not isinstance(node, ast.JoinedStr):
        raise ExpressionError(f"`{text}` is not a template")
    if len(node.values) == 1 and isinstance(node.values[0], ast.FormattedValue):
        only = node.values[0]
        if only.format_spec is None and only.conversion == -1:
            return Value(checked(only.value, ast.unparse(only.value)), whole=True)
    if all(isinstance(part, ast.Constant) for part in node.values):
        return Literal("".join(str(part.value) for part in node.values if isinstance(part, ast.Constant)))
    return Value(checked(node, text), whole=False)


_BACKSLASH = "no backslash stands inside {}; name its text with `compute` first"


def _has_backslash(node: ast.AST) -> bool:
    """Whether a part of an f-string has a backslash inside its braces, where they stand in literals alone."""
    inside = ast.walk(node.value) if isinstance(node, ast.FormattedValue) else ()
    return any(isinstance(part, ast.Constant) and "\\" in str(part.value) for part in inside)


def _shown(source: str) -> str:
    return source if len(source) <= 200 else f"{source[:200]}…"
