"""Next-observation prediction: answers to held-out records, each measured beside the real one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mcp_sim.fidelity import score
from schemas.recorded import RecordedCall
from schemas.types import Observation
from trainer.bench.errors import BenchError
from trainer.bench.result import MEASURES, BenchResult, Measured
from trainer.cases import Case
from trainer.record import Record
from trainer.rewards import DIMENSIONS, Judge, Reward, rewards
from trainer.rewards.reward import TOP, understood
from trainer.rewards.rules import unexcused
from trainer.rewards.target import target


def bench(
    asked: Sequence[Record | Case],
    answers: Mapping[str, Sequence[str]],
    judge: Judge | None = None,
    judge_name: str = "",
) -> BenchResult:
    """Measure the answers of checkpoints.

    Args:
        asked: held-out records, with their scenes where those are known.
        answers: by checkpoint, one for each record, in their order.
        judge: scores the five dimensions; None: the deterministic rubric.
        judge_name: what the report calls it.

    Raises:
        BenchError: there is nothing to measure, or a checkpoint answered another number of records.
        RewardError: a record has no answer to hold others against.
    """
    if not asked:
        raise BenchError("there are no records to measure")
    if not answers:
        raise BenchError("there are no answers to measure; give some with --answers NAME=FILE, or a server with --url")
    for name, said in answers.items():
        if len(said) != len(asked):
            raise BenchError(f"'{name}' gave {len(said):,} answers to {len(asked):,} records; each needs one")
    measured: dict[str, list[Measured]] = {}
    violations: dict[str, Counter[str]] = {}
    for name, said in answers.items():
        measured[name], violations[name] = measure(asked, said, judge)
    records = tuple(one if isinstance(one, Record) else one.record for one in asked)
    return BenchResult(records, measured, judge_name or ("a judge" if judge else "deterministic rubric"), violations)


def measure(
    asked: Sequence[Record | Case], said: Sequence[str], judge: Judge | None = None
) -> tuple[list[Measured], Counter[str]]:
    """The measures of each answer, and how many integrity violations there are in all, by rule."""
    broken = Counter[str]()
    earned = rewards(list(zip(asked, said, strict=True)), judge)
    found = [_measured(one, answer, worth, broken) for one, answer, worth in zip(asked, said, earned, strict=True)]
    return found, broken


def _measured(asked: Record | Case, answer: str, earned: Reward, broken: Counter[str]) -> Measured:
    held = target(asked)
    record = held.record
    reading, _ = understood(held, answer)
    gold = held.gold
    real = RecordedCall(record.trajectory, record.at, "", {}, gold.text, gold.is_error)
    found = score(real, None if reading is None else Observation(reading.text, is_error=reading.is_error))
    rules = [] if reading is None else [violation.rule for violation in unexcused(held, reading)]
    broken.update(rules)
    parts = earned.parts
    wanted_changes = held.writes and not gold.is_error
    changes = parts.get("rule/changes")
    rubric = parts["rubric"]
    told: dict[str, float | None] = {
        "exact": float(found.exact and (not wanted_changes or changes == TOP)),
        "leaf_f1": None if found.leaves is None else found.leaves.f1,
        "status": float(found.status),
        "error_text": None if found.error_text is None else float(found.error_text),
        "changes": float(changes == TOP) if wanted_changes else None,
        "rubric": None if rubric is None else max(rubric - 5, 0) / 20,
        "rules": (parts["rules"] or 0.0) / TOP,
        "clean": float(not rules and reading is not None),
        "invalid": float(reading is None),
    }
    for name in DIMENSIONS:
        value = parts[name]
        told[name] = (value - 1) / 4 if value is not None else (None if earned.total is None else 0.0)
    return {name: told[name] for name in MEASURES}
