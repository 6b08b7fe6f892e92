"""Where a perturbation acts: every condition by itself, and together."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.expressions import EvaluationError, Evaluator
from mcp_sim.perturb.predicate import predicate
from schemas.expressions import parse
from tests.perturb.conftest import Perturb
from tests.schemas.values import json_values


@pytest.mark.parametrize(
    ("where", "acts"),
    [
        ({"nth": 3}, [3]),
        ({"nth": [2, 5, 6]}, [2, 5, 6]),
        ({"every": 3}, [3, 6, 9]),
        ({"every": 2, "nth": [3, 4, 8]}, [4, 8]),
        ({"times": 2}, [1, 2]),
        ({"every": 2, "times": 2}, [2, 4]),
        ({"from": 4}, [4, 5, 6, 7, 8, 9, 10]),
        ({"until": 4}, [1, 2, 3]),
        ({"from": 3, "until": 6}, [3, 4, 5]),
        ({"from": "2030-01-01T09:00:03Z", "until": "2030-01-01T10:00:06+01:00"}, [3, 4, 5]),
        ({"from": "2030-01-01T09:00:09"}, [9, 10]),
        ({"from": 3, "times": 2, "every": 2}, [4, 6]),
        ({"after": {"tool": "get_*", "times": 4}}, [5, 6, 7, 8, 9, 10]),
        ({"after": {"tool": "get_parcel", "times": 8, "outcome": "success"}}, [9, 10]),
        ({"after": {"tool": "get_parcel", "outcome": "error"}}, []),
        ({"tool": ["get_parcel", "motto"], "nth": 1}, [1]),
        ({"tool": "list_*"}, []),
        ({"writes": False, "entity": "parcel", "nth": 7}, [7]),
        ({"writes": True}, []),
        ({"entity": "van"}, []),
    ],
)
def test_a_condition_means_these_of_ten_calls(perturb: Perturb, where: dict[str, Any], acts: list[int]) -> None:
    assert perturb({"latency": {"seconds": 0.001}, "where": where}).acting(10) == acts


def test_only_calls_that_the_condition_means_are_counted(perturb: Perturb) -> None:
    running = perturb({"error": {}, "where": {"when": 'args.id == "P-002"', "every": 2}})
    asked = ["P-001", "P-002", "P-001", "P-002", "P-002", "P-002", "P-001"]
    acts = [bool(running.step("get_parcel", id=key).perturbations) for key in asked]
    assert acts == [False, False, False, True, False, True, False]


def test_a_condition_sees_defaults_and_null_for_what_was_left_out(perturb: Perturb) -> None:
    running = perturb({"latency": {"seconds": 1}, "where": {"when": "args.limit == 10 and args.status is None"}})
    assert running.step("list_parcels").perturbations
    assert not running.step("list_parcels", limit=11).perturbations
    assert not running.step("list_parcels", status="lost").perturbations
    assert not running.step("get_parcel", id="P-001").perturbations


def test_an_event_may_be_a_failure_and_counts_what_the_agent_saw(perturb: Perturb) -> None:
    running = perturb(
        {"name": "first", "error": {}, "where": {"tool": "motto", "nth": 2}},
        {
            "name": "then",
            "latency": {"seconds": 1},
            "where": {"tool": "login", "after": {"tool": "motto", "outcome": "error"}},
        },
    )
    acts = []
    for tool in ("login", "motto", "login", "motto", "login", "login"):
        acts.append(bool(running.step(tool).perturbations))
    assert acts == [False, False, False, True, True, True]


def test_a_call_that_never_fitted_its_tool_is_no_event(perturb: Perturb) -> None:
    running = perturb({"latency": {"seconds": 1}, "where": {"tool": "motto", "after": {"tool": "get_parcel"}}})
    running.ask("get_parcel", idd="P-001")
    assert not running.step("motto").perturbations
    running.ask("get_parcel", id="P-001")
    assert running.step("motto").perturbations


@pytest.mark.parametrize("probability", [0.02, 0.5, 0.9])
def test_a_probability_is_the_share_of_calls_it_acts_on(perturb: Perturb, probability: float) -> None:
    calls = 300
    acted = len(perturb({"error": {}, "where": {"probability": probability}}, seed=5).acting(calls, "motto"))
    spread = 4 * sqrt(calls * probability * (1 - probability))
    assert abs(acted - calls * probability) <= spread


def test_one_seed_is_one_schedule_and_another_seed_another(perturb: Perturb) -> None:
    spec = {"error": {}, "where": {"probability": 0.5}}
    schedules = [perturb(spec, seed=seed).acting(40, "motto") for seed in (1, 1, 2)]
    assert schedules[0] == schedules[1] != schedules[2]


@given(
    source=st.sampled_from(
        [
            "args.a == args.b",
            "args.a != 'x' and args.b",
            "args.a > 3 or args.b <= 2.5",
            "not args.a",
            "args.a in ['x', 1, None]",
            "args.b not in args.a",
            "args.a.b.c is None",
            "1 < args.a < 5",
            "args.a is not None and args.a.id == 'x'",
            "len(args.a) > 2",
            "args.a + args.b == 3",
        ]
    ),
    a=json_values,
    b=json_values,
)
def test_a_fast_condition_means_what_the_expression_language_says(source: str, a: Any, b: Any) -> None:
    names = {"args": {"a": a, "b": b}}
    try:
        expected = bool(Evaluator(names).value(parse(source)))
    except EvaluationError:
        expected = False
    assert predicate(source)(names) is expected
