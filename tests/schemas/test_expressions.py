"""What an expression may be, what is refused and with which words."""

from __future__ import annotations

import ast
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim import functions
from mcp_sim.expressions import EvaluationError, Evaluator
from schemas.expressions import FUNCTIONS, Expression, ExpressionError, checked, parse
from store.overlay import Overlay
from tests.schemas.sources import NAMES, sources


class Nothing(Overlay):
    """A view of no rows at all."""

    def __init__(self) -> None:
        self.now, self.seed = "2030-01-01T00:00:00Z", 0


def value_of(expression: Expression) -> tuple[str, Any]:
    try:
        return "value", Evaluator(dict(NAMES), Nothing()).value(expression)
    except EvaluationError as error:
        return "fault", str(error).partition("`: ")[2]


@pytest.mark.parametrize(
    "source",
    [
        "args.limit or 20",
        'ticket.status in ["open", "pending"]',
        "sum([line.price * line.qty for line in order.lines])",
        "rows[0].name",
        'row["a"]',
        "rows[1:3]",
        "rows[-1]",
        "not (a and b) or c",
        "a if b else c",
        "{'x': 1, 'y': [2, None]}",
        "{key: a[key] for key in a}",
        "[x + y for x in a for y in b if x != y]",
        "any(x > 1 for x in a)",
        "-a // 2 % 3",
        "1 < a <= 9",
        "a is not None",
        "later(now, days=1)",
        "f'{a:>10} of {b:,.2f}'",
        "(1, 2)",
    ],
)
def test_what_an_expression_may_be(source: str) -> None:
    assert parse(source).source == source


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "`` is not an expression: invalid syntax"),
        ("a b", "`a b` is not an expression: invalid syntax"),
        ("a = 1", "`a = 1` is not an expression: invalid syntax"),
        ("import os", "is not an expression"),
        ("lambda: 1", "`lambda: 1` uses Lambda, which expressions do not have"),
        ("a ** b", "`a ** b` uses Pow, which expressions do not have"),
        ("a << b", "uses LShift, which expressions do not have"),
        ("a @ b", "uses MatMult, which expressions do not have"),
        ("{1, 2}", "uses Set, which expressions do not have"),
        ("{x for x in a}", "uses SetComp, which expressions do not have"),
        ("(y := 1)", "uses NamedExpr, which expressions do not have"),
        ("[*a]", "uses Starred, which expressions do not have"),
        ("(await a)", "uses Await, which expressions do not have"),
        ("(yield)", "uses Yield, which expressions do not have"),
        ("a.lower()", "values have no methods; call a function instead, e.g. lower(x)"),
        ("a[0]()", "values have no methods"),
        ("(len)(a)(b)", "values have no methods"),
        ("a.__class__", "a field name cannot start with an underscore"),
        ("a._x", "a field name cannot start with an underscore"),
        ("b'x'", "only text, numbers, True, False and None are literals"),
        ("...", "only text, numbers, True, False and None are literals"),
        ("1j", "only text, numbers, True, False and None are literals"),
        ("9223372036854775808", "a number that does not fit into 64 bits"),
        ("1e999", "a number that is not finite"),
        ("len(*a)", "`*` and `**` are not available in calls"),
        ("later(**a)", "`*` and `**` are not available in calls"),
        ("f'{a!r}'", "`!r` and its kin are not available"),
        ("f'{a:{b}}'", "the format `:?` is not available"),
        ("f'{a:999999999}'", "the format `:999999999` is not available"),
        ("a\0", "is not an expression: source code string cannot contain null bytes"),
        ("x" * 4001, "an expression may have at most 4000 characters, this one has 4001"),
        ("-" * 3000 + "a", "is not an expression: "),
        ("(" * 1000 + "a" + ")" * 1000, "is not an expression: "),
        ("+".join("a" * 200), "an expression nested deeper than 100 levels; use `compute` for its parts"),
    ],
)
def test_what_an_expression_may_not_be(source: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(source)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400


def test_an_expression_knows_the_names_fields_and_calls_it_needs() -> None:
    found = parse('count("ship", dock_id=args.dock) + len([x for x in rows if x.dock == args.dock])')
    assert found.names == {"args", "rows"}
    assert found.fields == {("args", "dock")}
    assert found.calls == (("count", "ship", ("dock_id",)), ("len", None, ()))


def test_a_bare_argument_is_known_as_such() -> None:
    assert parse("args.limit").argument == "limit"
    assert parse("args.limit or 5").argument is None
    assert parse("row.limit").argument is None


def test_a_tree_that_was_built_is_checked_like_a_text() -> None:
    built = ast.Call(ast.Name("len", ast.Load()), [ast.Name("rows", ast.Load())], [])
    assert checked(built).source == "len(rows)"
    assert checked(built).names == {"rows"}
    with pytest.raises(ExpressionError, match="uses Lambda"):
        checked(ast.parse("lambda: 1", mode="eval").body)


@given(sources)
def test_the_text_of_a_tree_gives_the_same_value(source: str) -> None:
    written = parse(source)
    again = parse(ast.unparse(written.node))
    assert value_of(again) == value_of(written)
    assert value_of(checked(written.node)) == value_of(written)


@given(sources)
def test_a_value_is_always_json_of_bounded_size(source: str) -> None:
    kind, value = value_of(parse(source))
    if kind == "value":
        assert_json(value)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    with suppress(ExpressionError):
        assert isinstance(parse(text), Expression)


def assert_json(value: Any) -> None:
    match value:
        case None | bool() | str():
            pass
        case int():
            assert -(2**63) <= value < 2**63
        case float():
            assert value - value == 0
        case list():
            for item in value:
                assert_json(item)
        case dict():
            for key, item in value.items():
                assert isinstance(key, str)
                assert_json(item)
        case _:
            pytest.fail(f"{type(value).__name__} is not JSON")


def test_every_function_that_the_language_names_is_there() -> None:
    assert {*functions.FUNCTIONS, *functions.functions_over(Nothing())} == FUNCTIONS
