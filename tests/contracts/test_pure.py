"""A verdict is a pure function of contract and trace: the same bytes each time, whole or followed step by step."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_sim.contracts import Bench, encode_verdict, judge
from schemas.types import Trace
from tests.contracts.traces import bare_world, contract, step

WORLD = bare_world("a", "b", "c")
A, B = {"tool": ["a", "b"]}, {"tool": ["b", "c"], "ok": True}
PAIRED = (
    "responded_existence", "coexistence", "response", "precedence", "succession", "alternate_response",
    "alternate_precedence", "alternate_succession", "chain_response", "chain_precedence", "chain_succession",
    "not_coexistence", "not_succession", "not_chain_succession",
)  # fmt: skip
CLAUSES: list[dict[str, Any]] = [
    *({verb: [A, B]} for verb in PAIRED),
    *({verb: [A, B], "match": "a.args.k == b.args.k"} for verb in PAIRED),
    *({verb: [A, B], "match": "a.n + b.args.k < b.n + 2"} for verb in PAIRED),
    *({verb: A, "n": n} for verb in ("existence", "absence", "exactly") for n in (1, 2)),
    {"init": A},
    {"end": B},
    {"choice": [A, B]},
    {"exclusive_choice": [A, B]},
    {"waits": "*", "otherwise": 2},
    {"waits": "*", "otherwise": 2, "scope": "all"},
    {"stops_after_permanent_error": "*"},
    {"stops_after_permanent_error": "a", "repeats": 1},
    {"budget": {"calls": 3, "errors": 1, "repeats": 0, "seconds": 5}},
    {"any_of": [{"init": A}, {"response": [A, B]}]},
    {"all_of": [{"end": A}, {"not": {"absence": B}}]},
    {"not": {"chain_response": [A, B]}},
]
WHOLE = contract(WORLD, *CLAUSES)
CALLS = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from([200, 200, 200, 404, 429, 500, 504]),
    st.integers(0, 2),
    st.sampled_from([0.0, 0.5, 3.0]),
)


def traced(calls: list[tuple[str, int, int, float]]) -> Trace:
    steps, clock = [], 0.0
    for n, (tool, status, k, waited) in enumerate(calls, 1):
        clock += 1 + waited
        steps.append(step(n, tool, WORLD, status=status, waited=waited, clock=clock, k=k))
    return Trace(1, WORLD, 0, tuple(steps))


@settings(max_examples=12)
@given(st.lists(CALLS, max_size=8))
def test_a_verdict_is_the_same_bytes_whole_or_step_by_step(calls: list[tuple[str, int, int, float]]) -> None:
    found = traced(calls)
    bench = Bench(WHOLE, WORLD)
    settled: dict[int, bool] = {}
    for count in range(len(calls) + 1):
        so_far = Trace(1, WORLD, 0, found.steps[:count])
        verdict = bench.verdict(so_far)
        assert encode_verdict(verdict) == encode_verdict(judge(WHOLE, so_far)) == encode_verdict(bench.verdict(so_far))
        for index, one in enumerate(verdict.clauses):
            is_broken = one.outcome == "broken"
            assert settled.get(index, is_broken) == is_broken, (one.clause, "was settled")
            if one.settled:
                settled[index] = is_broken
            assert set(one.steps) <= set(range(1, count + 1)), one
            assert bool(one.failures) == is_broken, one
        if count < len(calls):
            bench.take(found.steps[count])


@settings(max_examples=30)
@given(st.lists(CALLS, max_size=8), st.permutations(range(len(CLAUSES))))
def test_a_clause_is_judged_alike_wherever_it_stands(
    calls: list[tuple[str, int, int, float]], order: list[int]
) -> None:
    found = traced(calls)
    there = judge(WHOLE, found).clauses
    turned = judge(contract(WORLD, *(CLAUSES[index] for index in order[:8])), found).clauses
    assert [there[index] for index in order[:8]] == list(turned)
