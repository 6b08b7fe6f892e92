"""How far an agent can be relied on, estimated from trials: pass@k and pass^k, each with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist
from typing import NamedTuple

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


class Estimate(NamedTuple):
    """A share between 0 and 1, and the ends of its interval of 95 % confidence."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """What so many trials say, of which so many passed.

    The point estimates are the unbiased ones: of all the ways to draw k of the trials, the share in which one passes
    (pass@k) or all pass (pass^k). The intervals are Wilson's for the share of passes, of which both are monotone
    functions; for few trials they are widened as far as the estimate itself, which can lie outside.
    """

    trials: int
    passed: int

    def __post_init__(self) -> None:
        if not 0 <= self.passed <= self.trials:
            raise ValueError(f"{self.passed} of {self.trials} trials cannot have passed")

    def at_least_one(self, k: int) -> Estimate | None:
        """pass@k: the chance that one of k attempts passes; None where there were fewer than k trials."""
        if not 1 <= k <= self.trials:
            return None
        value = 1 - comb(self.trials - self.passed, k) / comb(self.trials, k)
        low, high = self.share()
        return _around(value, 1 - (1 - low) ** k, 1 - (1 - high) ** k)

    def every_one(self, k: int) -> Estimate | None:
        """pass^k: the chance that all of k attempts pass; None where there were fewer than k trials."""
        if not 1 <= k <= self.trials:
            return None
        low, high = self.share()
        return _around(comb(self.passed, k) / comb(self.trials, k), low**k, high**k)

    def share(self) -> tuple[float, float]:
        """Wilson's score interval for the chance that one attempt passes; everything where there were no trials."""
        n, z = self.trials, _Z
        if n == 0:
            return 0.0, 1.0
        share = self.passed / n
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        # At the edges the formula gives the edge itself but for the last digit.
        low = 0.0 if self.passed == 0 else max(0.0, middle - half)
        high = 1.0 if self.passed == n else min(1.0, middle + half)
        return low, high


def _around(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, min(low, value), max(high, value))
