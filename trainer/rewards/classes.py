"""What kind of content a leaf is, and so how closely an answer has to meet it.

* **fact**: its value stands in the question, or the state in view decides it: only the same value will do.
* **live**: a number that nothing in view decides: within 15 % will do.
* **session**: an id, a time, a hash that the service has just made: any of the same form will do.
* **words**: prose that is not quoted from the question: the more of its words, the better.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from mcp_sim.fidelity import Leaf
from trainer.rewards.target import Reading, Target

Content = Literal["fact", "live", "session", "words"]
LIVE = 0.15
"""How far a live number may be off, as a part of the real one."""
_SIGN = re.compile(r"[A-Za-z0-9]")
_WORD = re.compile(r"\w+")


def content(leaf: Leaf, target: Target) -> Content:
    """The class of a leaf of the wanted answer."""
    _, kind, value = leaf
    if kind == "number":
        return "fact" if target.state_in_view or float(value) in target.numbers else "live"
    if kind != "text" or not value or target.says(value):
        return "fact"
    return "session" if is_opaque(value) else "words"


def is_opaque(text: str) -> bool:
    """Whether a text looks like an id, a time, a hash or an address: one word with a digit or a slash in it."""
    return len(text) >= 3 and not re.search(r"\s", text) and re.search(r"\d|://", text) is not None


def is_low_salience(leaf: Leaf) -> bool:
    """Whether a leaf is one of those that are easily got nearly right: a number, an id, an address."""
    _, kind, value = leaf
    return kind == "number" or (kind == "text" and is_opaque(value))


@dataclass(frozen=True, slots=True)
class Match:
    """How an answer meets the leaves of the wanted one; each from 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Both in one number."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def match(target: Target, reading: Reading) -> Match:
    """How the leaves of an answer meet the wanted ones, each as closely as its class demands."""
    expected, found = target.gold.leaves, reading.leaves
    at = {leaf[0]: leaf for leaf in found}
    met = sum(1.0 if leaf in found else _likeness(leaf, at.get(leaf[0]), target) for leaf in expected)
    return Match(met / len(found), met / len(expected))


def likeness(one: str, other: str) -> float:
    """The share of words that two texts have in common, 1 for those alike to the letter alone."""
    if one.strip() == other.strip():
        return 1.0
    first, second = Counter(_WORD.findall(one.lower())), Counter(_WORD.findall(other.lower()))
    total = first.total() + second.total()
    return min(2 * (first & second).total() / total if total else 0.0, 0.99)


def _likeness(leaf: Leaf, other: Leaf | None, target: Target) -> float:
    if other is None or other[1] != leaf[1]:
        return 0.0
    match content(leaf, target):
        case "live":
            return float(abs(other[2] - leaf[2]) <= LIVE * abs(leaf[2]))
        case "session":
            return float(_SIGN.sub("x", other[2]) == _SIGN.sub("x", leaf[2]))
        case "words":
            return likeness(leaf[2], other[2])
    return 0.0
