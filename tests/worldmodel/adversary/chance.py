"""Chance that repeats: what is drawn depends on the seed, the request, and how often this request was seen."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import accumulate
from typing import TypeVar

from tests.worldmodel.adversary.fault import Fault

_T = TypeVar("_T")
_MASK = (1 << 64) - 1


class Dice:
    """A small, fast stream of numbers from 64 bits of seed."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def word(self) -> int:
        """31 bits."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return self._state >> 33

    def below(self, limit: int) -> int:
        """0 to limit - 1."""
        self._state = state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return ((state >> 33) * limit) >> 31

    def between(self, low: int, high: int) -> int:
        """Low to high, both included, however far apart."""
        span = high - low + 1
        return low + (self.below(span) if span <= 1 << 31 else ((self.word() << 31) | self.word()) % span)

    def fraction(self) -> float:
        """0 to 1, without 1."""
        return self.word() / (1 << 31)

    def choice(self, options: Sequence[_T]) -> _T:
        """One of them."""
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[_T]) -> list[_T]:
        """All of them, in some order."""
        rest = list(options)
        return [rest.pop(self.below(len(rest))) for _ in options]


class Chance:
    """Which fault befalls which request.

    Raises:
        ValueError: a rate outside 0 to 1, or a weight below 0.
    """

    def __init__(self, seed: int, rate: float, kinds: Sequence[Fault], weights: Mapping[Fault, float]) -> None:
        if not 0 <= rate <= 1:
            raise ValueError(f"A rate is between 0 and 1, not {rate}")
        if any(weight < 0 for weight in weights.values()):
            raise ValueError("A weight is 0 or more")
        self._rate = rate
        self._weights = {kind: weights.get(kind, 1.0) for kind in kinds if kind is not Fault.NONE}
        self._base = sha256(f"adversary {seed}\n".encode())
        self._seen: dict[bytes, int] = {}

    def draw(self, body: bytes) -> bytes:
        """32 bytes for a request: others each time that the same one comes."""
        digest = self.digest(body)
        self._seen[digest] = seen = self._seen.get(digest, 0) + 1
        return sha256(digest + seen.to_bytes(8)).digest()

    def digest(self, *parts: bytes) -> bytes:
        """32 bytes for the seed and these parts."""
        found = self._base.copy()
        for part in parts:
            found.update(part)
        return found.digest()

    def faults(self, draw: bytes) -> Iterator[Fault]:
        """Those to try, the likelier first; none where the request is spared."""
        dice = Dice(int.from_bytes(draw[:8]))
        if dice.fraction() >= self._rate:
            return
        left = {kind: weight for kind, weight in self._weights.items() if weight > 0}
        while left:
            sums = list(accumulate(left.values()))
            kind = list(left)[min(bisect_right(sums, dice.fraction() * sums[-1]), len(left) - 1)]
            del left[kind]
            yield kind
