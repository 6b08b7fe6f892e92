"""Intervals by the bootstrap. Whole trajectories are drawn: the calls of one are not independent of each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from trainer.bench.errors import BenchError

DRAWS = 2000
_AT_ONCE = 200
_LOW, _HIGH = 2.5, 97.5


class Interval(NamedTuple):
    """A mean, its interval of 95 % confidence, and over how many values it was taken."""

    mean: float
    low: float
    high: float
    values: int

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def mean(values: Sequence[float | None], clusters: Sequence[str], seed: int = 0, draws: int = DRAWS) -> Interval | None:
    """The mean of the values that are there, each of the cluster in the same place; None where there is no value."""
    known = [(value, cluster) for value, cluster in zip(values, clusters, strict=True) if value is not None]
    if not known:
        return None
    sums: dict[str, list[float]] = {}
    for value, cluster in known:
        sums.setdefault(cluster, []).append(value)
    numpy = _numpy()
    totals = numpy.array([sum(found) for found in sums.values()])
    counts = numpy.array([len(found) for found in sums.values()])
    middle = float(totals.sum() / counts.sum())
    if len(sums) == 1 or numpy.ptp(totals / counts) == 0:
        return Interval(middle, middle, middle, len(known)) if len(sums) > 1 else _alone(middle, values, known)
    chance = numpy.random.default_rng(seed)
    drawn: list[float] = []
    for _ in range(0, draws, _AT_ONCE):
        times = chance.multinomial(len(sums), numpy.full(len(sums), 1 / len(sums)), size=_AT_ONCE)
        drawn.extend((times @ totals) / (times @ counts))
    low, high = numpy.percentile(drawn, [_LOW, _HIGH])
    return Interval(middle, float(low), float(high), len(known))


def difference(pairs: Sequence[tuple[float | None, float | None]], clusters: Sequence[str]) -> Interval | None:
    """The mean of second minus first, over the pairs of which both are there."""
    values = [None if one is None or other is None else other - one for one, other in pairs]
    return mean(values, clusters)


def _alone(middle: float, values: Sequence[float | None], known: Sequence[tuple[float, str]]) -> Interval:
    """One trajectory says nothing of others, so its calls are drawn one by one."""
    if len(known) == 1 or len({value for value, _ in known}) == 1:
        return Interval(middle, middle, middle, len(known))
    return mean(values, [str(at) for at in range(len(values))]) or Interval(middle, middle, middle, len(known))


def _numpy() -> Any:
    try:
        import numpy  # noqa: PLC0415 - heavy, and needed here alone
    except ImportError:
        raise BenchError("intervals are drawn with numpy, which is missing: pip install 'mcp-sim[report]'") from None
    return numpy
