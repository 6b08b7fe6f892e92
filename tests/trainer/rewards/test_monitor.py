"""The monitor shows all trials and the completed ones, and tells when a run goes wrong."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from trainer.rewards import Monitor, Reward


def given(*totals: float | None, rubric: float | None = None, rules: float | None = None) -> list[Reward]:
    return [Reward(total, {"rubric": rubric, "rules": rules}) for total in totals]


def taken(steps: int, rewards: Sequence[Reward], **options: Sequence[int]) -> list[str]:
    monitor = Monitor()
    for _ in range(steps):
        monitor.take(rewards, group=2, **options)
    return monitor.alarms


def test_masked_trials_count_in_one_mean_and_not_in_the_other() -> None:
    told = Monitor().take(given(20.0, None, 10.0, 0.0), group=2)
    assert (told["reward/all"], told["reward/completed"]) == (7.5, 10.0)
    assert (told["reward/masked"], told["reward/invalid"]) == (0.25, 0.25)
    assert told["reward/spread"] == 5.0


def test_parts_are_told_where_they_apply() -> None:
    told = Monitor().take([Reward(1.0, {"rules": 25.0}), Reward(1.0, {"rules": None, "rubric": 5.0})], group=1)
    assert (told["reward/rules"], told["reward/rubric"]) == (25.0, 5.0)


def test_nothing_but_masked_trials_has_no_mean() -> None:
    told = Monitor().take(given(None, None), group=2)
    assert "reward/completed" not in told
    assert told["reward/all"] == 0.0


def test_a_healthy_run_is_told_nothing() -> None:
    assert taken(20, given(20.0, 10.0, 15.0, 25.0), lengths=[10] * 4, real=[10] * 4) == []


def test_rewards_that_do_not_differ_within_a_question_are_told() -> None:
    (told,) = taken(5, given(20.0, 20.0, 3.0, 3.0))
    assert told.startswith("the rewards do not differ within 100% of the questions")


def test_one_flat_step_is_no_alarm() -> None:
    assert taken(1, given(20.0, 20.0)) == []


def test_a_collapse_is_told() -> None:
    monitor = Monitor()
    for level in (20.0, 5.0):
        for _ in range(6):
            monitor.take(given(level, level + 2), group=2)
    assert "fell from 21.0 to 6.0: the policy collapses" in monitor.alarms[0]


def test_a_judge_that_does_not_answer_is_told() -> None:
    (told,) = taken(5, given(None, None, 4.0, None))
    assert told == "75% of the trials are masked: the judge does not answer"


def test_a_judge_that_praises_what_breaks_rules_is_told() -> None:
    (told,) = taken(5, given(22.0, 23.0, rubric=25.0, rules=0.0))
    assert "the judge is flattered, or too kind" in told


@pytest.mark.parametrize(("last", "word"), [(40, "longer"), (2, "shorter")])
def test_answers_that_drift_in_length_are_told(last: int, word: str) -> None:
    monitor = Monitor()
    for length in (10, last):
        for _ in range(5):
            monitor.take(given(20.0, 10.0), group=2, lengths=[length, length], real=[10, 10])
    assert monitor.alarms[0].startswith(f"answers became {word}: ")


def test_groups_that_do_not_come_out_even_are_refused() -> None:
    with pytest.raises(ValueError, match="3 rewards do not come in groups of 2"):
        Monitor().take(given(1.0, 2.0, 3.0), group=2)
