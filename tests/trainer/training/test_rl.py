from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from trainer.cases import Cases
from trainer.errors import TrainingError
from trainer.loop import Loop, Sound
from trainer.record import Record, Turn, identified, read_records, write_records
from trainer.rl import Learning, Scorer, one_of_each, rl
from trainer.stage import Stage

LOOP = Loop(steps=8, batch=4, rate=1e-3, length=256, save_every=2, threads=1)
LEARNING = Learning(group=4, longest=10, rounds=2)


@pytest.fixture(scope="session")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions whose answers are words, so that whatever is said can be read and some of it is better."""
    path = tmp_path_factory.mktemp("talks") / "talks.jsonl"
    rooms = ("kitchen", "hall", "study", "attic", "cellar", "porch")
    turns = [(Turn("user", f"Is the {room} lit?"), Turn("assistant", f"The {room} is lit.", True)) for room in rooms]
    found = [
        Record(
            "", "next-observation", "v1", said, trajectory=f"t{at}", facts={"tool": "ask", "answer": said[1].content}
        )
        for at, said in enumerate(turns)
    ]
    write_records(path, map(identified, found))
    return path


class Killed(BaseException):
    """Nobody catches it."""


def test_whoever_is_interrupted_goes_on_to_the_same_weights(
    start: Path, talks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rl(Stage("rl", tmp_path / "whole"), start, talks, LOOP, LEARNING)
    assert len(set(whole["rewards"])) > 1, "there was something to learn from"
    assert whole["weights"] != orjson.loads((tmp_path / "whole" / "settings.json").read_bytes())["start"]
    for after in (4, 7):
        with monkeypatch.context() as patch:

            def on_log(_: Sound, args: Any, state: Any, *rest: Any, last: int = after, **more: Any) -> None:
                if state.global_step == last:
                    raise Killed

            patch.setattr(Sound, "on_log", on_log)
            with pytest.raises(Killed):
                rl(Stage("rl", tmp_path / "killed"), start, talks, LOOP, LEARNING)
    assert rl(Stage("rl", tmp_path / "killed"), start, talks, LOOP, LEARNING) == whole


def test_the_parts_of_the_reward_are_logged_apart(start: Path, talks: Path, tmp_path: Path) -> None:
    metrics = rl(Stage("rl", tmp_path), start, talks, replace(LOOP, steps=2), replace(LEARNING, algorithm="grpo"))
    assert {"rewards/rubric/mean", "rewards/rules/mean", "parts/valid", "parts/rubric/realism"} <= metrics[
        "first"
    ].keys()
    assert {"monitor/reward_all", "monitor/reward_completed"} <= metrics["first"].keys()
    assert metrics["questions"] == 6


def test_a_judge_that_fails_moves_no_weight(start: Path, talks: Path, tmp_path: Path) -> None:
    loop = replace(LOOP, steps=2, rate=0.1)
    metrics = rl(Stage("rl", tmp_path), start, talks, loop, LEARNING, judge=lambda asked: [None for _ in asked])
    assert metrics["last"]["monitor/reward_all"] == 0
    assert "monitor/reward_completed" not in metrics["last"]


def test_both_rewards_come_from_one_look_at_the_answers(played: list[Record], traces: Path) -> None:
    cases = {record.id: Cases(traces).of(record) for record in played[:3]}
    looked = []

    def judge(asked: Any) -> list[None]:
        looked.append(len(asked))
        return [None] * len(asked)

    scorer = Scorer(cases, judge)
    said = [[{"role": "assistant", "content": case.gold}] for case in cases.values()]
    assert scorer.rubric(said, list(cases)) == [None] * 3
    assert scorer.rules(said, list(cases)) == [None] * 3
    assert looked == [3]


def test_one_turn_of_each_trajectory_is_asked(records: Path) -> None:
    found = list(read_records(records))
    chosen = one_of_each(found, seed=0)
    assert len(chosen) == len({record.trajectory for record in found}) == len({record.trajectory for record in chosen})
    assert one_of_each(found, seed=0) == chosen
    assert any(one_of_each(found, seed=seed) != chosen for seed in range(1, 5))


@pytest.mark.parametrize(
    ("loop", "learning", "told"),
    [
        (replace(LOOP, save_every=3), LEARNING, "take a multiple of 2"),
        (replace(LOOP, batch=3), replace(LEARNING, group=4, rounds=2), "make no whole groups of 4 answers"),
        (replace(LOOP, length=12), LEARNING, "none of 6 questions fits into 2 tokens"),
    ],
)
def test_what_cannot_begin_is_told(
    loop: Loop, learning: Learning, told: str, start: Path, talks: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=told):
        rl(Stage("rl", tmp_path), start, talks, loop, learning)


def test_adapters_are_trained_and_merged(start: Path, talks: Path, tmp_path: Path) -> None:
    loop = replace(LOOP, steps=2, lora=4)
    rl(Stage("rl", tmp_path), start, talks, loop, LEARNING)
    assert not list((tmp_path / "model").glob("adapter*"))
    assert (tmp_path / "model" / "model.safetensors").is_file()
