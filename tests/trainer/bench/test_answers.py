"""Answers come from files or servers, and what was asked is not asked again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest

from mcp_sim.worldmodel.client import Unanswered
from mcp_sim.worldmodel.wire import Message
from tests.trainer.played import shipped
from trainer.bench.answers import ask_all, question, read_answers
from trainer.bench.errors import BenchError
from trainer.bench.journal import Journal

RECORDS = shipped()[:3]


def written(path: Path, *lines: object) -> Path:
    path.write_bytes(b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines))
    return path


def test_answers_are_found_by_the_id_of_their_record_or_in_order(tmp_path: Path) -> None:
    named = written(tmp_path / "a", *({"id": record.id, "answer": record.id} for record in reversed(RECORDS)))
    assert read_answers(named, RECORDS) == [record.id for record in RECORDS]
    assert read_answers(written(tmp_path / "b", "x", "y", "z"), RECORDS) == ["x", "y", "z"]


WRONG: list[tuple[list[object], str]] = [
    ([b"{"], ":1: not JSON: "),
    ([7], ':1: an answer is a text, or {"id": ID OF THE RECORD, "answer": TEXT}'),
    ([{"id": RECORDS[0].id, "answer": None}], ":1: an answer is a text"),
    (["x"], " holds 1 answers, and there are 3 records"),
    ([], " holds 0 answers, and there are 3 records"),
    ([{"id": RECORDS[0].id, "answer": "x"}], f" has no answer to 2 records; the first is {RECORDS[1].id[:12]}"),
    (["x", {"id": "1", "answer": "x"}], " mixes answers with and without the id of their record"),
]


@pytest.mark.parametrize(("lines", "said"), WRONG)
def test_a_file_that_holds_no_answers_is_told_with_its_line(lines: list[object], said: str, tmp_path: Path) -> None:
    path = written(tmp_path / "answers.jsonl", *lines)
    with pytest.raises(BenchError) as caught:
        read_answers(path, RECORDS)
    assert str(caught.value).startswith(f"{path}{said}")


def test_a_question_ends_before_the_answer_that_is_learned() -> None:
    asked = question(RECORDS[0])
    assert asked[-1]["role"] == "user"
    assert len(asked) == len(RECORDS[0].turns) - 1


QUESTIONS = [(Message(role="user", content=str(at)),) for at in range(60)]


def test_a_run_that_was_stopped_asks_only_what_is_missing(tmp_path: Path) -> None:
    asked: list[str] = []

    async def stubborn(messages: tuple[Message, ...]) -> str:
        asked.append(messages[0]["content"])
        if len(asked) == 40:
            raise KeyboardInterrupt
        return f"answer {messages[0]['content']}"

    async def willing(messages: tuple[Message, ...]) -> str:
        asked.append(messages[0]["content"])
        return f"answer {messages[0]['content']}"

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(ask_all(stubborn, QUESTIONS, Journal(tmp_path / "kept.jsonl")))
    with (tmp_path / "kept.jsonl").open("ab") as file:
        file.write(b'{"key": "torn')
    said = asyncio.run(ask_all(willing, QUESTIONS, Journal(tmp_path / "kept.jsonl")))
    assert said == [f"answer {at}" for at in range(60)]
    assert len(asked) == 61, "only the one that was under way is asked again"


def test_a_question_that_failed_is_asked_again_next_time(tmp_path: Path) -> None:
    async def moody(messages: tuple[Message, ...]) -> str:
        if messages[0]["content"] == "3":
            raise Unanswered("http://there answers 500")
        return "well"

    said = asyncio.run(ask_all(moody, QUESTIONS[:5], Journal(tmp_path / "kept.jsonl")))
    assert said == ["well", "well", "well", None, "well"]

    async def well(_: tuple[Message, ...]) -> str:
        return "better"

    assert asyncio.run(ask_all(well, QUESTIONS[:5], Journal(tmp_path / "kept.jsonl")))[3] == "better"


def test_a_server_that_is_gone_is_given_up_in_one_sentence(tmp_path: Path) -> None:
    async def gone(_: tuple[Message, ...]) -> str:
        raise Unanswered("http://there gives no connection")

    with pytest.raises(
        BenchError, match=r"^http://there gives no connection; 20 questions failed in a row; run it again"
    ):
        asyncio.run(ask_all(gone, QUESTIONS, Journal(tmp_path / "kept.jsonl")))


def test_a_file_that_is_something_else_is_not_written_to(tmp_path: Path) -> None:
    path = written(tmp_path / "kept.jsonl", {"mine": 1})
    with pytest.raises(BenchError, match=r"kept\.jsonl:1: not an entry of this bench; take another folder"):
        Journal(path)
    assert orjson.loads(path.read_bytes()) == {"mine": 1}
