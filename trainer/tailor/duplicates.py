"""Records that say the same: exactly, or nearly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.tailor.signature import PERMUTATIONS

BANDS = 16
"""So many parts of a MinHash are looked up; two texts of likeness 0.8 meet in one of them 99.9 times of 100."""
_ROWS = PERMUTATIONS // BANDS
Hashes = NDArray[np.uint32]


def hashes(signature: bytes) -> Hashes:
    """The hashes of one MinHash."""
    return np.frombuffer(signature, dtype="<u4")


class Neighbours:
    """MinHashes that are looked up by likeness."""

    def __init__(self, threshold: float) -> None:
        self._least = threshold * PERMUTATIONS
        self._bands: dict[tuple[int, bytes], list[int]] = {}
        self._known: list[Hashes] = []

    def nearest(self, signature: bytes) -> int | None:
        """The number of the first known one that is as like as that, or None."""
        own = hashes(signature)
        seen: set[int] = set()
        for band in _bands(signature):
            for number in self._bands.get(band, ()):
                if number not in seen:
                    seen.add(number)
                    if int(np.count_nonzero(self._known[number] == own)) >= self._least:
                        return number
        return None

    def add(self, signature: bytes) -> int:
        """Remember one; its number."""
        number = len(self._known)
        self._known.append(hashes(signature))
        for band in _bands(signature):
            self._bands.setdefault(band, []).append(number)
        return number


def _bands(signature: bytes) -> Sequence[tuple[int, bytes]]:
    width = _ROWS * 4
    return [(band, signature[band * width : (band + 1) * width]) for band in range(BANDS)]
