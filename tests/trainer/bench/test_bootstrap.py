"""Intervals hold their mean, grow with what varies, and compare in pairs."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from trainer.bench.bootstrap import difference, mean

values = st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=30)


@given(values, st.integers(1, 5))
def test_an_interval_holds_its_mean(found: list[float | None], clusters: int) -> None:
    interval = mean(found, [str(at % clusters) for at in range(len(found))])
    known = [value for value in found if value is not None]
    if interval is None:
        assert not known
    else:
        assert interval.values == len(known)
        assert min(known) - 1e-9 <= interval.low <= interval.mean + 1e-9
        assert interval.mean - 1e-9 <= interval.high <= max(known) + 1e-9


def test_the_same_answers_do_not_differ() -> None:
    chance = Random(1)
    found = [chance.random() for _ in range(50)]
    interval = difference([(value, value) for value in found], [str(at) for at in range(50)])
    assert interval == (0.0, 0.0, 0.0, 50)
    assert not interval.is_clear


def test_a_small_steady_gain_is_clear_in_pairs_though_answers_vary() -> None:
    chance = Random(1)
    first = [chance.random() for _ in range(100)]
    interval = difference(
        [(value, value + 0.02 + chance.random() / 100) for value in first], [str(at) for at in range(100)]
    )
    assert interval is not None
    assert interval.low > 0
    assert interval.is_clear


def test_what_is_missing_on_one_side_is_left_out_on_both() -> None:
    assert difference([(1.0, None), (None, 1.0)], ["a", "b"]) is None
    found = difference([(1.0, None), (0.0, 1.0)], ["a", "b"])
    assert found is not None
    assert (found.mean, found.values) == (1.0, 1)


def test_calls_of_one_trajectory_vouch_for_each_other() -> None:
    alike = [float(at // 10 % 2) for at in range(100)]
    together = mean(alike, [str(at // 10) for at in range(100)])
    apart = mean(alike, [str(at) for at in range(100)])
    assert together is not None
    assert apart is not None
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_calls_of_a_single_trajectory_are_drawn_one_by_one() -> None:
    found = mean([0.0, 1.0] * 20, ["only"] * 40)
    assert found is not None
    assert found.low < 0.5 < found.high


def test_equal_inputs_give_equal_intervals() -> None:
    found = [float(at % 3) for at in range(40)]
    names = [str(at) for at in range(40)]
    assert mean(found, names) == mean(found, names)
