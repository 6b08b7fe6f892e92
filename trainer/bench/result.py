"""What a bench came to: every measure of every answer, and their means by checkpoint and kind of record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from trainer.bench.bootstrap import Interval, difference, mean
from trainer.record import Record
from trainer.rewards import DIMENSIONS

MEASURES: Mapping[str, str] = {
    "exact": "exact",
    "leaf_f1": "leaf F1",
    "status": "status",
    "error_text": "error text",
    "changes": "changes",
    "rubric": "rubric",
    **{name: name for name in DIMENSIONS},
    "rules": "rules kept",
    "clean": "no violation",
    "invalid": "invalid",
}
"""By name: how it is shown. Each is from 0 to 1 for one answer, the dimensions and the rubric scaled from 1-5."""
HEADLINES = ("exact", "leaf_f1", "rubric", "rules", "clean")

Measured = Mapping[str, float | None]
"""The measures of one answer; None where one does not apply, or where the judge could not be asked."""


@dataclass(frozen=True)
class BenchResult:
    """Measures of the answers of several checkpoints to the same records.

    Attributes:
        records: what was asked.
        measured: by checkpoint, the measures of each answer, in the order of the records.
        judge: who scored the five dimensions.
        violations: by checkpoint, how many integrity violations there were, by rule.
    """

    records: tuple[Record, ...]
    measured: Mapping[str, Sequence[Measured]]
    judge: str
    violations: Mapping[str, Mapping[str, int]]

    @property
    def names(self) -> tuple[str, ...]:
        """The checkpoints."""
        return tuple(self.measured)

    def slices(self) -> dict[str, list[int]]:
        """The kinds of records that are told apart, each with the places of its records; the first is all of them."""
        found: dict[str, list[int]] = {"all": list(range(len(self.records)))}
        for of in _KINDS:
            parts: dict[str, list[int]] = {}
            for at, record in enumerate(self.records):
                if name := of(record):
                    parts.setdefault(name, []).append(at)
            for name in sorted(parts):
                if len(parts[name]) < len(self.records):
                    found[name] = parts[name]
        return found

    def mean(self, checkpoint: str, measure: str, places: Sequence[int]) -> Interval | None:
        """The mean of a measure over some records, with its interval of 95 %; None where it applies to none."""
        values = [self.measured[checkpoint][at][measure] for at in places]
        return mean(values, [self.records[at].trajectory or self.records[at].id for at in places])

    def difference(self, one: str, other: str, measure: str, places: Sequence[int]) -> Interval | None:
        """By how much the second checkpoint is better, on the records to which the measure applies for both."""
        pairs = [(self.measured[one][at][measure], self.measured[other][at][measure]) for at in places]
        return difference(pairs, [self.records[at].trajectory or self.records[at].id for at in places])

    def summary(self) -> dict[str, Any]:
        """As plain JSON."""
        slices = self.slices()
        return {
            "records": len(self.records),
            "trajectories": len({record.trajectory or record.id for record in self.records}),
            "judge": self.judge,
            "checkpoints": {
                name: {
                    "violations": dict(self.violations[name]),
                    "slices": {
                        part: {
                            "records": len(places),
                            **{measure: _plain(self.mean(name, measure, places)) for measure in MEASURES},
                        }
                        for part, places in slices.items()
                    },
                }
                for name in self.names
            },
            "differences": [
                {
                    "from": one,
                    "to": other,
                    **{name: _plain(self.difference(one, other, name, slices["all"])) for name in MEASURES},
                }
                for one, other in combinations(self.names, 2)
            ],
        }


def _plain(found: Interval | None) -> dict[str, float] | None:
    return None if found is None else {"mean": found.mean, "low": found.low, "high": found.high, "n": found.values}


def _kind(record: Record) -> str:
    kind = record.facts.get("kind")
    return {"read": "reads", "write": "writes"}.get(kind, "") if isinstance(kind, str) else ""


def _state(record: Record) -> str:
    found = record.facts.get("state_in_view")
    return "" if found is None else "state in view" if found else "history only"


_KINDS: tuple[Callable[[Record], str], ...] = (
    _kind,
    lambda record: f"case {record.facts['case']}" if record.facts.get("case") else "",
    lambda record: "errors" if record.facts.get("is_error") else "successes",
    _state,
    lambda record: f"intent {record.intent}" if record.intent else "",
    lambda record: f"class {record.turn_class}" if record.turn_class else "",
    lambda record: f"domain {record.domain}" if record.domain else "",
)
"""How records are told apart: the name of the kind of each, or nothing."""
