"""The expressions that are worth a try for a value: atoms, and what functions make of them."""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.search.found import Found
from mcp_sim.learn.sources import literal
from store.matching import same

if TYPE_CHECKING:
    from mcp_sim.learn.search.search import Search

_OPERATIONS: tuple[tuple[str, Callable[[Any, Any], Any], bool], ...] = (
    ("+", operator.add, True),
    ("-", operator.sub, False),
    ("*", operator.mul, True),
)
_NAME = re.compile(r"\d{3}|@|[A-Za-z_-]\d|\d[A-Za-z_-]")
_REMEMBERED = 9
"""What a constant costs that looks like the name of one thing: to know it is no rule."""


def forms(search: Search, target: list[Any], where: list[int]) -> Iterator[tuple[str, int]]:
    """Expressions for values of such kinds, with what they cost."""
    values = [target[i] for i in where]
    scalars = Counter(literal(v) for v in values if isinstance(v, str | int | float | bool | None))
    for constant, support in scalars.most_common(4):
        if support >= max(2, 0.05 * len(where)) or support == len(where):
            yield constant, _REMEMBERED if _NAME.search(constant) else 1
    if all(v == [] for v in values):
        yield "[]", 1
    if all(v == {} for v in values):
        yield "{}", 1
    kinds = {type(v) for v in values}
    numeric = kinds <= {int, float}
    for atom in search.atoms:
        if _fits(atom.kind, kinds):
            yield atom.source, atom.cost
    if list in kinds:
        for atom in search.atoms:
            if atom.kind == "list":
                yield f"sorted({atom.source})", atom.cost + 2
                yield f"unique({atom.source})", atom.cost + 3
            if atom.kind == "object":
                yield f"values({atom.source})", atom.cost + 3
                yield f"keys({atom.source})", atom.cost + 3
        yield from _of_loops(search)
    if dict in kinds:
        rows = [b.name for b in search.scope.bindings if b.depth == 1 and b.table is not None]
        if len(rows) > 1 and search.scope.variable is None:
            yield " or ".join(rows), 6
    if str in kinds:
        for atom in search.atoms:
            if atom.kind in ("number", "boolean"):
                yield f"str({atom.source})", atom.cost + 2
            if atom.kind == "text":
                yield f"lower({atom.source})", atom.cost + 3
                yield f"upper({atom.source})", atom.cost + 3
        for atom in search.atoms:
            if atom.source.startswith("args") and atom.kind == "text" and None in atom.values:
                for constant, _ in scalars.most_common(2):
                    yield f"{atom.source} or {constant}", atom.cost + 3
        yield from _later_days(search, target, where)
    if numeric and values:
        yield from _numbers(search)
        yield from _steps(search, target, where)


def constant(search: Search, target: list[Any], where: list[int]) -> Found | None:
    """An object or a list that is always the same, whatever was asked for."""
    first = target[where[0]]
    asked = {repr(search.scope.examples[i]["args"]) for i in where}
    if len(where) < 3 or not isinstance(first, dict | list) or not (len(asked) > 2 or asked == {"{}"}):
        return None
    return Found(literal(first), len(where), len(where)) if all(same(target[i], first) for i in where) else None


def _steps(search: Search, target: list[Any], where: list[int]) -> Iterator[tuple[str, int]]:
    """A number, or how many there are of something, and a constant."""
    for atom in search.atoms:
        listed = atom.kind in ("list", "objects")
        if not listed and atom.kind != "number":
            continue
        values = [len(v) if isinstance(v, list) else v for v in (atom.values[i] for i in where)]
        gaps = Counter(
            round(target[i] - v, 6) for i, v in zip(where, values, strict=True) if isinstance(v, int | float)
        )
        if gaps:
            gap, times = gaps.most_common(1)[0]
            if gap and times >= max(3, 0.5 * len(where)):
                size = int(gap) if float(gap).is_integer() else gap
                source = f"len({atom.source})" if listed else atom.source
                yield f"{source} {'+' if size > 0 else '-'} {abs(size)}", atom.cost + (2 if abs(size) == 1 else 4)


def _later_days(search: Search, target: list[Any], where: list[int]) -> Iterator[tuple[str, int]]:
    """A day that is so many days after another one."""
    days = [_day(target[i]) for i in where]
    if None in days:
        return
    for atom in [a for a in search.atoms if a.kind == "text"]:
        starts = [_day(atom.values[i]) for i in where]
        gaps = Counter((d - s).days for d, s in zip(days, starts, strict=True) if d is not None and s is not None)
        if gaps:
            gap, times = next((g for g in gaps.most_common(2) if g[0]), (0, 0))
            if gap and times >= max(3, 0.05 * len(where)):
                yield f"date(later({atom.source}, days={gap}))", atom.cost + 4


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def _of_loops(search: Search) -> Iterator[tuple[str, int]]:
    for loop in search.scope.loops.values():
        for atom in search.loop(loop.name).atoms:
            if "m." in atom.source:
                yield f"[{atom.source} for m in {loop.name}]", atom.cost + 3


def _numbers(search: Search) -> Iterator[tuple[str, int]]:
    numbers = [a for a in search.atoms if a.kind == "number"][:24]
    for atom in search.atoms:
        if atom.kind in ("list", "objects"):
            yield f"len({atom.source})", atom.cost + 2
    for atom in [*numbers, *search.amounts]:
        for form, cost in ((f"abs({atom.source})", 2), (f"round({atom.source}, 2)", 2), (f"-{atom.source}", 2)):
            yield form, atom.cost + cost
        yield f"round(abs({atom.source}), 2)", atom.cost + 3
        yield f"abs(round({atom.source}, 2))", atom.cost + 4
    for atom in search.amounts:
        yield atom.source, atom.cost
    for atom in search.atoms:
        if atom.kind == "text" and all(isinstance(v, str) and v.isdigit() for v in atom.values if v):
            yield f"int({atom.source})", atom.cost + 2


def sums(search: Search) -> Iterator[tuple[str, int, Callable[[int], Any]]]:
    """Sums, differences and products of two numbers, plain and rounded, with their value in each example."""
    numbers = [a for a in search.atoms if a.kind == "number"][:24]
    pool = [*numbers, *sorted(search.amounts, key=lambda a: a.cost)[:16]]
    for first, one in enumerate(pool):
        for second, other in enumerate(pool):
            if first == second or min(first, second) >= len(numbers):
                continue
            cost = one.cost + other.cost + 2
            for sign, operation, both_ways in _OPERATIONS:
                if both_ways and first > second:
                    continue
                source = f"{one.source} {sign} {other.source}"
                yield source, cost, partial(_combined, operation, one.values, other.values, None)
                yield f"round({source}, 2)", cost + 2, partial(_combined, operation, one.values, other.values, 2)


def _combined(
    operation: Callable[[Any, Any], Any], one: Sequence[Any], other: Sequence[Any], places: int | None, at: int
) -> Any:
    x, y = one[at], other[at]
    if not (isinstance(x, int | float) and isinstance(y, int | float)):
        return UNDEFINED
    found = operation(x, y)
    return found if places is None else round(found, places)


def _fits(kind: str, kinds: set[type]) -> bool:
    allowed: dict[str, set[type]] = {
        "text": {str}, "number": {int, float}, "boolean": {bool}, "object": {dict}, "list": {list}, "objects": {list},
        "null": {type(None)},
    }  # fmt: skip
    return bool(allowed.get(kind, set()) & kinds)
