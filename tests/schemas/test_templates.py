"""Templates: JSON whose strings may hold expressions."""

from __future__ import annotations

import ast
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.expressions import (
    ExpressionError,
    Fields,
    Items,
    Literal,
    Template,
    Value,
    expressions,
    parse_template,
)
from tests.schemas.values import json_values, texts


def sources_of(template: Template) -> list[str]:
    return [expression.source for expression in expressions(template)]


def test_one_whole_expression_keeps_its_type_and_a_part_makes_text() -> None:
    whole, part = parse_template("{args.limit}"), parse_template("limit {args.limit}")
    assert isinstance(whole, Value)
    assert isinstance(part, Value)
    assert (whole.whole, part.whole) == (True, False)
    assert whole.expression.argument == "limit"


def test_a_format_makes_text_even_of_a_whole_expression() -> None:
    found = parse_template("{args.price:.2f}")
    assert isinstance(found, Value)
    assert not found.whole


def test_expressions_are_found_in_lists_and_objects_in_order() -> None:
    found = parse_template({"a": ["{x}", {"b": "{y} and {z}"}], "c": 5, "d": "{w}"})
    assert isinstance(found, Fields)
    assert sources_of(found) == ["x", "{y} and {z}", "w"]
    assert isinstance(parse_template(["{x}", 1]), Items)


@pytest.mark.parametrize(("text", "literal"), [("{{now}}", "{now}"), ("a }} b {{", "a } b {"), ("{{}}", "{}")])
def test_a_doubled_brace_is_a_brace(text: str, literal: str) -> None:
    assert parse_template(text) == Literal(literal)


@given(json_values)
def test_a_value_without_braces_stands_for_itself(value: Any) -> None:
    assume(not any(brace in text for text in strings_in(value) for brace in "{}"))
    assert parse_template(value) == Literal(value)


def strings_in(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for item in value for text in strings_in(item)]
        case dict():
            return [text for item in value.values() for text in strings_in(item)]
    return []


@given(before=texts, after=texts)
def test_the_text_around_an_expression_stays_as_it_is(before: str, after: str) -> None:
    assume(before + after)
    assume(not any(quote * 3 in before + after or after.endswith(quote) for quote in "'\""))
    found = parse_template(f"{_doubled(before)}{{x}}{_doubled(after)}")
    assert isinstance(found, Value)
    assert isinstance(found.expression.node, ast.JoinedStr)
    parts = found.expression.node.values
    at = next(index for index, part in enumerate(parts) if isinstance(part, ast.FormattedValue))
    assert "".join(str(part.value) for part in parts[:at] if isinstance(part, ast.Constant)) == before
    assert "".join(str(part.value) for part in parts[at + 1 :] if isinstance(part, ast.Constant)) == after


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "`{` is not a template: expecting '}'"),
        ("}", "`}` is not a template: single '}' is not allowed"),
        ("{}", "`{}` is not a template: empty expression not allowed"),
        ("{a b}", "`{a b}` is not a template: "),
        ("{x!r}", "`!r` and its kin are not available"),
        ("{a.b()} costs", "values have no methods"),
        ("{a}\0", "is not a template: source code string cannot contain null bytes"),
        ("{a}" * 2000, "a template may have at most 4000 characters, this one has 6000"),
        ("{" + "-" * 3000 + "a}", "is not a template: "),
        ("{" + "+".join("a" * 200) + "}", "an expression nested deeper than 100 levels"),
        ("{" + "a" + ".b" * 300 + "}", "an expression nested deeper than 100 levels"),
    ],
)
def test_what_a_template_may_not_be(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_template(text)
    assert message in str(caught.value)


@given(st.text(alphabet="{}ax\"'\\:! \r\n", max_size=20))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    with suppress(ExpressionError):
        assert isinstance(parse_template(text), Template)


@pytest.mark.parametrize("text", ["'{a}'", '"{a}"', "{a}'''", '{a}"""', '"""{a}"""', "it's {a}", "{a}\\"])
def test_quotes_and_backslashes_are_only_text(text: str) -> None:
    assert isinstance(parse_template(text), Value)


@pytest.mark.parametrize("text", [r'{split(a, "\n")}', r"{a}: {join(b, '\t')}", r'{a[r"\d"]}', r"""{f"{a}\n"}"""])
def test_a_backslash_inside_braces_is_refused_on_every_version_of_python(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_template(text)
    told = f"`{text}` is not a template: no backslash stands inside {{}}; name its text with `compute` first"
    assert str(caught.value) == told


def test_both_kinds_of_quotes_in_threes_are_refused() -> None:
    with pytest.raises(ExpressionError, match="mixes three quotes in a row with another quote"):
        parse_template("''' {a} " + '"""')
