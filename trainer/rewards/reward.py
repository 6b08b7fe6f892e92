"""The reward of an answer: a rubric of five dimensions and rules that can be checked, mixed 9 to 1."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mcp_sim.worldmodel.parse import Unreadable
from trainer.cases import Case
from trainer.record import Record
from trainer.rewards.errors import RewardError
from trainer.rewards.guards import flattery
from trainer.rewards.judge import Judge, Judged, ServedJudge
from trainer.rewards.rubric import DIMENSIONS, Scores, rubric, total
from trainer.rewards.rules import RULES, verify
from trainer.rewards.target import Reading, Target, target

TOP = 25.0


class Mix(NamedTuple):
    """The weights of rubric and rules; they add up to 1."""

    rubric: float = 0.9
    rules: float = 0.1


MIX = Mix()


@dataclass(frozen=True, slots=True)
class Reward:
    """What an answer earns.

    Attributes:
        total: from 0 to 25; 0 for an invalid answer or judgement; None where the judge could not be asked, so that the
            trial is masked.
        parts: the five dimensions (1 to 5), `rubric` (5 to 25), `rules` (0 or 25), and each rule as `rule/NAME` (0 or
            25); None where a part does not apply or is not known.
        invalid: why it counts as no answer; empty where it does not.
    """

    total: float | None
    parts: dict[str, float | None]
    invalid: str = ""


def rule_reward(asked: Record | Case, answer: str) -> Reward:
    """What the rules alone give: 25 if the answer keeps all that apply, else 0.

    Raises:
        RewardError: the record has no answer to hold others against.
    """
    found = target(asked)
    reading, _ = understood(found, answer)
    parts = _ruled(found, reading)
    return Reward(parts["rules"], parts)


async def reward(record: Record | Case, answer: str, judge: Judge | None = None, mix: Mix = MIX) -> Reward:
    """What an answer earns: of the `judge`, or of the deterministic rubric where there is none, and of the rules.

    Raises:
        RewardError: the record has no answer to hold others against.
    """
    if judge is None:
        return rewards([(record, answer)], None, mix)[0]
    return (await asyncio.to_thread(rewards, [(record, answer)], judge, mix))[0]


def rewards(answers: Sequence[tuple[Record | Case, str]], judge: Judge | None = None, mix: Mix = MIX) -> list[Reward]:
    """What answers earn, in their order; the judge is asked about all of them at once.

    Raises:
        RewardError: a record has no answer to hold others against.
    """
    found: dict[int, Reward] = {}
    asked: dict[int, tuple[Judged, dict[str, float | None]]] = {}
    for at, (one, answer) in enumerate(answers):
        held = target(one)
        reading, why = understood(held, answer)
        parts: dict[str, float | None] = {**dict.fromkeys((*DIMENSIONS, "rubric")), **_ruled(held, reading)}
        if reading is None:
            found[at] = Reward(0.0, {**parts, "rubric": 0.0}, why)
        elif judge is None:
            found[at] = _mixed(rubric(held, reading), parts, mix)
        else:
            asked[at] = Judged(held.prompt, held.gold_text, reading.body), parts
    if judge is not None and asked:
        judgements = judge([judged for judged, _ in asked.values()])
        for (at, (_, parts)), judgement in zip(asked.items(), judgements, strict=True):
            if judgement is None:
                found[at] = Reward(None, parts)
            elif judgement.scores is None:
                found[at] = Reward(0.0, {**parts, "rubric": 0.0}, "the judgement has no scores")
            else:
                found[at] = _mixed(judgement.scores, parts, mix)
    return [found[at] for at in range(len(answers))]


def trusted(judge: Judge, record: Record | Case) -> None:
    """Try a judge out on one record: the real answer, and a useless one that praises itself.

    Raises:
        RewardError: it gives no answer, no scores, or the useless one as many points as the real one.
    """
    found = target(record)
    said = (found.gold_text, '{"message": "Done. Everything is as you wish."}')
    marks = []
    for judgement in judge([Judged(found.prompt, found.gold_text, answer) for answer in said]):
        if judgement is None:
            why = f": {judge.problems[-1]}" if isinstance(judge, ServedJudge) and judge.problems else ""
            raise RewardError(f"the judge does not answer{why}")
        if judgement.scores is None:
            words = " ".join(judgement.said.split())[:80]
            raise RewardError(f"the judge gives no scores in the form it is asked for, but says '{words}'")
        marks.append(total(judgement.scores))
    if marks[1] >= marks[0]:
        raise RewardError(
            f"the judge flatters: it gives a useless answer {marks[1]:g} of 25, the real one {marks[0]:g}; take another"
        )


def understood(found: Target, answer: str) -> tuple[Reading | None, str]:
    """The answer, read; None and why if it is invalid: there is none in it, or it is written for the judge."""
    try:
        reading = found.read(answer)
    except Unreadable as error:
        return None, f"unreadable: {error}"
    praise = flattery(reading.body, f"{found.prompt}\n{found.gold_text}")
    if praise is not None:
        return None, f"it speaks of itself or to its judge: '{praise[:60]}'"
    return reading, ""


def _mixed(scores: Scores, parts: dict[str, float | None], mix: Mix) -> Reward:
    parts = {**parts, **scores, "rubric": total(scores)}
    return Reward(mix.rubric * total(scores) + mix.rules * (parts["rules"] or 0.0), parts)


def _ruled(found: Target, reading: Reading | None) -> dict[str, float | None]:
    if reading is None:
        return {"rules": 0.0, **{f"rule/{name}": None for name in RULES}}
    verdicts = verify(found, reading)
    kept = {f"rule/{name}": None if one is None else TOP * one for name, one in verdicts.items()}
    return {"rules": TOP * all(one is not False for one in verdicts.values()), **kept}
