from __future__ import annotations

from random import Random

import pytest

from schemas.load import load_world
from tests.trainer.rewards import answers
from trainer.bench import bench, bootstrap
from trainer.cases import Case, Cases
from trainer.errors import TrainingError
from trainer.play import Play, play
from trainer.recipes import LENDING
from trainer.report import html


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    folder = tmp_path_factory.mktemp("traces")
    found = Cases(folder)
    return [found.of(record) for record in play(load_world(LENDING), Play(5, 10, prompt_tokens=1500), folder)]


def test_the_right_answers_win_and_the_gain_is_sure(cases: list[Case]) -> None:
    right = [case.gold for case in cases]
    result = bench(cases, {"echo": [answers.echo(case) for case in cases], "right": right})
    assert {name: mean.mean for name, mean in result.means["right"].items()} == {
        "exact": 1.0, "leaf_f1": 1.0, "rubric": 1.0, "rules": 1.0, "violations": 0.0,
    }  # fmt: skip
    assert result.means["echo"]["exact"].mean == 0.0
    assert result.gains["right"]["exact"].low > 0
    assert result.domains["right"]["lending"]["exact"].count == len(cases)
    assert result.worst == ()


def test_two_that_answer_alike_differ_by_nothing(cases: list[Case]) -> None:
    said = [case.gold if at % 2 else "" for at, case in enumerate(cases)]
    gains = bench(cases, {"one": said, "other": said}).gains["other"]
    assert {(gain.mean, gain.low, gain.high) for gain in gains.values()} == {(0.0, 0.0, 0.0)}


def test_no_answer_is_wrong_by_every_measure(cases: list[Case]) -> None:
    means = bench(cases, {"silent": [""] * len(cases)}).means["silent"]
    assert {name: mean.mean for name, mean in means.items()} == {
        "exact": 0.0, "leaf_f1": 0.0, "rubric": 0.0, "rules": 0.0, "violations": 1.0,
    }  # fmt: skip


def test_an_interval_holds_the_true_mean_about_as_often_as_it_says() -> None:
    chance = Random(4)
    held = 0
    for trial in range(60):
        pairs = [(str(group), float(chance.random() < 0.4)) for group in range(60)]
        found = bootstrap(pairs, trial, draws=300)
        held += found.low <= 0.4 <= found.high
    assert 0.86 <= held / 60 <= 1.0


def test_calls_of_one_trajectory_do_not_make_it_surer() -> None:
    pairs = [(f"{group}", float(group % 2)) for group in range(10)]
    once, ten = bootstrap(pairs, 1), bootstrap([pair for pair in pairs for _ in range(10)], 1)
    assert (once.low, once.high) == (ten.low, ten.high)
    assert ten.count == 100


def test_the_page_tells_all_and_escapes_what_was_said(cases: list[Case]) -> None:
    said = [f"{case.gold}<script>alert(1)</script>" for case in cases]
    page = html(bench(cases, {"cpt": said, "sft": said}), "A run", {"cpt": [3.0, 2.0, 1.5]})
    assert "<script>" not in page
    assert all(word in page for word in ("A run", "leaf_f1", "lending", "polyline", "violations"))
    assert "http" not in page.replace("http://www.w3.org", "")


def test_nothing_to_answer_and_missing_answers_are_told(cases: list[Case]) -> None:
    with pytest.raises(TrainingError, match="no held-out call"):
        bench([], {})
    with pytest.raises(TrainingError, match=f"cpt answered 1 of {len(cases)} calls"):
        bench(cases, {"cpt": ["x"]})
