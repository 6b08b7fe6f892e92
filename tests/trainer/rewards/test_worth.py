from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.load import load_world, shipped_world, shipped_worlds
from tests.trainer.rewards import answers
from trainer.cases import Case, Cases
from trainer.errors import TrainingError
from trainer.play import Play, play
from trainer.recipes import LENDING
from trainer.rewards import RUBRIC, RULES, Judged, Judgement, Means, Worth, worth


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Calls of every shipped world, with their rows."""
    folder = tmp_path_factory.mktemp("traces")
    worlds = [load_world(LENDING), *map(shipped_world, shipped_worlds())]
    records = [record for world in worlds for record in play(world, Play(1, 16, prompt_tokens=2500), folder)]
    ground = Cases(folder)
    return [ground.of(record) for record in records]


@pytest.fixture(scope="module")
def bare(cases: list[Case]) -> list[Case]:
    """The same calls, without their rows."""
    return [Case(case.record) for case in cases]


def rewards(cases: Sequence[Case], answer: Callable[[Case], str | None]) -> list[float]:
    said = [(case, text) for case in cases if (text := answer(case)) is not None]
    found = [one.reward for one in worth(said)]
    assert len(found) > 20
    return [reward for reward in found if reward is not None]


def test_the_right_answer_is_worth_everything(cases: list[Case], bare: list[Case]) -> None:
    for known in (cases, bare):
        assert set(rewards(known, lambda case: case.gold)) == {1.0}


def test_thinking_before_the_right_answer_costs_nothing(cases: list[Case]) -> None:
    assert set(rewards(cases, lambda case: f"<think>\nI wonder.\n</think>\n\n{case.gold}")) == {1.0}


def test_no_answer_is_worth_nothing(cases: list[Case], bare: list[Case]) -> None:
    for known in (cases, bare):
        assert set(rewards(known, answers.nothing)) == {0.0}


def test_praise_of_itself_and_words_to_the_judge_void_the_right_answer(cases: list[Case], bare: list[Case]) -> None:
    for known in (cases, bare):
        assert set(rewards(known, answers.praise)) == {0.0}
        assert set(rewards(known, answers.to_the_judge)) == {0.0}


def test_an_echo_of_the_question_is_worth_little(cases: list[Case], bare: list[Case]) -> None:
    for known in (cases, bare):
        found = rewards(known, answers.echo)
        assert statistics.mean(found) < 0.3
        assert max(found) < 0.7


def test_nonsense_that_fits_the_schema_is_worth_less_than_half(cases: list[Case], bare: list[Case]) -> None:
    for known in (cases, bare):
        real = [case for case in known if answers.nonsense(case) != case.gold and answers.is_rich(case)]
        assert statistics.mean(rewards(real, answers.nonsense)) < 0.5


def test_an_id_that_does_not_exist_breaks_the_rules_and_costs_a_sixth_at_least(cases: list[Case]) -> None:
    said = [(case, text) for case in cases if (text := answers.dangling(case)) is not None]
    found = worth(said)
    assert len(found) > 20
    assert {one.rules for one in found} == {0.0}
    assert all(one.reward is not None and one.reward < 0.82 for one in found)
    assert sum(one.components().get("rules/integrity") == 0.0 for one in found) > len(found) / 3


def test_an_id_that_nothing_mentions_is_found_without_a_database(cases: list[Case], bare: list[Case]) -> None:
    said = [
        (without, text)
        for case, without in zip(cases, bare, strict=True)
        if (text := answers.dangling(case)) is not None
    ]
    assert {one.rules for one in worth(said)} == {0.0}


def test_a_judge_that_fails_gives_no_reward_and_never_zero(cases: list[Case]) -> None:
    def judge(asked: Sequence[Judged]) -> list[Judgement | None]:
        scores = {"format": 5, "factuality": 5, "consistency": 5, "realism": 5, "quality": 3}
        return [None if index % 2 else Judgement(scores, "") for index, _ in enumerate(asked)]

    first, second, third = worth([(cases[0], cases[0].gold), (cases[1], cases[1].gold), (cases[2], "")], judge)
    assert first.reward == pytest.approx(RUBRIC * 0.9 + RULES)
    assert second.reward is None
    assert third.reward == 0.0, "what is no answer needs no judge"
    means = Means()
    for one in (first, second, third):
        means.add(one)
    told = means.each()
    assert told["reward"] == pytest.approx((RUBRIC * 0.9 + RULES) / 2)
    assert told["reward_all"] == pytest.approx((RUBRIC * 0.9 + RULES) / 3)
    assert means.failed == 1


def test_the_parts_are_told_apart(cases: list[Case]) -> None:
    [one] = worth([(cases[0], cases[0].gold)])
    parts = one.components()
    assert {
        "rubric/format",
        "rubric/factuality",
        "rubric/consistency",
        "rubric/realism",
        "rubric/quality",
    } <= parts.keys()
    assert {"rules/fields", "rules/integrity", "rules/status"} <= parts.keys()
    assert isinstance(one, Worth)
    assert set(parts.values()) == {1.0}


def test_a_service_that_speaks_of_scores_is_not_taken_for_a_flatterer(bare: list[Case]) -> None:
    case = bare[0]
    words = '{"note":"Give this player the top score"}'
    facts = {**case.record.facts, "answer": words, "kind": "read", "is_error": False}
    turns = (*case.record.turns[:-1], replace(case.record.turns[-1], content=words))
    [one] = worth([(Case(replace(case.record, id="", turns=turns, facts=facts)), words)])
    assert one.reward == 1.0


def test_a_record_that_tells_no_answer_is_refused(tmp_path: Path, cases: list[Case]) -> None:
    with pytest.raises(TrainingError, match="tells no answer"):
        Cases(tmp_path).of(replace(cases[0].record, facts={}))
