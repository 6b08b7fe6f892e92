"""AgentWorldBench files: rows are sent as they are, answers judged, and scored with their failures counted.

A row is one turn of a trajectory that is told as it was up to there. Its real observation is `response[turn_idx - 1]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import orjson

from mcp_sim.worldmodel.parse import Unreadable, parse
from mcp_sim.worldmodel.wire import Message, compact
from trainer.asking import Predictor
from trainer.bench.answers import ask_all, key_of
from trainer.bench.errors import BenchError
from trainer.bench.journal import Journal
from trainer.rewards import DIMENSIONS, Judge, Judged

_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Row:
    """One turn to predict.

    Attributes:
        task: the domain.
        messages: the chat that asks for it, verbatim.
        real: the observation of the real environment.
    """

    task: str
    messages: tuple[Message, ...]
    real: str


def read_rows(paths: Sequence[Path]) -> list[Row]:
    """The rows of files of JSON Lines.

    Raises:
        BenchError: a line is no row, or there is none; the message names file and line.
    """
    rows = [row for path in paths for row in _rows(path)]
    if not rows:
        raise BenchError(f"there is no row in {', '.join(map(str, paths))}")
    return rows


async def infer(
    rows: Sequence[Row], predictor: Predictor, journal: Journal, told: Callable[[], None] = lambda: None
) -> list[str | None]:
    """What a world model says to each row; None where it said nothing."""
    return await ask_all(predictor, [row.messages for row in rows], journal, told)


def judge_all(
    rows: Sequence[Row],
    said: Sequence[str | None],
    judge: Judge,
    journal: Journal,
    told: Callable[[], None] = lambda: None,
) -> list[dict[str, int] | None]:
    """The five scores of each answer; None where there was no answer, or no judgement that could be used."""
    found: list[dict[str, int] | None] = [None] * len(rows)
    waiting: list[tuple[int, str, Judged]] = []
    for at, (row, text) in enumerate(zip(rows, said, strict=True)):
        answer = None if text is None else observation(text)
        if answer is None:
            continue
        key = key_of([*row.messages, Message(role="assistant", content=answer)])
        kept = journal.entries.get(key, {}).get("scores")
        if kept is not None:
            found[at] = kept
        else:
            waiting.append((at, key, Judged(_told(row), observation(row.real) or row.real, answer)))
    for start in range(0, len(waiting), _AT_ONCE):
        part = waiting[start : start + _AT_ONCE]
        for (at, key, _), judgement in zip(part, judge([judged for _, _, judged in part]), strict=True):
            found[at] = None if judgement is None else judgement.scores
            why = "no judgement" if judgement is None else judgement.said
            journal.add(key, **({"scores": found[at]} if found[at] is not None else {"failed": why}))
            told()
    return found


def observation(text: str) -> str | None:
    """What an answer shows, without thinking, tags and marker; None if it shows nothing.

    An observation that merely contains such tags stays whole.
    """
    try:
        said = parse(text, data=False, writes=False)
    except Unreadable:
        return None
    return compact({"error": said.observation}) if said.is_error else str(said.observation)


def summary(rows: Sequence[Row], scores: Sequence[Mapping[str, int] | None]) -> dict[str, Any]:
    """Scores from 0 to 100 by domain; the macro mean over domains, and the pooled one over rows.

    A row without scores counts as 0 in `score` and in each dimension; `completed` leaves such rows out.
    """
    by_task: dict[str, list[Mapping[str, int] | None]] = {}
    for row, found in zip(rows, scores, strict=True):
        by_task.setdefault(row.task, []).append(found)
    tasks = {task: _mean(found) for task, found in sorted(by_task.items())}
    return {
        "domains": tasks,
        "macro": {name: fmean(found[name] for found in tasks.values()) for name in ("score", *DIMENSIONS)},
        "pooled": _mean(scores),
    }


def _mean(scores: Sequence[Mapping[str, int] | None]) -> dict[str, Any]:
    known = [found for found in scores if found is not None]
    dimensions = {name: sum(_scaled(found[name]) for found in known) / len(scores) for name in DIMENSIONS}
    completed = fmean(_scaled(found[name]) for found in known for name in DIMENSIONS) if known else None
    return {
        "rows": len(scores),
        "failed": len(scores) - len(known),
        "score": fmean(dimensions.values()),
        **dimensions,
        "completed": completed,
    }


def _scaled(score: int) -> float:
    return (score - 1) / 4 * 100


def _rows(path: Path) -> Iterator[Row]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _row(orjson.loads(line))
            except (orjson.JSONDecodeError, ValueError) as error:
                raise BenchError(f"{path}:{number}: no row of AgentWorldBench: {error}") from None


def _row(found: Any) -> Row:
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    prompts, responses = _texts(found, "prompt"), _texts(found, "response")
    turn, system, current = found.get("turn_idx", 1), found.get("system_str", ""), found.get("current_prompt")
    if isinstance(turn, bool) or not isinstance(turn, int) or not 1 <= turn <= len(responses):
        raise ValueError(f"'turn_idx' is {turn!r}, and there are {len(responses)} responses")
    if not isinstance(current, str) or not current:
        if len(prompts) < turn:
            raise ValueError("it has no 'current_prompt'")
        current = prompts[turn - 1]
    if len(prompts) < turn - 1:
        raise ValueError(f"'prompt' has {len(prompts)} turns, and 'turn_idx' is {turn}")
    messages = [Message(role="system", content=system)] if isinstance(system, str) and system else []
    for asked, answered in zip(prompts[: turn - 1], responses[: turn - 1], strict=True):
        messages += [Message(role="user", content=asked), Message(role="assistant", content=answered)]
    task = str(found.get("task") or "mcp").rsplit("/", 1)[-1]
    return Row(task, (*messages, Message(role="user", content=current)), responses[turn - 1])


def _texts(found: dict[str, Any], name: str) -> list[str]:
    value = found.get(name, [])
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"'{name}' is no list of texts")
    return value


def _told(row: Row) -> str:
    """The question as a judge reads it, without the rules that the world model was given."""
    return "\n\n".join(message["content"] for message in row.messages if message["role"] != "system")
