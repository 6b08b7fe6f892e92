"""Watches the rewards of a run: what they come to, and the signs that it learns something else than it should."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from statistics import fmean, pstdev

from trainer.rewards.reward import TOP, Reward

_WINDOW = 5
"""Steps that have to look alike before anybody is told."""
_FLAT = 0.9
_DRIFT = 1.5
_MASKED = 0.5
_HALF = 0.5
_FLATTERED = 0.3
_HIGH = 0.95 * TOP
_ALIKE = 1e-9


class Monitor:
    """Takes in the rewards of each step of a run.

    Attributes:
        alarms: what is wrong at the latest step, one sentence each; empty as long as all is well.
    """

    def __init__(self) -> None:
        self.alarms: list[str] = []
        self._flat: deque[float] = deque(maxlen=_WINDOW)
        self._masked: deque[float] = deque(maxlen=_WINDOW)
        self._flattered: deque[float] = deque(maxlen=_WINDOW)
        self._means: deque[float] = deque(maxlen=_WINDOW)
        self._best = 0.0
        self._lengths: list[float] = []

    def take(
        self, rewards: Sequence[Reward], *, group: int, lengths: Sequence[int] = (), real: Sequence[int] = ()
    ) -> dict[str, float]:
        """The numbers of one step, to be logged.

        Args:
            rewards: of all trials; those of one question stand together.
            group: how many trials each question has.
            lengths: of the answers, in any unit; left out, their drift is not watched.
            real: lengths of the real answers, in the same unit, one for each trial.

        Returns:
            `reward/all`: the mean of all trials, a masked one as 0. `reward/completed`: of those that were not masked.
            `reward/masked`, `reward/invalid`: shares of trials. `reward/spread`: the mean standard deviation within a
            question; `reward/flat`: the share of questions without any. `length/ratio`: answers beside the real ones.
            `reward/rubric`, `reward/rules`, `reward/format`, `reward/rule/schema` …: means where they apply.
        """
        if not rewards or group < 1 or len(rewards) % group:
            raise ValueError(f"{len(rewards)} rewards do not come in groups of {group}")
        known = [found.total for found in rewards if found.total is not None]
        spreads = [
            pstdev(totals)
            for start in range(0, len(rewards), group)
            if len(totals := [one.total for one in rewards[start : start + group] if one.total is not None]) > 1
        ]
        told = {
            "reward/all": sum(known) / len(rewards),
            "reward/masked": 1 - len(known) / len(rewards),
            "reward/invalid": known.count(0.0) / len(rewards),
        }
        if known:
            told["reward/completed"] = fmean(known)
        if spreads:
            told["reward/spread"] = fmean(spreads)
            told["reward/flat"] = sum(spread < _ALIKE for spread in spreads) / len(spreads)
        if lengths and sum(real):
            told["length/ratio"] = sum(lengths) / sum(real)
        self._judge(told, rewards)
        return told | _parts(rewards)

    def _judge(self, told: dict[str, float], rewards: Sequence[Reward]) -> None:
        self._masked.append(told["reward/masked"])
        self._flat.append(told.get("reward/flat", 0.0))
        self._flattered.append(_flattered(rewards))
        self._means.append(told.get("reward/completed", 0.0))
        if len(self._means) == _WINDOW:
            self._best = max(self._best, fmean(self._means))
        if "length/ratio" in told:
            self._lengths = [*self._lengths[:_WINDOW], *self._lengths[_WINDOW:][-_WINDOW + 1 :], told["length/ratio"]]
        self.alarms = list(self._signs())

    def _signs(self) -> list[str]:
        signs = []
        if _lasts(self._flat, _FLAT):
            signs.append(
                f"the rewards do not differ within {min(self._flat):.0%} of the questions: nothing is left to learn "
                "from them; take harder questions, or a higher temperature"
            )
        if self._best and len(self._means) == _WINDOW and fmean(self._means) < _HALF * self._best:
            signs.append(
                f"the mean reward of completed trials fell from {self._best:.1f} to {fmean(self._means):.1f}: "
                "the policy collapses; go back to an earlier checkpoint and a smaller learning rate"
            )
        if _lasts(self._masked, _MASKED):
            signs.append(f"{min(self._masked):.0%} of the trials are masked: the judge does not answer")
        if _lasts(self._flattered, _FLATTERED):
            signs.append(
                f"{min(self._flattered):.0%} of the answers get nearly full marks although they break rules: "
                "the judge is flattered, or too kind"
            )
        if len(self._lengths) == 2 * _WINDOW:
            first, last = fmean(self._lengths[:_WINDOW]), fmean(self._lengths[_WINDOW:])
            if first and not 1 / _DRIFT <= last / first <= _DRIFT:
                grown = "longer" if last > first else "shorter"
                signs.append(
                    f"answers became {grown}: {last:.2f} times the real ones, after {first:.2f} times in the beginning"
                )
        return signs


def _lasts(seen: deque[float], least: float) -> bool:
    return len(seen) == _WINDOW and min(seen) >= least


def _flattered(rewards: Sequence[Reward]) -> float:
    """The share of answers that a rubric found all but perfect and a rule found wrong."""
    rubrics = [(found.parts.get("rubric"), found.parts.get("rules")) for found in rewards]
    return sum((rubric or 0.0) >= _HIGH and rules == 0.0 for rubric, rules in rubrics) / len(rewards)


def _parts(rewards: Sequence[Reward]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for one in rewards:
        for name, value in one.parts.items():
            if value is not None:
                found.setdefault(f"reward/{name}", []).append(value)
    return {name: fmean(values) for name, values in found.items()}
