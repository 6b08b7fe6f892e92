"""Clauses put together, clauses in Python, and the verdict they come to."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import jsonschema_rs
import orjson
import pytest

from mcp_sim.contracts import Bench, JudgeError, Run, encode_verdict, judge
from schemas.load import SHIPPED, load_world
from schemas.types import Failure, Trace
from tests.contracts.traces import Fleet, bare_world, contract, result, step, trace

WORLD = bare_world("a", "b", "c")
DONE = trace(WORLD, "ab")
HELD: dict[str, Any] = {"existence": "a"}
BROKEN: dict[str, Any] = {"existence": "c"}
VACUOUS: dict[str, Any] = {"response": ["c", "a"]}
PARTS = {"held": HELD, "broken": BROKEN, "vacuous": VACUOUS}


@pytest.mark.parametrize("outcomes", list(product(PARTS, repeat=2)))
def test_any_of_and_all_of_are_or_and_and(outcomes: tuple[str, str]) -> None:
    parts = [PARTS[outcome] for outcome in outcomes]
    either = result(DONE, {"any_of": parts}).outcome
    assert either == ("held" if "held" in outcomes else "vacuous" if "vacuous" in outcomes else "broken")
    both = result(DONE, {"all_of": parts}).outcome
    assert both == ("broken" if "broken" in outcomes else "held" if "held" in outcomes else "vacuous")


@pytest.mark.parametrize(("outcome", "turned"), [("held", "broken"), ("broken", "held"), ("vacuous", "broken")])
def test_not_turns_a_clause_round(outcome: str, turned: str) -> None:
    assert result(DONE, {"not": PARTS[outcome]}).outcome == turned
    assert result(DONE, {"not": {"not": PARTS[outcome]}}).outcome == ("broken" if outcome == "broken" else "held")


def test_a_broken_group_tells_what_its_parts_say() -> None:
    found = result(DONE, {"any_of": [BROKEN, {"name": "two a", "existence": "a", "n": 2}]})
    assert found.message == (
        "none of 2 holds: existence(c): c came 0 times; the session ended with step 2; "
        "two a: a came 1 time, 2 are wanted; the session ended with step 2"
    )
    assert (found.steps, [part.outcome for part in found.parts]) == ((1, 2), ["broken", "broken"])
    found = result(DONE, {"all_of": [HELD, {"not": {"existence": "b"}}]})
    assert found.message == (
        "not: existence(b): 'existence(b)' holds, where it may not: b came 1 time; the session ended with step 2"
    )
    assert found.steps == (2,)


def test_a_should_is_told_and_fails_nothing() -> None:
    made = contract(WORLD, {**BROKEN, "severity": "should", "why": "It would be nice."}, HELD)
    verdict = judge(made, DONE)
    assert verdict.passed
    assert [one.why for one in verdict.warnings] == ["It would be nice."]
    assert not judge(contract(WORLD, BROKEN, HELD), DONE).passed


def lonely(found: Trace, _run: Run | None, *, tool: str = "b") -> Iterable[Failure] | None:
    """A clause in Python: no two calls of a tool."""
    steps = [one.n for one in found.steps if one.call.tool == tool]
    if not steps:
        return None
    return [Failure(f"{tool} came {len(steps)} times", tuple(steps))] if len(steps) > 1 else []


def failing(_found: Trace, _run: Run | None) -> None:
    raise ValueError("no idea")


def wordy(_found: Trace, _run: Run | None) -> list[str]:
    return ["it went wrong"]


def test_a_function_decides_a_clause() -> None:
    clause = {"python": "tests.contracts.test_groups:lonely"}
    assert result(DONE, clause).outcome == "held"
    assert result(DONE, {**clause, "with": {"tool": "c"}}).outcome == "vacuous"
    broken = result(trace(WORLD, "bab"), clause)
    assert (broken.outcome, broken.message, broken.steps) == ("broken", "b came 2 times", (1, 3))


def test_a_function_may_be_given_instead_of_imported() -> None:
    made = contract(WORLD, {"python": "my:rule"})
    assert not judge(made, DONE, functions={"my:rule": lambda *_: [Failure("no", (1,))]}).passed
    with pytest.raises(JudgeError, match="no module 'my' on the Python path"):
        judge(made, DONE)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("failing", "the function tests.contracts.test_groups:failing failed: ValueError: no idea"),
        ("wordy", "the function tests.contracts.test_groups:wordy gave a str; it gives Failures, or None"),
    ],
)
def test_a_function_that_fails_is_a_fault_of_the_contract_not_of_the_agent(name: str, told: str) -> None:
    with pytest.raises(JudgeError) as caught:
        result(DONE, {"python": f"tests.contracts.test_groups:{name}"})
    assert str(caught.value) == told


def test_a_bench_gives_a_verdict_at_any_moment() -> None:
    bench = Bench(contract(WORLD, {"response": ["a", "b"]}), WORLD)
    found = trace(WORLD, "abab")
    outcomes = []
    for count, one in enumerate(found.steps, 1):
        bench.take(one)
        so_far = Trace(1, WORLD, 0, found.steps[:count])
        assert bench.verdict(so_far) == bench.verdict(so_far)
        outcomes.append(bench.verdict(so_far).clauses[0].outcome)
    assert outcomes == ["broken", "held", "broken", "held"]


def test_a_verdict_is_the_same_bytes_each_time_and_fits_its_schema() -> None:
    verdict = judge(contract(WORLD, {"any_of": [HELD, BROKEN]}, BROKEN), DONE)
    again = judge(contract(WORLD, {"any_of": [HELD, BROKEN]}, BROKEN), DONE)
    assert encode_verdict(again) == encode_verdict(verdict)
    schema = orjson.loads((SHIPPED / "wire" / "verdict.schema.json").read_bytes())
    jsonschema_rs.validator_for(schema).validate(orjson.loads(encode_verdict(verdict)))


def test_a_contract_is_asked_of_another_world_only_if_it_fits() -> None:
    made = contract(WORLD, {"existence": "c"})
    wider = bare_world("a", "b", "c", "d")
    assert not judge(made, trace(wider, "ad")).passed
    with pytest.raises(JudgeError, match="does not fit the world 'shop' of this trace: no tool 'c'"):
        judge(made, Trace(1, load_world("shop"), 0))


def test_a_condition_without_a_value_does_not_hold() -> None:
    found = trace(WORLD, [("a", {"k": "x"}), ("a", {"k": 3})])
    assert result(found, {"existence": {"tool": "a", "where": "args.k > 2"}}).steps == (2,)
    assert result(found, {"precedence": ["b", {"tool": "a", "where": "observation.items[5]"}]}).outcome == "vacuous"


@pytest.mark.parametrize(
    ("pattern", "steps"),
    [
        ({"tool": "a", "args": {"k": 1}}, (1,)),
        ({"tool": ["a", "b"]}, (1, 2, 3)),
        ({"tool": "[ab]", "ok": True}, (1, 2)),
        ({"ok": False}, (3,)),
        ({"where": "status == 404 and n == 3"}, (3,)),
        ({"where": 'tool == "b" and waited > 1'}, (2,)),
        ({"where": 'text == "{}" and not is_error and len(changes) == 0'}, (1, 2)),
        ({"where": 'at >= "2030-01-01T09:00:03Z"'}, (3,)),
    ],
)
def test_a_pattern_picks_calls(pattern: dict[str, Any], steps: tuple[int, ...]) -> None:
    calls = (
        step(1, "a", WORLD, k=1),
        step(2, "b", WORLD, waited=2, k=True),
        step(3, "a", WORLD, status=404, text="no", k=2),
    )
    assert result(Trace(1, WORLD, 0, calls), {"existence": pattern}).steps == steps


def test_defaults_of_arguments_are_filled_in(fleet: Fleet) -> None:
    found = fleet.voyage(("list_ships", {}))
    assert fleet.told(found, {"existence": {"tool": "list_ships", "args": {"limit": 10}}}).startswith("held")
