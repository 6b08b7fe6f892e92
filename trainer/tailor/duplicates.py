"""Records that say the same: exactly, or nearly."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from trainer.tailor.signature import PERMUTATIONS

Hashes = NDArray[np.uint32]
_CLOSE = 0.85
"""From this likeness on, longer parts of a MinHash are looked up: few that are less alike meet in one of them."""
_GROWS = 1024


class Neighbours:
    """MinHashes that are looked up by likeness.

    A MinHash is cut into parts; only those that share a part are compared. Two of likeness 0.8 share one of 16 parts
    in 99.9 % of all cases; two of likeness 0.9, one of 8 parts in 98.9 %.
    """

    def __init__(self, threshold: float) -> None:
        self._least = threshold * PERMUTATIONS
        self._width = 4 * (8 if threshold >= _CLOSE else 4)
        self._parts: dict[int, int | list[int]] = {}
        self._known: Hashes = np.empty((_GROWS, PERMUTATIONS), dtype=np.uint32)
        self._count = 0

    def nearest(self, signature: bytes) -> int | None:
        """The number of the first known one that is as like as that, or None."""
        found = {number for part in self._cut(signature) for number in _several(self._parts.get(part, ()))}
        if not found:
            return None
        numbers = np.fromiter(sorted(found), dtype=np.int64)
        alike = np.count_nonzero(self._known[numbers] == _hashes(signature), axis=1)
        near = numbers[alike >= self._least]
        return int(near[0]) if len(near) else None

    def add(self, signature: bytes) -> int:
        """Remember one; its number."""
        number = self._count
        if number == len(self._known):
            self._known = np.concatenate([self._known, np.empty_like(self._known)])
        self._known[number] = _hashes(signature)
        for part in self._cut(signature):
            known = self._parts.setdefault(part, number)  # most parts have one number, which needs no list
            if known != number:
                self._parts[part] = [*_several(known), number] if isinstance(known, int) else _added(known, number)
        self._count += 1
        return number

    def _cut(self, signature: bytes) -> list[int]:
        return [hash((at, signature[at : at + self._width])) for at in range(0, len(signature), self._width)]


def _several(found: int | Iterable[int]) -> Iterable[int]:
    return (found,) if isinstance(found, int) else found


def _added(found: list[int], number: int) -> list[int]:
    found.append(number)
    return found


def _hashes(signature: bytes) -> Hashes:
    return np.frombuffer(signature, dtype="<u4")
