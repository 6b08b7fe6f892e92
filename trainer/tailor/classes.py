"""How much an observation says that the action did not: the classes of turns, and how many of each are learned."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.canonical import canonical
from schemas.recorded import RecordedCall
from trainer.record import TurnClass

_WORD = re.compile(r"\w+")
SHORT = 80
"""Characters of an observation that is short: no longer than a sentence, so that it reports more than it tells."""
KEEP: Final[dict[TurnClass, float]] = {
    "retrieval": 1.0,
    "expansion": 1.0,
    "action": 1.0,
    "transform": 0.5,
    "boilerplate": 0.1,
    "echo": 0.05,
    "other": 1.0,
}
"""The share of the turns of each class that are learned; the others stay as context."""
PRECEDENCE: Final[tuple[TurnClass, ...]] = (
    "echo",
    "boilerplate",
    "expansion",
    "retrieval",
    "action",
    "transform",
    "other",
)
"""The classes overlap; the first whose rule holds is taken: what repeats the action before what adds to it, and among
those the narrower rule first."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is counted of a turn, over sets of lower-cased words.

    Attributes:
        overlap: the share of the words of the action that the observation has.
        novelty: the share of the words of the observation that the action does not have.
        ratio: characters of the observation for each of the action.
        length: characters of the observation.
    """

    overlap: float
    novelty: float
    ratio: float
    length: int


def figures(action: str, observation: str) -> Figures:
    """The figures of one turn; an empty side overlaps with nothing and is not new."""
    asked, told = set(_WORD.findall(action.lower())), set(_WORD.findall(observation.lower()))
    return Figures(
        len(asked & told) / len(asked) if asked else 0.0,
        len(told - asked) / len(told) if told else 0.0,
        len(observation) / max(len(action), 1),
        len(observation),
    )


def class_of(found: Figures) -> TurnClass:
    """The class of a turn: the first of `PRECEDENCE` whose rule holds."""
    rules: dict[TurnClass, bool] = {
        "echo": found.overlap >= 0.7 and found.novelty < 0.3,
        "boilerplate": found.overlap >= 0.5 and found.novelty < 0.5,
        "expansion": found.overlap >= 0.5 and found.novelty >= 0.5 and found.ratio > 1.5,
        "retrieval": found.novelty >= 0.6 and found.ratio > 1 and found.length > SHORT,
        "action": found.novelty >= 0.5 and (found.ratio <= 1 or found.length <= SHORT),
        "transform": found.novelty < 0.5 and found.ratio < 1,
        "other": True,
    }
    return next(name for name in PRECEDENCE if rules[name])


def turn_class(call: RecordedCall) -> TurnClass:
    """The class of a recorded call."""
    return class_of(figures(f"{call.tool} {canonical(call.arguments).decode()}", call.text))


def is_learned(kind: TurnClass, event: str, seed: int, keep: Mapping[TurnClass, float] = KEEP) -> bool:
    """Whether a turn is learned: whole turns are drawn, each by its own id, so the others never change the draw."""
    share = keep.get(kind, 1.0)
    return share >= 1 or draw(f"{seed}:class:{event}") < share


def draw(purpose: str) -> float:
    """A number from 0 to 1 that depends on the purpose alone."""
    return int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "big") / 2**64
