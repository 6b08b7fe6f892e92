from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from schemas.load import load_world, shipped_world, shipped_worlds
from trainer.play import Play, play
from trainer.reasoning import reasoning
from trainer.recipes import LENDING
from trainer.record import Record
from trainer.tailor.classes import KEEP, is_learned


@cache
def records(trajectories: int = 3, seed: int = 0) -> list[Record]:
    return list(play(load_world(LENDING), Play(trajectories, 20, seed, prompt_tokens=2500)))


def test_equal_seeds_give_equal_records_and_another_seed_others() -> None:
    assert records() == list(play(load_world(LENDING), Play(3, 20, prompt_tokens=2500)))
    assert not {one.id for one in records()} & {one.id for one in records(seed=1)}


def test_only_the_answer_is_learned_and_it_is_the_last_turn() -> None:
    for record in records():
        assert [turn.loss for turn in record.turns] == [False] * (len(record.turns) - 1) + [True]
        assert record.turns[-1].role == "assistant"
        assert record.turns[-1].content == record.facts["answer"]
        assert record.turns[0].role == "system"


def test_there_are_answers_of_every_tool_and_every_kind_of_refusal() -> None:
    found = records(12)
    assert {record.facts["tool"] for record in found} == set(load_world(LENDING).tools)
    guards = {record.facts["guard"] for record in found if record.facts["is_error"]}
    assert {"book exists", "member exists", "loan exists", "member.active", "lent.total == 0"} <= guards


def test_no_answer_names_a_new_row_by_the_id_that_nobody_could_know() -> None:
    lent = [record for record in records() if record.facts["tool"] == "lend" and not record.facts["is_error"]]
    assert lent
    assert all('"id":"new-1"' in record.facts["answer"] for record in lent)


@pytest.mark.parametrize("name", sorted(shipped_worlds()))
def test_every_shipped_world_can_be_played(name: str, tmp_path: Path) -> None:
    found = list(play(shipped_world(name), Play(1, 20, prompt_tokens=2500), tmp_path))
    assert len(found) > 15
    assert [path.stem for path in tmp_path.iterdir()] == [found[0].trajectory]


def test_thinking_tells_what_the_engine_knows() -> None:
    told = {record.facts["guard"]: reasoning(record) for record in records(12)}
    assert "Refused: not lent.total == 0." in told["lent.total == 0"]
    assert "There is no book" in told["book exists"]
    changed = next(record for record in records() if record.facts["changes"])
    assert changed.facts["changes"][0]["entity"] in reasoning(changed)


def test_of_each_class_of_turns_its_share_is_learned() -> None:
    found = records(12)
    for name, share in KEEP.items():
        kept = sum(is_learned(name, record.id, 3) for record in found)
        assert kept / len(found) == pytest.approx(share, abs=0.1)


def test_history_alone_shows_the_calls_before_and_no_row() -> None:
    with_rows = list(play(load_world(LENDING), Play(1, 6, template="brief")))
    without = list(play(load_world(LENDING), Play(1, 6, template="brief", state=False)))
    assert [one.facts["answer"] for one in without] == [one.facts["answer"] for one in with_rows]
    last = without[-1]
    assert sum(turn.role == "assistant" for turn in last.turns) == 6
    assert "Records" not in last.turns[-2].content
    assert "as they are now" not in last.turns[0].content
    assert not any(one.facts["rows"] for one in without)
