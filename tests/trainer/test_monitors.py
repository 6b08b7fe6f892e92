from __future__ import annotations

from typing import Any

from trainer.monitors import WINDOW, alarms


def rounds(count: int, **values: Any) -> list[dict[str, Any]]:
    return [{"step": at, **values} for at in range(count)]


def test_a_run_in_which_all_is_well_is_told_nothing() -> None:
    log = rounds(3 * WINDOW, frac_reward_zero_std=0.5, reward=0.3, **{"completions/mean_length": 40.0})
    assert alarms(log) == []
    assert alarms([]) == []


def test_groups_that_no_longer_differ_are_told() -> None:
    assert "nothing to learn from" in alarms(rounds(WINDOW, frac_reward_zero_std=1.0))[0]
    assert alarms(rounds(WINDOW - 1, frac_reward_zero_std=1.0)) == []
    between = [{"loss": 0.0}, {"frac_reward_zero_std": 1.0}] * WINDOW
    assert alarms(between), "steps that only learn from a round are not counted"


def test_answers_that_grow_or_shrink_are_told() -> None:
    for first, last in ((10.0, 30.0), (30.0, 10.0)):
        log = [{"completions/mean_length": first}] * WINDOW + [{"completions/mean_length": last}] * WINDOW
        assert alarms(log) == [f"answers have {last:.0f} tokens now, and had {first:.0f} at first"]


def test_a_judge_that_is_pleased_while_rules_are_broken_is_told() -> None:
    before = {"rewards/rubric/mean": 0.5, "rewards/rules/mean": 0.6}
    after = {"rewards/rubric/mean": 0.9, "rewards/rules/mean": 0.2}
    assert "flattered" in alarms([before] * WINDOW + [after] * WINDOW)[0]
    assert alarms([after] * WINDOW + [before] * WINDOW) == []


def test_a_judge_that_fails_is_told() -> None:
    assert "judge failed" in alarms(rounds(3, **{"monitor/reward_all": 0.3, "monitor/reward_completed": 0.6}))[0]


def test_a_reward_that_falls_to_half_of_what_it_was_is_told() -> None:
    log = [{"monitor/reward_completed": reward} for reward in [0.2] * WINDOW + [0.8] * WINDOW + [0.3] * WINDOW]
    assert alarms(log[: 2 * WINDOW]) == []
    assert alarms(log) == ["the mean reward fell from 0.80 to 0.30: go back to an earlier checkpoint"]
