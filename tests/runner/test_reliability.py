"""pass@k and pass^k, against what they mean."""

from __future__ import annotations

from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.runner.reliability import Reliability


@st.composite
def trials(draw: st.DrawFn) -> tuple[int, int, int]:
    n = draw(st.integers(1, 9))
    return n, draw(st.integers(0, n)), draw(st.integers(1, n))


@given(trials())
def test_the_estimates_are_the_shares_of_all_ways_to_draw_k_of_the_trials(drawn: tuple[int, int, int]) -> None:
    n, passed, k = drawn
    ways = list(combinations([True] * passed + [False] * (n - passed), k))
    found = Reliability(n, passed)
    at_least_one, every_one = found.at_least_one(k), found.every_one(k)
    assert at_least_one is not None
    assert every_one is not None
    assert at_least_one.value == pytest.approx(sum(map(any, ways)) / len(ways))
    assert every_one.value == pytest.approx(sum(map(all, ways)) / len(ways))


@given(st.integers(1, 400), st.data())
def test_an_interval_holds_its_estimate_and_lies_between_0_and_1(n: int, data: st.DataObject) -> None:
    found = Reliability(n, data.draw(st.integers(0, n)))
    k = data.draw(st.integers(1, min(n, 12)))
    for estimate in (found.at_least_one(k), found.every_one(k)):
        assert estimate is not None
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


@given(st.integers(2, 200), st.data())
def test_more_attempts_make_one_pass_likelier_and_every_pass_rarer(n: int, data: st.DataObject) -> None:
    found = Reliability(n, data.draw(st.integers(0, n)))
    all_twice, once, twice = found.every_one(2), found.at_least_one(1), found.at_least_one(2)
    assert all_twice is not None
    assert once is not None
    assert twice is not None
    assert once == pytest.approx(found.every_one(1))
    assert twice.value >= once.value >= all_twice.value
    assert twice.high >= once.high >= all_twice.high


def test_the_interval_is_the_one_of_wilson() -> None:
    low, high = Reliability(10, 9).share()
    assert (low, high) == (pytest.approx(0.5958, abs=1e-4), pytest.approx(0.9821, abs=1e-4))
    assert Reliability(5, 5).share() == (pytest.approx(0.5655, abs=1e-4), 1.0)
    assert Reliability(5, 0).share() == (0.0, pytest.approx(0.4345, abs=1e-4))


@pytest.mark.parametrize("chance", [0.2, 0.5, 0.9])
def test_nineteen_of_twenty_intervals_hold_the_truth(chance: float) -> None:
    n = 60
    covered = 0.0
    for passed in range(n + 1):
        low, high = Reliability(n, passed).share()
        covered += comb(n, passed) * chance**passed * (1 - chance) ** (n - passed) * (low <= chance <= high)
    assert covered == pytest.approx(0.95, abs=0.025)


def test_where_there_are_fewer_trials_than_attempts_nothing_is_claimed() -> None:
    assert Reliability(2, 1).at_least_one(3) is None
    assert Reliability(2, 1).every_one(3) is None
    assert Reliability(2, 2).every_one(0) is None
    assert Reliability(0, 0).every_one(1) is None
    assert Reliability(0, 0).share() == (0.0, 1.0)


def test_no_more_can_pass_than_were_tried() -> None:
    with pytest.raises(ValueError, match="3 of 2 trials cannot have passed"):
        Reliability(2, 3)
