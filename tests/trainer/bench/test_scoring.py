"""What the bench measures of answers to held-out records."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import orjson
import pytest

from tests.trainer.played import shipped
from tests.trainer.rewards.mutations import mutated
from trainer.bench.errors import BenchError
from trainer.bench.html import html
from trainer.bench.result import MEASURES, BenchResult
from trainer.bench.scoring import bench
from trainer.rewards import DIMENSIONS, Judged, Judgement


def real() -> list[str]:
    return [record.turns[-1].content for record in shipped()]


def measured(**answers: Sequence[str]) -> BenchResult:
    return bench(shipped(), answers)


def value(result: BenchResult, name: str, measure: str, part: str = "all") -> float | None:
    found = result.mean(name, measure, result.slices()[part])
    return None if found is None else found.mean


def test_real_answers_are_right_by_every_measure() -> None:
    result = measured(real=real())
    assert {name: value(result, "real", name) for name in MEASURES} == {**dict.fromkeys(MEASURES, 1.0), "invalid": 0.0}
    assert not result.violations["real"]


def test_no_answers_are_wrong_by_every_measure() -> None:
    result = measured(silent=[""] * len(shipped()))
    assert {name: value(result, "silent", name) for name in MEASURES} == {
        **dict.fromkeys(MEASURES, 0.0),
        "invalid": 1.0,
    }


def test_right_words_about_a_write_that_would_change_something_else_are_not_exact() -> None:
    at = next(
        at
        for at, record in enumerate(shipped())
        if record.facts["kind"] == "write" and not record.facts["is_error"] and record.facts["changes"]
    )
    answers = real()
    answers[at] = orjson.dumps({**orjson.loads(answers[at]), "changes": []}).decode()
    result = measured(idle=answers)
    assert result.measured["idle"][at]["leaf_f1"] == 1.0
    assert result.measured["idle"][at]["changes"] == 0.0
    assert result.measured["idle"][at]["exact"] == 0.0


def test_kinds_of_records_are_told_apart() -> None:
    slices = measured(real=real()).slices()
    assert {"all", "reads", "writes", "errors", "successes", "domain shop"} <= slices.keys()
    assert sorted(slices["reads"] + slices["writes"]) == slices["all"]
    assert "intent next-observation" not in slices, "what holds for all records tells nothing apart"


def test_a_worse_checkpoint_is_worse_in_pairs() -> None:
    chance = Random(0)
    worse = [mutated(record, "the wrong status", chance) or "" for record in shipped()]
    result = measured(worse=worse, real=real())
    gain = result.difference("worse", "real", "exact", result.slices()["all"])
    assert gain is not None
    assert gain.mean == 1.0


def test_ids_that_do_not_exist_are_counted_as_violations() -> None:
    answers = [text.replace("-0", "-90").replace("-1", "-91") for text in real()]
    found = measured(dangling=answers).violations["dangling"]
    assert found["unknown-id"] + found.get("unreadable", 0) > 0


def test_a_judge_scores_the_dimensions_and_one_that_fails_is_left_out() -> None:
    def judge(asked: Sequence[Judged]) -> list[Judgement | None]:
        return [None if at % 2 else Judgement(dict.fromkeys(DIMENSIONS, 3), "") for at, _ in enumerate(asked)]

    result = bench(shipped(), {"real": real()}, judge, "a scripted judge")
    assert result.judge == "a scripted judge"
    found = result.mean("real", "factuality", result.slices()["all"])
    assert found is not None
    assert (found.mean, found.values) == (0.5, (len(shipped()) + 1) // 2)


def test_the_summary_is_plain_json() -> None:
    told = orjson.loads(orjson.dumps(measured(one=real(), other=real()).summary()))
    assert told["checkpoints"]["one"]["slices"]["all"]["exact"] == {"mean": 1, "low": 1, "high": 1, "n": len(shipped())}
    assert told["differences"][0]["exact"]["mean"] == 0


def test_the_page_of_a_run_shows_what_training_logged_and_runs_nothing_that_was_said() -> None:
    said = [f"{answer}<script>alert(1)</script>" for answer in real()]
    page = html(measured(sft=said), {"sft": said}, logged={"cpt loss": [3.0, 2.0, 1.5], "rl reward": []})
    assert "cpt loss" in page
    assert "rl reward" not in page
    assert "<script>" not in page


def test_what_cannot_be_measured_is_told_in_one_sentence() -> None:
    with pytest.raises(BenchError, match="there are no records to measure"):
        bench([], {"a": []})
    with pytest.raises(BenchError, match="there are no answers to measure; give some with --answers NAME=FILE"):
        measured()
    with pytest.raises(BenchError, match=r"'a' gave 1 answers to \d+ records; each needs one"):
        measured(a=["x"])
