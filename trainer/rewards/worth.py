"""Rewards on a scale from 0 to 1, for many answers at once: what trainers take and log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from trainer.cases import Case
from trainer.rewards.judge import Judge
from trainer.rewards.reward import MIX, TOP, Reward, rewards
from trainer.rewards.rubric import DIMENSIONS, LEAST, MOST

RUBRIC, RULES = MIX
"""What the two parts count."""
_LEAST = TOP * LEAST / MOST


@dataclass(frozen=True, slots=True)
class Worth:
    """What one answer is worth.

    Attributes:
        found: its reward, from 0 to 25.
    """

    found: Reward

    @property
    def rubric(self) -> float | None:
        """From 0, all dimensions at their least or no answer at all, to 1; None where the judge failed."""
        rubric = self.found.parts["rubric"]
        return None if rubric is None else max(rubric - _LEAST, 0.0) / (TOP - _LEAST)

    @property
    def rules(self) -> float | None:
        """1 if no rule is broken, else 0; None where the judge failed."""
        rules = self.found.parts["rules"]
        return None if self.found.total is None or rules is None else rules / TOP

    @property
    def reward(self) -> float | None:
        """From 0 to 1; None where there is none."""
        if self.rubric is None or self.rules is None:
            return None
        return 0.0 if self.invalid else RUBRIC * self.rubric + RULES * self.rules

    @property
    def invalid(self) -> str:
        """Why it counts as no answer; empty where it does not."""
        return self.found.invalid

    def components(self) -> dict[str, float]:
        """Each dimension and each rule that applies, from 0 to 1, by name."""
        parts = {name: value for name, value in self.found.parts.items() if value is not None}
        return {
            "valid": float(not self.invalid),
            **{f"rubric/{name}": (parts[name] - LEAST) / (MOST - LEAST) for name in DIMENSIONS if name in parts},
            **{name.replace("rule/", "rules/"): parts[name] / TOP for name in parts if name.startswith("rule/")},
        }


def worth(answers: Sequence[tuple[Case, str]], judge: Judge | None = None) -> list[Worth]:
    """What answers are worth, in their order; `judge` in place of the deterministic rubric."""
    return list(map(Worth, rewards(answers, judge)))


@dataclass(slots=True)
class Means:
    """The means of what many answers are worth, part by part."""

    _sums: dict[str, float] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    trials: int = 0
    failed: int = 0

    def add(self, one: Worth) -> None:
        """Take in one answer."""
        self.trials += 1
        self.failed += one.reward is None
        whole = {"reward": one.reward, "rubric": one.rubric, "rules": one.rules}
        for name, value in {**one.components(), **whole}.items():
            if value is not None:
                self._sums[name] = self._sums.get(name, 0.0) + value
                self._counts[name] = self._counts.get(name, 0) + 1

    def each(self) -> dict[str, float]:
        """The means by name; `reward_all` counts a failure of the judge as 0, `reward` leaves it out."""
        means = {name: self._sums[name] / self._counts[name] for name in sorted(self._sums)}
        return {**means, "reward_all": self._sums.get("reward", 0.0) / self.trials} if self.trials else means
