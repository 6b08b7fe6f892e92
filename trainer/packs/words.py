"""Words that packs are made of: real ones, and ones that nobody has read before; each belongs to one side alone."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Literal

Side = Literal["train", "held_out"]

_READ = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
THINGS, FEATURES, ADJECTIVES, STATES = (
    tuple(_READ[name].split()) for name in ("things", "features", "adjectives", "states")
)
_ONSETS = (*"bcdfghklmnprstvwz", "br", "cr", "dr", "fl", "gl", "kr", "pl", "qu", "sk", "sl", "st", "th", "tr")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
_ENDS = ("", "", "", "l", "n", "r", "s", "t", "x", "nd", "rk", "sh")
_EIGHTH = 8


def side_of(text: str) -> Side:
    """The side that a word, or a shape, belongs to; an eighth of them are held out."""
    return "held_out" if sha256(text.encode()).digest()[0] % _EIGHTH == 0 else "train"


class Words:
    """Draws the words of one side, no name twice; `unheard`: how many times as often as usual nobody knows them."""

    def __init__(self, chance: Random, side: Side, unheard: float = 1.0) -> None:
        self._unheard = unheard
        self._chance = chance
        self._side = side
        self._taken: set[str] = {"id", "args", "now", "row", "item", "items", "total"}

    def thing(self) -> str:
        """What an entity is called."""
        return self._new(THINGS)

    def feature(self) -> str:
        """What a field is called."""
        chance = self._chance
        while True:
            first = f"{chance.choice(ADJECTIVES)}_" if chance.random() < 0.2 else ""
            name = f"{first}{self._word(FEATURES, 0.15)}"
            if name not in self._taken:
                self._taken.add(name)
                return name

    def states(self, count: int) -> list[str]:
        """Different values of an enumeration."""
        found: list[str] = []
        while len(found) < count:
            word = self._word(STATES, 0.1)
            if word not in found:
                found.append(word)
        return found

    def verb(self) -> str:
        """What is done to a thing, that no other word says."""
        return self._new(())

    def text(self, most: int = 2) -> str:
        """Some words, as a value."""
        words = [self._word((*THINGS, *FEATURES), 0.25) for _ in range(self._chance.randint(1, most))]
        style = self._chance.random()
        if style < 0.5:
            return " ".join(word.capitalize() for word in words)
        return " ".join(words) if style < 0.85 else " ".join(words).capitalize()

    def _new(self, real: Sequence[str]) -> str:
        while True:
            word = self._word(real, 0.15)
            if word not in self._taken:
                self._taken.add(word)
                return word

    def _word(self, real: Sequence[str], unheard: float) -> str:
        while True:
            known = real and self._chance.random() >= unheard * self._unheard
            word = self._chance.choice(real) if known else unheard_of(self._chance)
            if side_of(word) == self._side:
                return word


def unheard_of(chance: Random) -> str:
    """A word that can be spoken and means nothing."""
    parts = [chance.choice(_ONSETS) + chance.choice(_VOWELS) for _ in range(chance.choice((2, 2, 3)))]
    return "".join(parts) + chance.choice(_ENDS)
