"""Rows of AgentWorldBench: sent as they are, judged, scored with their failures."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from mcp_sim.worldmodel.client import Unanswered
from mcp_sim.worldmodel.wire import Message
from trainer.bench.awb import Row, infer, judge_all, observation, read_rows, summary
from trainer.bench.errors import BenchError
from trainer.bench.journal import Journal
from trainer.rewards import DIMENSIONS, Judged, Judgement

ROW: dict[str, Any] = {
    "task": "agent_world/mcp",
    "id": "7",
    "system_str": "You are  a server.\n",
    "prompt": ["### Turn 1\n ls", "### Turn 2\n cat a"],
    "response": ["**Environment Observation:**\na b", "**Environment Observation:**\n<think>not thinking</think>"],
    "current_prompt": "### Turn 2\n cat a",
    "turn_idx": 2,
    "total_turns": 2,
}


def rows(path: Path, *found: dict[str, Any]) -> list[Row]:
    path.write_bytes(b"\n".join(map(orjson.dumps, found)))
    return read_rows([path])


def test_a_row_is_sent_verbatim(tmp_path: Path) -> None:
    (row,) = rows(tmp_path / "a.jsonl", ROW)
    assert [message["role"] for message in row.messages] == ["system", "user", "assistant", "user"]
    assert [message["content"] for message in row.messages] == [
        ROW["system_str"], ROW["prompt"][0], ROW["response"][0], ROW["current_prompt"],
    ]  # fmt: skip
    assert (row.task, row.real) == ("mcp", ROW["response"][1])


def test_a_first_turn_has_no_past_and_a_current_prompt_may_stand_in_the_list(tmp_path: Path) -> None:
    first = {**ROW, "turn_idx": 1, "system_str": "", "prompt": "only", "response": "told", "current_prompt": None}
    (row,) = rows(tmp_path / "a.jsonl", first)
    assert row == Row("mcp", (Message(role="user", content="only"),), "told")


WRONG = [
    ({**ROW, "turn_idx": 3}, "'turn_idx' is 3, and there are 2 responses"),
    ({**ROW, "turn_idx": "2"}, "'turn_idx' is '2'"),
    ({**ROW, "response": [1]}, "'response' is no list of texts"),
    ({**ROW, "prompt": [], "turn_idx": 2}, "'prompt' has 0 turns"),
    ({**ROW, "prompt": [], "turn_idx": 1, "current_prompt": ""}, "it has no 'current_prompt'"),
    ([], "it is no object"),
]


@pytest.mark.parametrize(("row", "said"), WRONG)
def test_a_line_that_is_no_row_is_named(row: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(orjson.dumps(ROW) + b"\n" + orjson.dumps(row))
    with pytest.raises(BenchError) as caught:
        read_rows([path])
    assert str(caught.value).startswith(f"{path}:2: no row of AgentWorldBench: {said}")


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n")
    with pytest.raises(BenchError, match="there is no row in"):
        read_rows([tmp_path / "a.jsonl"])


SAID = [
    ("plain", "plain"),
    ("<think>hm</think>\n\nplain", "plain"),
    ("**Environment Observation:**\na b", "a b"),
    (
        "<predicted_observation>\nfirst\n</predicted_observation>\n\n<predicted_observation>\nlast\n</predicted_observation>",
        "last",
    ),
    ("usage: <think> starts, </think> ends", "usage: <think> starts, </think> ends"),
    ('{"html": "<think>a</think>"}', '{"html": "<think>a</think>"}'),
    ("", None),
    ("<think>for ever", None),
]


@pytest.mark.parametrize(("said", "shown"), SAID)
def test_the_observation_is_taken_out_of_an_answer_and_never_destroyed(said: str, shown: str | None) -> None:
    assert observation(said) == shown


def test_failures_count_as_nothing_and_domains_count_alike() -> None:
    asked = [Row("mcp", (), "x")] * 3 + [Row("web", (), "x")]
    five, one = dict.fromkeys(DIMENSIONS, 5), dict.fromkeys(DIMENSIONS, 1)
    told = summary(asked, [five, five, None, one])
    assert told["domains"]["mcp"]["score"] == pytest.approx(200 / 3)
    assert told["domains"]["mcp"]["failed"] == 1
    assert told["domains"]["mcp"]["completed"] == 100
    assert told["domains"]["web"]["score"] == 0
    assert told["macro"]["score"] == pytest.approx(100 / 3)
    assert told["pooled"]["score"] == 50
    assert told["pooled"]["completed"] == pytest.approx(200 / 3)


def test_rows_are_answered_judged_and_not_judged_twice(tmp_path: Path) -> None:
    asked = rows(tmp_path / "a.jsonl", ROW, {**ROW, "current_prompt": "### Turn 2\n rm a"})

    async def world_model(messages: tuple[Message, ...]) -> str:
        if "rm" in messages[-1]["content"]:
            raise Unanswered("http://there answers 500")
        return "<think>hm</think>b"

    seen: list[Judged] = []

    def judge(judged: Sequence[Judged]) -> list[Judgement | None]:
        seen.extend(judged)
        return [Judgement(dict.fromkeys(DIMENSIONS, 4), "") for _ in judged]

    said = asyncio.run(infer(asked, world_model, Journal(tmp_path / "said.jsonl")))
    assert said == ["<think>hm</think>b", None]
    for _ in range(2):
        scores = judge_all(asked, said, judge, Journal(tmp_path / "scores.jsonl"))
        assert scores == [dict.fromkeys(DIMENSIONS, 4), None]
    assert len(seen) == 1
    assert (seen[0].answer, seen[0].real) == ("b", "<think>not thinking</think>")
    assert "You are" not in seen[0].question
    assert "cat a" in seen[0].question


def test_a_judgement_that_failed_is_asked_for_again(tmp_path: Path) -> None:
    asked = rows(tmp_path / "a.jsonl", ROW)
    good = Judgement(dict.fromkeys(DIMENSIONS, 2), "")
    for judgement in (None, Judgement(None, "I like it"), good):
        scores = judge_all(asked, ["b"], lambda _, given=judgement: [given], Journal(tmp_path / "scores.jsonl"))  # type: ignore[misc]
    assert scores == [good.scores]
