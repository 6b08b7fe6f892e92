"""How many times each of many numbers is in a sum, where there are more examples than numbers."""

from __future__ import annotations

from collections.abc import Sequence

_SMALL = 1e-7
_PLAIN = 1e-6
_MOST = 4
"""Numbers that a sum may have."""
_PER_NUMBER = 2
"""Examples for each number that is tried."""


def solved(columns: list[Sequence[float]], target: Sequence[float], close: float) -> list[float] | None:
    """The factor of each column in the target; None where no sum of a few columns, the first that do, gives it.

    Columns are taken in until nothing of the target is left (Gram and Schmidt), at most one for every two examples, so
    that no chance explains the target.
    """
    rest = [float(v) for v in target]
    basis: list[tuple[int, list[float], list[float]]] = []
    for at, column in enumerate(columns):
        if len(basis) * _PER_NUMBER >= len(target):
            return None
        free = [float(v) for v in column]
        length = sum(v * v for v in free)
        shares = []
        for _, vector, _ in basis:
            share = sum(a * b for a, b in zip(free, vector, strict=True))
            shares.append(share)
            free = [a - share * b for a, b in zip(free, vector, strict=True)]
        left = sum(v * v for v in free)
        if left <= _SMALL * max(length, 1.0):
            continue
        norm = left**0.5
        vector = [v / norm for v in free]
        basis.append((at, vector, [*shares, norm]))
        share = sum(a * b for a, b in zip(rest, vector, strict=True))
        rest = [a - share * b for a, b in zip(rest, vector, strict=True)]
        if max(map(abs, rest)) <= close:
            return _factors(basis, len(columns), target)
    return None


def _factors(
    basis: list[tuple[int, list[float], list[float]]], size: int, target: Sequence[float]
) -> list[float] | None:
    """The factors of the columns themselves, if they are few and plain."""
    wanted = [sum(a * b for a, b in zip(target, vector, strict=True)) for _, vector, _ in basis]
    found = [0.0] * size
    for k in range(len(basis) - 1, -1, -1):
        later = sum(basis[j][2][k] * found[basis[j][0]] for j in range(k + 1, len(basis)))
        found[basis[k][0]] = (wanted[k] - later) / basis[k][2][k]
    found = [0.0 if abs(c) < _PLAIN else c for c in found]
    plain = all(abs(c * 100 - round(c * 100)) < 100 * _PLAIN for c in found)
    return found if plain and sum(c != 0 for c in found) <= _MOST else None
