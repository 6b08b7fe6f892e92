"""Rejection sampling: a model answers several times, and what is right is learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainer.cases import Case
from trainer.encode import Encoder
from trainer.generate import Sampling, generate
from trainer.record import Record
from trainer.rewards import Judge, Worth, worth


@dataclass(frozen=True, slots=True)
class Rejection:
    """How it is done.

    Attributes:
        rollouts: answers to each question.
        threshold: the least that the best of them has to be worth, from 0 to 1.
        temperature: of the sampling.
        longest: tokens of an answer.
        thinking: whether the model thinks before it answers.
        batch: answers that are generated at once.
    """

    rollouts: int = 3
    threshold: float = 0.9
    temperature: float = 0.8
    longest: int = 256
    thinking: bool = True
    batch: int = 8


@dataclass(frozen=True, slots=True)
class Chosen:
    """The best answer to one question: what was thought and said, and what that is worth."""

    record: str
    thought: str
    said: str
    reward: float


def choose(
    model: Any,
    tokenizer: Any,
    cases: Sequence[Case],
    how: Rejection,
    seed: int,
    judge: Judge | None = None,
) -> list[Chosen]:
    """The best answer to each question for which one is good enough; of equals the shortest, then the first."""
    encoder = Encoder(tokenizer)
    prompts = [encoder.prompt_ids(asked(case.record), thinking=how.thinking) for case in cases]
    best: dict[int, tuple[tuple[float, int], Chosen]] = {}
    for rollout in range(how.rollouts):
        sampling = Sampling(how.longest, how.temperature, seed=seed + rollout, batch=how.batch)
        said = generate(model, tokenizer, prompts, sampling)
        whole = [at for at, one in enumerate(said) if one.ended]
        for at, one in zip(whole, worth([(cases[at], said[at].text) for at in whole], judge), strict=True):
            chosen = _chosen(cases[at].record, said[at].text, one)
            rank = (chosen.reward, -len(said[at].text))
            if at not in best or rank > best[at][0]:
                best[at] = rank, chosen
    return [chosen for _, (_, chosen) in sorted(best.items()) if chosen.reward >= how.threshold]


def asked(record: Record) -> list[dict[str, str]]:
    """The messages of a record up to the last learned turn."""
    last = max(at for at, turn in enumerate(record.turns) if turn.loss)
    return [{"role": turn.role, "content": turn.content} for turn in record.turns[:last]]


def _chosen(record: Record, text: str, found: Worth) -> Chosen:
    thought, closed, said = text.partition("</think>")
    if not closed:
        thought, said = "", text
    return Chosen(record.id, thought.replace("<think>", "", 1).strip(), said.strip(), found.reward or 0.0)
