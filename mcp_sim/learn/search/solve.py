"""How many times each of many numbers is in a sum of a few of them."""

from __future__ import annotations

from collections.abc import Sequence

Vector = list[float]
_SMALL = 1e-7
_PLAIN = 1e-6
_MOST = 4
"""Numbers that a sum may have."""
_BEGINNINGS = 4
"""Numbers that are tried as the one that is most of the sum."""
_PER_NUMBER = 3
"""Examples for each number of a sum, so that no chance explains it."""


def solved(columns: list[Sequence[float]], target: Sequence[float], close: float) -> Vector | None:
    """The factor of each column in the target, where a few of them give it; None where they do not.

    The column that explains most is taken, then the one that explains most of what is left, and so on (orthogonal
    matching pursuit), from each of a few beginnings.
    """
    vectors = [[float(v) for v in column] for column in columns]
    wanted = [float(v) for v in target]
    ranked = sorted(range(len(vectors)), key=lambda at: -_explained(vectors[at], wanted))
    for first in ranked[:_BEGINNINGS]:
        chosen = _pursued(vectors, wanted, first, close)
        if chosen is not None:
            return _factors(vectors, wanted, chosen)
    return None


def _pursued(vectors: list[Vector], target: Vector, first: int, close: float) -> list[int] | None:
    """The columns of a sum that begins with one of them."""
    chosen, at = list[int](), first
    basis: list[Vector] = []
    rest = target
    for _ in range(min(_MOST, len(target) // _PER_NUMBER)):
        free = _free(vectors[at], basis)
        length = _product(free, free)
        if length <= _SMALL * max(1.0, _product(vectors[at], vectors[at])):
            return None
        basis.append([v / length**0.5 for v in free])
        chosen.append(at)
        rest = _free(rest, basis[-1:])
        if max(map(abs, rest)) <= close:
            return chosen
        others = [k for k in range(len(vectors)) if k not in chosen]
        at = max(others, key=lambda k: _explained(_free(vectors[k], basis), rest), default=at)
    return None


def _explained(vector: Vector, target: Vector) -> float:
    length = _product(vector, vector)
    return 0.0 if length <= _SMALL else _product(vector, target) ** 2 / length


def _free(vector: Vector, basis: list[Vector]) -> Vector:
    """What is left of a vector beside others that are one long and stand upright on one another."""
    for other in basis:
        share = _product(vector, other)
        vector = [a - share * b for a, b in zip(vector, other, strict=True)]
    return vector


def _factors(vectors: list[Vector], target: Vector, chosen: list[int]) -> Vector | None:
    """The factors of the chosen columns, if they are plain numbers: each is what the others leave to it."""
    found = [0.0] * len(vectors)
    for at in chosen:
        basis: list[Vector] = []
        for other in chosen:
            if other != at:
                free = _free(vectors[other], basis)
                basis.append([v / _product(free, free) ** 0.5 for v in free])
        own = _free(vectors[at], basis)
        found[at] = _product(own, target) / _product(own, own)
    found = [0.0 if abs(c) < _PLAIN else c for c in found]
    return found if all(abs(c * 100 - round(c * 100)) < 1e-3 for c in found) else None


def _product(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
