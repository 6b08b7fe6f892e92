"""What goes wrong in reinforcement learning without an error: told from what the steps logged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

WINDOW = 8
"""Rounds of answers that are looked at together."""
_FLAT = 1e-4
_DRIFT = 2.0
_RISE = 0.05
_HALF = 0.5


def alarms(log: Sequence[dict[str, Any]]) -> list[str]:
    """What is wrong with a run so far, one sentence each; empty while all is well."""
    return [found for found in (_collapse(log), _fall(log), _drift(log), _hack(log), _failures(log)) if found]


def _collapse(log: Sequence[dict[str, Any]]) -> str:
    flat = [entry["frac_reward_zero_std"] for entry in log if "frac_reward_zero_std" in entry][-WINDOW:]
    if len(flat) == WINDOW and min(flat) > 1 - _FLAT:
        return (
            f"in the last {WINDOW} rounds all answers to a question were worth the same: there is nothing to learn from"
        )
    return ""


def _fall(log: Sequence[dict[str, Any]]) -> str:
    """The mean reward is half of what it has been."""
    means = [entry["monitor/reward_completed"] for entry in log if "monitor/reward_completed" in entry]
    if len(means) < 2 * WINDOW:
        return ""
    best = max(_mean(means[at : at + WINDOW]) for at in range(len(means) - WINDOW + 1))
    last = _mean(means[-WINDOW:])
    if last < _HALF * best:
        return f"the mean reward fell from {best:.2f} to {last:.2f}: go back to an earlier checkpoint"
    return ""


def _drift(log: Sequence[dict[str, Any]]) -> str:
    lengths = [entry["completions/mean_length"] for entry in log if "completions/mean_length" in entry]
    if len(lengths) < 2 * WINDOW:
        return ""
    first, last = _mean(lengths[:WINDOW]), _mean(lengths[-WINDOW:])
    if not first or not 1 / _DRIFT < last / first < _DRIFT:
        return f"answers have {last:.0f} tokens now, and had {first:.0f} at first"
    return ""


def _hack(log: Sequence[dict[str, Any]]) -> str:
    """The rubric is pleased more and more, while the rules are broken more and more."""
    pairs = [
        (entry["rewards/rubric/mean"], entry["rewards/rules/mean"])
        for entry in log
        if "rewards/rubric/mean" in entry and "rewards/rules/mean" in entry
    ]
    if len(pairs) < 2 * WINDOW:
        return ""
    rubric = [_mean([pair[0] for pair in part]) for part in (pairs[:WINDOW], pairs[-WINDOW:])]
    rules = [_mean([pair[1] for pair in part]) for part in (pairs[:WINDOW], pairs[-WINDOW:])]
    if rubric[1] - rubric[0] > _RISE and rules[0] - rules[1] > _RISE:
        return (
            f"the rubric rose from {rubric[0]:.2f} to {rubric[1]:.2f} while the rules fell from {rules[0]:.2f} to "
            f"{rules[1]:.2f}: the judge is being flattered"
        )
    return ""


def _failures(log: Sequence[dict[str, Any]]) -> str:
    both = [
        (entry["monitor/reward_all"], entry["monitor/reward_completed"])
        for entry in log
        if "monitor/reward_all" in entry and "monitor/reward_completed" in entry
    ][-WINDOW:]
    lost = sum(completed - every for every, completed in both)
    if both and lost / len(both) > 0.1:
        return f"of the last {len(both)} rounds much has no reward, because the judge failed: look at its server"
    return ""


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
