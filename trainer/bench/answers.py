"""Answers of checkpoints: from a file, or asked of a server, and kept as they come."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson

from mcp_sim.worldmodel.client import Unanswered
from mcp_sim.worldmodel.wire import Message
from trainer.asking import Predictor
from trainer.bench.errors import BenchError
from trainer.bench.journal import Journal
from trainer.record import Record

AT_ONCE = 32
"""Questions under way."""
_FAILED = 20
"""Failures in a row after which a server is given up."""


def read_answers(path: Path, records: Sequence[Record]) -> list[str]:
    """The answers of a file of JSON Lines: `{"id": ID OF THE RECORD, "answer": TEXT}`, or one text per record in order.

    Raises:
        BenchError: a line is neither, or a record has no answer.
    """
    texts: list[str] = []
    by_id: dict[str, str] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise BenchError(f"{path}:{number}: not JSON: {error}") from None
        if isinstance(found, str):
            texts.append(found)
        elif isinstance(found, dict) and isinstance(found.get("id"), str) and isinstance(found.get("answer"), str):
            by_id[found["id"]] = found["answer"]
        else:
            raise BenchError(f'{path}:{number}: an answer is a text, or {{"id": ID OF THE RECORD, "answer": TEXT}}')
    if texts and by_id:
        raise BenchError(f"{path} mixes answers with and without the id of their record")
    if texts or not by_id:
        if len(texts) != len(records):
            raise BenchError(f"{path} holds {len(texts):,} answers, and there are {len(records):,} records")
        return texts
    missing = [record.id for record in records if record.id not in by_id]
    if missing:
        raise BenchError(f"{path} has no answer to {len(missing):,} records; the first is {missing[0][:12]}")
    return [by_id[record.id] for record in records]


def question(record: Record) -> tuple[Message, ...]:
    """The messages of a record up to its last learned turn."""
    learned = [at for at, turn in enumerate(record.turns) if turn.loss]
    turns = record.turns[: learned[-1]] if learned else record.turns
    return tuple(Message(role=turn.role, content=turn.content) for turn in turns)


async def ask_all(
    predictor: Predictor,
    questions: Sequence[tuple[Message, ...]],
    journal: Journal,
    told: Callable[[], None] = lambda: None,
) -> list[str | None]:
    """Ask what the journal does not know yet; None where no answer came, which the next run asks again.

    Raises:
        BenchError: the server failed too often in a row; its answers so far are kept.
    """
    keys = [key_of(asked) for asked in questions]
    waiting = {
        key: asked for key, asked in zip(keys, questions, strict=True) if "answer" not in journal.entries.get(key, {})
    }
    places = asyncio.Semaphore(AT_ONCE)
    failures: list[str] = []

    async def one(key: str, asked: tuple[Message, ...]) -> None:
        async with places:
            if len(failures) >= _FAILED:
                return
            try:
                journal.add(key, answer=await predictor(asked))
                failures.clear()
            except Unanswered as error:
                failures.append(str(error))
                journal.add(key, failed=str(error))
            told()

    await asyncio.gather(*(one(key, asked) for key, asked in waiting.items()))
    if len(failures) >= _FAILED:
        raise BenchError(f"{failures[-1]}; {_FAILED} questions failed in a row; run it again to go on")
    found: Iterable[Any] = (journal.entries.get(key, {}).get("answer") for key in keys)
    return [answer if isinstance(answer, str) else None for answer in found]


def key_of(asked: Sequence[Message]) -> str:
    """What tells a question from others."""
    return hashlib.sha256(orjson.dumps(asked)).hexdigest()[:32]
