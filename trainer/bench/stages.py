"""The bench: what checkpoints answer to held-out calls, beside what the service answered; by domain, with intervals.

* **exact**: the answer is the real one, but for the order of keys and the form of numbers, changes included.
* **leaf_f1**: F1 over the leaves of the real answer, where that is JSON.
* **rubric**: the five dimensions, from 0 to 1. **rules**: no rule is broken.
* **violations**: it shows an id that does not exist, or breaks a reference; less is better.

An answer that cannot be read is wrong by every measure. Checkpoints are compared on the same calls: the interval of a
difference is a paired bootstrap over the trajectories, because the calls of one are not independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from trainer.bench.bootstrap import DRAWS, mean
from trainer.bench.scoring import measure
from trainer.cases import Case
from trainer.errors import TrainingError
from trainer.rewards import Judge

MEASURES = ("exact", "leaf_f1", "rubric", "rules", "violations")


@dataclass(frozen=True, slots=True)
class Measured:
    """One answer, measured; None where a measure does not apply, or the judge failed."""

    exact: float
    leaf_f1: float | None
    rubric: float | None
    rules: float | None
    violations: float | None


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95 % interval, and of how many answers."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a bench came to.

    Attributes:
        calls: answers to each checkpoint.
        checkpoints: in the order in which they were given.
        means: by checkpoint, then measure.
        gains: by checkpoint, then measure: how it differs from the checkpoint before it, on the same calls.
        domains: by checkpoint, then domain, then measure.
        worst: some calls that the last checkpoint got wrong: the call, the real answer, and its own.
    """

    calls: int
    checkpoints: tuple[str, ...]
    means: dict[str, dict[str, Mean]]
    gains: dict[str, dict[str, Mean]]
    domains: dict[str, dict[str, dict[str, Mean]]]
    worst: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)


def bench(
    cases: Sequence[Case], answers: Mapping[str, Sequence[str]], judge: Judge | None = None, seed: int = 0
) -> Result:
    """Compare checkpoints.

    Args:
        cases: the held-out calls.
        answers: by the name of a checkpoint, what it said to each call; compared in their order.
        judge: in place of the deterministic rubric.
        seed: of the bootstrap.

    Raises:
        TrainingError: there are no calls, or a checkpoint did not answer them all.
    """
    if not cases:
        raise TrainingError("bench: there is no held-out call to answer")
    for name, said in answers.items():
        if len(said) != len(cases):
            raise TrainingError(f"bench: {name} answered {len(said)} of {len(cases)} calls")
    measured = {name: _measure(cases, said, judge) for name, said in answers.items()}
    groups = [case.record.trajectory for case in cases]
    names = tuple(answers)
    domains = sorted({case.record.domain for case in cases})
    picked = {domain: [at for at, case in enumerate(cases) if case.record.domain == domain] for domain in domains}
    return Result(
        calls=len(cases),
        checkpoints=names,
        means={name: _means(measured[name], groups, seed) for name in names},
        gains={name: _gains(measured[before], measured[name], groups, seed) for before, name in pairwise(names)},
        domains={
            name: {
                domain: _means([measured[name][at] for at in places], [groups[at] for at in places], seed)
                for domain, places in picked.items()
            }
            for name in names
        },
        worst=tuple(_worst(cases, answers[names[-1]], measured[names[-1]])) if names else (),
    )


def _measure(cases: Sequence[Case], said: Sequence[str], judge: Judge | None) -> list[Measured]:
    return [_one(found) for found in measure(cases, said, judge)[0]]


def _one(found: Mapping[str, float | None]) -> Measured:
    clean = found["clean"]
    return Measured(
        exact=found["exact"] or 0.0,
        leaf_f1=found["leaf_f1"],
        rubric=found["rubric"],
        rules=found["rules"],
        violations=None if clean is None else 1.0 - clean,
    )


def _means(measured: Sequence[Measured], groups: Sequence[str], seed: int) -> dict[str, Mean]:
    found = {}
    for name in MEASURES:
        pairs = [
            (group, value)
            for group, one in zip(groups, measured, strict=True)
            if (value := getattr(one, name)) is not None
        ]
        if pairs:
            found[name] = bootstrap(pairs, seed)
    return found


def _gains(before: Sequence[Measured], after: Sequence[Measured], groups: Sequence[str], seed: int) -> dict[str, Mean]:
    found = {}
    for name in MEASURES:
        pairs = [
            (group, new - old)
            for group, one, other in zip(groups, before, after, strict=True)
            if (old := getattr(one, name)) is not None and (new := getattr(other, name)) is not None
        ]
        if pairs:
            found[name] = bootstrap(pairs, seed)
    return found


def bootstrap(pairs: Sequence[tuple[str, float]], seed: int, draws: int = DRAWS) -> Mean:
    """The mean of values with its interval, drawing whole groups again and again.

    Args:
        pairs: the group of each value, and the value.
        seed: of the draws.
        draws: how many.
    """
    found = mean([value for _, value in pairs], [group for group, _ in pairs], seed, draws)
    assert found is not None, "there is a value"
    return Mean(*found)


def _worst(
    cases: Sequence[Case], said: Sequence[str], measured: Sequence[Measured], most: int = 12
) -> list[dict[str, Any]]:
    wrong = [at for at, one in enumerate(measured) if not one.exact]
    ranks = {at: (measured[at].rubric or 0.0, at) for at in wrong}
    return [
        {
            "tool": cases[at].facts.get("tool", ""),
            "arguments": cases[at].facts.get("arguments", {}),
            "domain": cases[at].record.domain,
            "real": cases[at].gold,
            "said": said[at],
        }
        for at in sorted(wrong, key=ranks.__getitem__)[:most]
    ]
