"""Several expressions, and conditions that tell which of them holds: `a if p else b if q else c`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp_sim.learn.predicates import Predicate
from mcp_sim.learn.search.found import Found, bitset, equal

if TYPE_CHECKING:
    from mcp_sim.learn.search.search import Search

_CASES = 8
_FEWEST = 2
_SHAPES = 5
_TWICE = 2
_WIDE = 10
_PAIRED = 40
"""Conditions that are tried in pairs."""
_LIKELY = 4.0
"""What a condition may cost for every example that it explains."""
_ODD = 40
"""Examples for which a condition is right, so that one for which it is not may be a fault of the recording."""


@dataclass(frozen=True)
class Case:
    """An expression, and the examples that it explains, one bit each."""

    source: str
    covers: int


def cased(search: Search, options: list[Case], target: list[Any], where: list[int], least: float) -> Found | None:
    """Options under conditions, so that they explain the target together."""
    source = _in_order(search, options, bitset(where))
    if source is None:
        return None
    values = search.scope.column(source)
    hits = sum(equal(values[i], target[i]) for i in where)
    return Found(source, hits, len(where)) if hits >= least * len(where) else None


def _in_order(search: Search, options: list[Case], left: int) -> str | None:
    """The options with the condition of each, the one that explains most for what it costs first."""
    said = ""
    for _ in range(_CASES):
        rest = next((o for o in options if not left & ~o.covers), None)
        if rest is not None:
            return said + rest.source
        found = _next(search.predicates, options, left) or _next(_pairs(search, options, left), options, left)
        if found is None:
            return None
        condition, option = found
        said += f"{option.source} if {condition.source} else "
        left &= ~condition.true
    return None


def _next(conditions: list[Predicate], options: list[Case], left: int) -> tuple[Predicate, Case] | None:
    """The condition that holds for most of what one option explains, and for nothing else that is left."""
    best: tuple[float, Predicate, Case] | None = None
    for predicate in conditions:
        if left & ~predicate.true & ~predicate.false:
            continue
        for one in (predicate, predicate.opposite):
            here = one.true & left
            size = here.bit_count()
            if size < _FEWEST or one.cost > _LIKELY * size or here == left:
                continue
            worth = size / (one.cost + 3)
            if best is not None and worth <= best[0]:
                continue
            option = next((o for o in options if (here & ~o.covers).bit_count() * _ODD <= size), None)
            if option is not None:
                best = (worth, one, option)
    return None if best is None else best[1:]


def _pairs(search: Search, options: list[Case], left: int) -> list[Predicate]:
    """Two conditions at once, of those that hold for all that one option alone explains."""
    found: list[Predicate] = []
    for option in options:
        own = option.covers & left
        for other in options:
            own &= ~other.covers if other is not option else own
        if own.bit_count() < _FEWEST:
            continue
        wide = [
            one
            for predicate in search.predicates
            for one in (predicate, predicate.opposite)
            if not own & ~one.true and (one.true & left) != left and not left & ~one.true & ~one.false
        ]
        wide.sort(key=lambda p: ((p.true & left & ~option.covers).bit_count(), p.cost))
        for index, one in enumerate(wide[:_PAIRED]):
            for two in wide[index + 1 : _PAIRED]:
                true = one.true & two.true
                if not true & left & ~option.covers:
                    source = f"{_wrapped(one.source)} and {_wrapped(two.source)}"
                    false = one.false | (one.true & two.false)
                    found.append(Predicate(source, f"not ({source})", true, false, one.cost + two.cost + 1))
    return found


def in_shapes(search: Search, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
    """Values of a few shapes, each found by itself and under a condition of its own."""
    shapes: dict[Any, list[int]] = {}
    for i in where:
        shapes.setdefault(_shape(target[i]), []).append(i)
    if not 1 < len(shapes) <= _SHAPES or min(map(len, shapes.values())) < _FEWEST:
        return None
    options = []
    for some in sorted(shapes.values(), key=len, reverse=True):
        found = search.value(target, some, depth, least)
        if found is None:
            return None
        values = search.scope.column(found.source)
        source = f"({found.source})" if " if " in found.source else found.source
        options.append(Case(source, bitset(i for i in where if equal(values[i], target[i]))))
    return cased(search, options, target, where, least)


def _shape(value: Any) -> Any:
    return tuple(sorted(value)) if isinstance(value, dict) else type(value).__name__


def told_apart(search: Search, inside: int, outside: int) -> Predicate | None:
    """The simplest condition, or the simplest two, that hold in all examples of `inside` and in none of `outside`."""
    single = search.separates(inside, outside)
    if single is not None or inside.bit_count() < _FEWEST:
        return single
    pairs = _pairs(search, [Case("", inside)], inside | outside) or _unless(search, inside, outside)
    return min(pairs, key=lambda p: p.cost, default=None)


def _unless(search: Search, inside: int, outside: int) -> list[Predicate]:
    """`a and (b or c)`: a condition but for what two others say no to."""
    if inside.bit_count() < _TWICE * _FEWEST:
        return []
    everything = inside | outside
    known = [
        one
        for predicate in search.predicates
        for one in (predicate, predicate.opposite)
        if not everything & ~one.true & ~one.false
    ]
    wide = sorted((p for p in known if not inside & ~p.true), key=lambda p: ((p.true & outside).bit_count(), p.cost))
    for one in wide[:_WIDE]:
        left = one.true & outside
        pure = [p for p in known if not p.true & left and p.true & inside]
        pure.sort(key=lambda p: (-(p.true & inside).bit_count(), p.cost))
        found = [
            (a.cost + b.cost, a, b)
            for k, a in enumerate(pure[:_PAIRED])
            for b in pure[k + 1 : _PAIRED]
            if not inside & ~a.true & ~b.true
        ]
        if found:
            cost, a, b = min(found, key=lambda f: f[0])
            source = f"{_wrapped(one.source)} and ({_wrapped(a.source)} or {_wrapped(b.source)})"
            true = one.true & (a.true | b.true)
            false = one.false | (one.true & a.false & b.false)
            return [Predicate(source, f"not ({source})", true, false, one.cost + cost + 2)]
    return []


def _wrapped(source: str) -> str:
    return f"({source})" if " and " in source or " or " in source or " if " in source else source
