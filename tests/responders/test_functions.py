"""What expressions give: every function and operator of the language, in effects."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.running import Running

Act = Callable[..., Running]
ROWS = [{"id": "x", "n": 1}, {"id": "y", "n": 3}, {"id": "x", "n": 2}]


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("len(args.a)", 3),
        ("sum([row.n for row in args.a])", 6),
        ("min([3, 1]) + max(3, 1)", 4),
        ("round(2.567, 1)", 2.6),
        ("abs(-2)", 2),
        ("sorted([3, 1, None, 'b', True])", [None, True, 1, 3, "b"]),
        ("[row.n for row in sorted(args.a, 'n', True)]", [3, 2, 1]),
        ("any([row.n > 2 for row in args.a])", True),
        ("all([])", True),
        ("[int('7'), int(2.9), float('1.5'), bool('')]", [7, 2, 1.5, False]),
        ("[str(1.0), str(None), str(True), str([1]), str('x')]", ["1", "", "true", "[1]", "x"]),
        ("range(2, 8, 3)", [2, 5]),
        ("enumerate(['a', 'b'])", [[0, "a"], [1, "b"]]),
        ("zip([1, 2, 3], ['a', 'b'])", [[1, "a"], [2, "b"]]),
        ("[lower('Ä'), upper('ß'), strip(' x ')]", ["ä", "SS", "x"]),
        ("[split('a b'), split('a,b', ',')]", [["a", "b"], ["a", "b"]]),
        ("[join(['a', 1, None]), join([], '-')]", ["a, 1, ", ""]),
        ("replace('aba', 'a', 'cc')", "ccbcc"),
        ("[starts_with('abc', 'ab'), ends_with('abc', 'ab')]", [True, False]),
        ("[pad(7, 3), pad('x', 999)]", ["007", "0" * 63 + "x"]),
        ("[at(args.a, 1, 'n'), at(args.a, -1, 'n'), at(args.a, 9, 'n'), at(None, 'n'), at('x', 0)]", [3, 2, *[None] * 3]),
        ("[calculate('2 * (3.5 + 1)'), calculate('1 / 3'), calculate('-4')]", [9, 0.33, -4]),
        ("[entry({'a': {'true': 3}}, 'a', 1 < 2), entry({'b': 4}, 'b')]", [3, 4]),
        ("[calculate('2 +'), calculate('a'), calculate('1 / 0'), calculate('9 ** 9 ** 9'), calculate(3)]", [None] * 5),
        ("unique([1, 1.0, '1', [1], [1]])", [1, "1", [1]]),
        ("flatten([[1], [], [2, 3]])", [1, 2, 3]),
        ("[[part.key, len(part.items)] for part in group(args.a, 'id')]", [["x", 2], ["y", 1]]),
        ("[mean([1, 2]), mean([])]", [1.5, None]),
        ("[first([]), first([1, 2]), last([1, 2]), last([])]", [None, 1, 2, None]),
        ("merge({'a': 1}, None, {'a': 2, 'b': 3})", {"a": 2, "b": 3}),
        ("[keys({'a': 1}), values({'a': 1})]", [["a"], [1]]),
        ("[without({'a': 1, 'b': 2}, 'a', 'c'), pick({'a': 1, 'b': 2}, 'b', 'c')]", [{"b": 2}, {"b": 2}]),
        ("get('ship', 'S-001').name", "Aurora"),
        ("[get('ship', 'S-9'), get('ship', None)]", [None, None]),
        ("get('crate', 2).weight", 40),
        ("[row.id for row in find('ship', yard='Leith', tonnes=700)]", ["S-002"]),
        ("[count('ship'), count('ship', dock_id='D-01'), count('ship', dock_id=None)]", [3, 2, 1]),
        ("[[r.entity, r.path, r.row.id] for r in referrers('dock', 'D-01')]", [["ship", "dock_id", "S-001"], ["ship", "dock_id", "S-002"]]),
        ("later('2030-01-31T00:00:00Z', days=1, hours=1.5)", "2030-02-01T01:30:00Z"),
        ("later('2030-01-01T02:00:00+02:00', seconds=0.25)", "2030-01-01T00:00:00.250Z"),
        ("seconds_between('2030-01-01T00:00:00Z', '2030-01-01T01:00:00Z')", 3600.0),
        ("date('2030-01-01T23:30:00-02:00')", "2030-01-02"),
        ("now", "2030-01-01T09:00:01Z"),
        ("[7 // 2, 7 % 3, -7 / 2, 'a' + 'b', [1] + [2], 'ab' * 2]", [3, 1, -3.5, "ab", [1, 2], "abab"]),
        ("[2 == 2.0, 1 < 2 <= 2, 'a' in 'abc', 3 not in [1], None is None]", [True] * 5),
        ("[1 and 0, 0 or 'x', not 1]", [0, "x", False]),
        ("[args.a[0].id, args.a[-1]['n'], args.a[0].nothing, [1, 2, 3, 4][1:3]]", ["x", 2, None, [2, 3]]),
        ("{'n': 1, 'list': (1, 2)}", {"n": 1, "list": [1, 2]}),
        ("{row.id: row.n for row in args.a}", {"x": 2, "y": 3}),
        ("[[x, y] for x in [1, 2] for y in [x, 9] if x != y]", [[1, 9], [2, 9]]),
        ("f'{1.5:>6.2f}|{7:03}|{None}|{True}|{[1]}|{1234567:,}'", "  1.50|007||true|[1]|1,234,567"),
    ],
)  # fmt: skip
def test_an_expression_gives_its_value(act: Act, source: str, value: Any) -> None:
    found = act({"compute": {"x": f"{{ {source} }}"}}, returns="{x}").done("act", a=ROWS)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("1 / args.b", "division by zero"),
        ("1 % args.b", "modulo by zero"),
        ("args.a.x.y", "a list has no field 'x'"),
        ("args.c.x", "null has no field 'x'"),
        ("args.a[9]", "list index out of range"),
        ("args.a + 1", "can only concatenate list"),
        ("'%s' % 5", "% is for numbers"),
        ("4611686018427387904 * 2", "the result does not fit into 64 bits"),
        ("-9223372036854775807 - 2", "the result does not fit into 64 bits"),
        ("sum([9223372036854775807, 1])", "the result does not fit into 64 bits"),
        ("int('9' * 30)", "the result does not fit into 64 bits"),
        ("round(1e300)", "the result does not fit into 64 bits"),
        ("1e308 * 10", "the result is not a finite number"),
        ("float('nan')", "the result is not a finite number"),
        ("float('inf')", "the result is not a finite number"),
        ("mean([1.7e308, 1.7e308])", "overflow"),
        ("'x' * 100001", "too long|something that long"),
        ("[0] * 100001", "something that long"),
        ("range(10001)", "range is longer than 10000"),
        ("flatten([range(10000), [1]])", "more than 10000 items"),
        ("join([args.d for x in range(101)])", "more than 100,000 characters"),
        ("f'{args.d}' * 101", "something that long"),
        ("replace(args.d, 'x', 'y' * 101)", "a result of at most 100,000 characters"),
        ("[0 for x in range(200) for y in range(200)]", "too many elements"),
        ("len([0 for x in range(9000) if [0 for y in range(9000) if False]])", "too many elements"),
        ("{1: 2}", "the keys of an object are texts"),
        ("{x: 1 for x in [1]}", "the keys of an object are texts"),
        ("entry({'a': 1}, 'c')", "the table holds nothing under 'c'"),
        ("later('soon')", "Invalid isoformat string"),
        ("later(now, days=1e12)", "too large|out of range"),
        ("random_int('x', 5, 4)", "modulo by zero"),
        ("find(args.d)", "no entity 'x"),
    ],
)
def test_an_expression_without_a_value_is_a_fault_of_the_pack_that_quotes_it(act: Act, source: str, fault: str) -> None:
    running = act({"compute": {"x": f"{{ {source} }}"}}, returns="{x}")
    found = running.fault("act", a=ROWS, b=0, d="x" * 1000)
    assert re.search(rf"(?s)^tool 'act', /effect/steps/0: `.*`: .*({fault})", found)
    assert len(found) < 500


def test_a_random_number_is_fixed_by_seed_step_and_purpose(act: Act) -> None:
    running = act({"compute": {"x": "{[random_int(p, 1, 6) for p in ['a', 'b', 'a']]}"}}, returns="{x}")
    first, second = running.done("act"), running.done("act")
    assert first[0] == first[2]
    assert all(1 <= number <= 6 for number in first + second)
    running.session = running.sessions.reset(running.session.id)
    assert [running.done("act"), running.done("act")] == [first, second]


@pytest.mark.parametrize(
    ("template", "given", "value"),
    [
        ("{args.a}", {"a": 5}, 5),
        ("{args.a}", {"a": None}, None),
        ("{args.a}", {}, None),
        ("a is {args.a}", {}, "a is "),
        ("a is {args.a}", {"a": 2.0}, "a is 2"),
        ("{args.a:.2f}", {"a": 2}, "2.00"),
        ({"x": "{args.a}", "y": 1}, {}, {"y": 1}),
        ({"x": "{args.a}", "y": 1}, {"a": None}, {"x": None, "y": 1}),
        (["{args.a}", "{args.b}"], {"b": 2}, [2]),
        ("{{args.a}}", {"a": 1}, "{args.a}"),
        ({"{args.a}": 1}, {"a": 1}, {"{args.a}": 1}),
    ],
)
def test_a_template_keeps_types_and_drops_what_was_left_out(act: Act, template: Any, given: Any, value: Any) -> None:
    assert act(returns=template).done("act", **given) == value


def test_an_argument_that_is_left_out_has_its_default(act: Act) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "default": 7}}}
    running = act(returns="{args.a}", input=schema)
    assert (running.done("act"), running.done("act", a=1)) == (7, 1)
