"""Tables that a service has in its code: prices, rates and words that a few values of one or two fields choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

from mcp_sim.learn.atoms import Atom
from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.search.found import Found, equal
from mcp_sim.learn.sources import literal

if TYPE_CHECKING:
    from mcp_sim.learn.search.search import Search

_KEYS = 16
"""Values that may choose."""
_SUPPORT = 3
"""Examples per value of the table, on average, below which it would be memory."""
_CHOOSERS = 12
_NUMBERS = 10
_CLOSE = 1e-9


def tabled(search: Search, target: list[Any], where: list[int], least: float) -> Found | None:
    """A value of a table, or one times, plus or minus a number. What was never asked for stays unknown."""
    if len({repr(target[i]) for i in where}) < 2 or any(isinstance(target[i], dict | list | None) for i in where):
        return None
    choosers = [a for a in search.atoms if _may_choose(a, where)][:_CHOOSERS]
    keys: list[tuple[Atom, ...]] = [(a,) for a in choosers]
    keys += combinations([a for a in choosers if a.cost <= _PLAIN], 2)
    for chosen in keys:
        for column, form in _rests(search, target, where):
            table = _table(chosen, column, where)
            if table is None:
                continue
            source = form(f"entry({literal(table)}, {', '.join(a.source for a in chosen)})")
            for whole in (source, f"round({source}, 2)"):
                values = search.scope.column(whole)
                hits = sum(equal(values[i], target[i]) for i in where)
                if hits >= least * len(where):
                    return Found(whole, hits, len(where))
    return None


_PLAIN = 3
"""What a field costs that may choose together with another."""


def _may_choose(atom: Atom, where: list[int]) -> bool:
    values = {atom.values[i] for i in where} if atom.kind in ("text", "boolean") else set()
    return 1 < len(values) <= _KEYS and all(isinstance(v, str | bool) for v in values)


def _rests(search: Search, target: list[Any], where: list[int]) -> Iterator[tuple[list[Any], Callable[[str], str]]]:
    """What a table would have to hold: the target, or what is left of it beside a number."""
    yield target, lambda entry: entry
    if not all(_is_number(target[i]) for i in where):
        return
    numbers = [a for a in search.atoms if a.kind == "number" and all(_is_number(a.values[i]) for i in where)]
    for atom in numbers[:_NUMBERS]:
        s = atom.source
        if all(atom.values[i] for i in where):
            ratios = [_each(lambda t, v: t / v, t, v) for t, v in zip(target, atom.values, strict=True)]
            yield ratios, lambda entry, s=s: f"{entry} * {s}"  # type: ignore[misc]
        gaps = [_each(lambda t, v: t - v, t, v) for t, v in zip(target, atom.values, strict=True)]
        yield gaps, lambda entry, s=s: f"{s} + {entry}"  # type: ignore[misc]


def _each(operation: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    if not _is_number(one) or not _is_number(other) or other == 0:
        return UNDEFINED
    found = round(operation(one, other), 4)
    return int(found) if float(found).is_integer() else found


def _table(chosen: tuple[Atom, ...], column: list[Any], where: list[int]) -> dict[str, Any] | None:
    """The one value that goes with each key; None where several go with one."""
    held: dict[tuple[str, ...], Any] = {}
    for i in where:
        if column[i] is UNDEFINED:
            return None
        at = tuple(_key(a.values[i]) for a in chosen)
        if not _alike(held.setdefault(at, column[i]), column[i]):
            return None
    if len(held) > _KEYS or len(where) < _SUPPORT * len(held) or len({repr(v) for v in held.values()}) < 2:
        return None
    table: dict[str, Any] = {}
    for at, value in sorted(held.items()):
        inner = table
        for part in at[:-1]:
            inner = inner.setdefault(part, {})
        inner[at[-1]] = value
    return table


def _alike(one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other):
        return bool(abs(one - other) <= _CLOSE + 1e-4 * abs(one))
    return bool(one == other)


def _key(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
