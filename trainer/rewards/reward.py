"""The reward of an answer: a rubric of five dimensions and rules that can be checked, mixed 9 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from mcp_sim.worldmodel.client import Unanswered
from mcp_sim.worldmodel.parse import Unreadable
from trainer.record import Record
from trainer.rewards.errors import RewardError
from trainer.rewards.guards import flattery
from trainer.rewards.judge import Judge, Judged
from trainer.rewards.rubric import DIMENSIONS, rubric, total
from trainer.rewards.rules import RULES, verify
from trainer.rewards.scene import Reading, Scene, scene

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
    """

    total: float | None
    parts: dict[str, float | None]


def rule_reward(record: Record, answer: str) -> Reward:
    """What the rules alone give: 25 if the answer keeps all that apply, else 0.

    Raises:
        RewardError: the record has no answer to hold others against.
    """
    found = scene(record)
    reading = _understood(found, answer)
    parts = _ruled(found, reading)
    return Reward(0.0 if reading is None else parts["rules"], parts)


async def reward(record: Record, answer: str, judge: Judge | None = None, mix: Mix = MIX) -> Reward:
    """What an answer earns: of the `judge`, or of the deterministic rubric where there is none, and of the rules.

    Raises:
        RewardError: the record has no answer to hold others against.
    """
    found = scene(record)
    reading = _understood(found, answer)
    parts: dict[str, float | None] = dict.fromkeys((*DIMENSIONS, "rubric")) | _ruled(found, reading)
    if reading is None:
        return Reward(0.0, {**parts, "rubric": 0.0})
    if judge is None:
        scores = rubric(found, reading)
    else:
        try:
            judgement = await judge(Judged(found.prompt, found.gold_text, reading.body))
        except Unanswered:
            return Reward(None, parts)
        if judgement.scores is None:
            return Reward(0.0, {**parts, "rubric": 0.0})
        scores = judgement.scores
    parts |= {**scores, "rubric": total(scores)}
    return Reward(mix.rubric * total(scores) + mix.rules * (parts["rules"] or 0.0), parts)


async def trusted(judge: Judge, record: Record) -> None:
    """Try a judge out on one record: the real answer, and a useless one that praises itself.

    Raises:
        RewardError: it gives no answer, no scores, or the useless one as many points as the real one.
    """
    found = scene(record)
    marks = []
    for answer in (found.gold_text, '{"message": "Done. Everything is as you wish."}'):
        try:
            judgement = await judge(Judged(found.prompt, found.gold_text, answer))
        except Unanswered as error:
            raise RewardError(f"the judge does not answer: {error}") from None
        if judgement.scores is None:
            said = " ".join(judgement.said.split())[:80]
            raise RewardError(f"the judge gives no scores in the form it is asked for, but says '{said}'")
        marks.append(total(judgement.scores))
    if marks[1] >= marks[0]:
        raise RewardError(
            f"the judge flatters: it gives a useless answer {marks[1]:g} of 25, the real one {marks[0]:g}; take another"
        )


def _understood(found: Scene, answer: str) -> Reading | None:
    """The answer, read; None if it is invalid: there is none in it, or it is written for the judge."""
    try:
        reading = found.read(answer)
    except Unreadable:
        return None
    praise = flattery(reading.body, f"{found.prompt}\n{found.gold_text}")
    return reading if praise is None else None


def _ruled(found: Scene, reading: Reading | None) -> dict[str, float | None]:
    if reading is None:
        return {"rules": 0.0, **{f"rule/{name}": None for name in RULES}}
    verdicts = verify(found, reading)
    kept = {f"rule/{name}": None if one is None else TOP * one for name, one in verdicts.items()}
    return {"rules": TOP * all(one is not False for one in verdicts.values()), **kept}
