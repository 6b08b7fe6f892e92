"""Numbers that are sums of others, each so many times: prices, fees and what is left of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

from mcp_sim.learn.atoms import Atom
from mcp_sim.learn.search.found import Found, equal
from mcp_sim.learn.search.gates import gated
from mcp_sim.learn.search.solve import solved

if TYPE_CHECKING:
    from mcp_sim.learn.search.search import Search

_PAIRS = 60
_TRIPLES = 26
_CLOSE = 1e-6
_CENT = 0.011
_VALUES = 6000
"""Values of all numbers together of which any may be in a sum of several, beside those that only count at times."""
_LOOKED_AT = 60
_TOLD_BY = 6
"""Examples that the factors are worked out from."""


def linear(search: Search, target: list[Any], where: list[int], least: float, without: str = "\0") -> Found | None:
    """The shortest sum of up to three values, each times a constant, that is the target."""
    if len({target[i] for i in where}) < 2 or len(where) < 3:
        return None
    asked = (tuple(where), tuple(a.source for a in search.atoms))
    if asked not in search.pools:
        search.pools[asked] = _pool(search, where)
    pool = [a for a in search.pools[asked] if without not in a.source]
    for size, most in ((1, len(pool)), (2, _PAIRS), (3, _TRIPLES)):
        if len(where) < 2 * size + 1:
            return None
        some = pool[:most]
        found = [f for parts in combinations(some, size) if (f := _fitted(parts, target, where)) is not None]
        for source, _ in sorted(found, key=lambda f: (f[1], len(f[0]))):
            for form in (source, f"round({source}, 2)"):
                values = search.scope.column(form)
                hits = sum(equal(values[i], target[i]) for i in where)
                if hits >= least * len(where):
                    return Found(form, hits, len(where))
    return _solved(search, pool, target, where, least)


def _solved(search: Search, pool: list[Atom], target: list[Any], where: list[int], least: float) -> Found | None:
    """A sum of a few of many values, some of which count only where an argument says so."""
    counts = [a for a in pool if a.source.startswith(("args.", "len(args."))]
    some = where[:: max(1, len(where) // _LOOKED_AT)]
    wide = [*pool[: _VALUES // len(some)], *gated(search.atoms, counts, where)]
    found = solved([[a.values[i] for i in some] for a in wide], [target[i] for i in some], _CENT)
    if found is None:
        return None
    parts = [(a, c) for a, c in zip(wide, found, strict=True) if c]
    whole = [round(c) if abs(c - round(c)) < _CLOSE * 100 else round(c, 2) for _, c in parts]
    source = "".join(_terms(tuple(a for a, _ in parts), whole))
    for form in (source, f"round({source}, 2)"):
        values = search.scope.column(form)
        hits = sum(equal(values[i], target[i]) for i in where)
        if hits >= least * len(where):
            return Found(form, hits, len(where))
    return None


def _pool(search: Search, where: list[int]) -> list[Atom]:
    """Numbers that differ from call to call, the simplest first."""
    numbers = [a for a in search.atoms if a.kind == "number"]
    counts = [_length(a) for a in search.atoms if a.kind in ("list", "objects")]
    times = [_times(a, b) for a in [*search.amounts, *numbers[:12]] for b in counts[:8]]
    unique: dict[tuple[Any, ...], Atom] = {}
    for atom in sorted([*numbers, *counts, *search.amounts, *times], key=lambda a: a.cost):
        values = tuple(atom.values[i] for i in where)
        if all(map(_is_number, values)) and any(values):
            unique.setdefault(values, atom)
    return list(unique.values())


def _length(atom: Atom) -> Atom:
    values = tuple(len(v) if isinstance(v, list) else None for v in atom.values)
    return Atom(f"len({atom.source})", "number", atom.cost + 2, values)


def _times(one: Atom, other: Atom) -> Atom:
    values = tuple(
        x * y if _is_number(x) and _is_number(y) else None for x, y in zip(one.values, other.values, strict=True)
    )
    return Atom(f"{one.source} * {other.source}", "number", one.cost + other.cost + 1, values)


def _fitted(parts: tuple[Atom, ...], target: list[Any], where: list[int]) -> tuple[str, int] | None:
    """The sum of these parts that is the target everywhere, with what it costs."""
    factors = next(_factors(parts, target, where), None)
    if factors is None or any(abs(c) < _CLOSE or abs(c * 100 - round(c * 100)) > _CLOSE for c in factors):
        return None
    columns = [a.values for a in parts]
    for i in where:
        if abs(sum(c * v[i] for c, v in zip(factors, columns, strict=True)) - target[i]) > _CENT:
            return None
    whole = [round(c) if abs(c - round(c)) < _CLOSE else round(c, 2) for c in factors]
    cost = sum(a.cost for a in parts) + sum(0 if abs(c) == 1 else 2 for c in whole)
    return "".join(_terms(parts, whole)), cost


def _factors(parts: tuple[Atom, ...], target: list[Any], where: list[int]) -> Iterator[list[float]]:
    """How many times each part is in the target, by the first examples that tell them apart."""
    size = len(parts)
    columns = [a.values for a in parts]
    for some in combinations(where[:_TOLD_BY], size):
        rows = [[float(v[i]) for v in columns] for i in some]
        whole = _determinant(rows)
        if abs(whole) > _CLOSE:
            sides = [float(target[i]) for i in some]
            yield [_determinant(_replaced(rows, k, sides)) / whole for k in range(size)]


def _determinant(rows: list[list[float]]) -> float:
    match rows:
        case [[a]]:
            return a
        case [[a, b], [c, d]]:
            return a * d - b * c
        case [[a, b, c], [d, e, f], [g, h, i]]:
            return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    raise AssertionError(rows)


def _replaced(rows: list[list[float]], column: int, sides: list[float]) -> list[list[float]]:
    return [[side if k == column else v for k, v in enumerate(row)] for row, side in zip(rows, sides, strict=True)]


def _terms(parts: tuple[Atom, ...], factors: list[int | float]) -> Iterator[str]:
    pairs = sorted(zip(parts, factors, strict=True), key=lambda p: p[1] < 0)
    for place, (atom, factor) in enumerate(pairs):
        size = abs(factor)
        shown = atom.source if size == 1 else f"{size} * {atom.source}"
        if place == 0:
            yield f"-{shown}" if factor < 0 else shown
        else:
            yield f" - {shown}" if factor < 0 else f" + {shown}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
