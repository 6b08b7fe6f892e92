"""Amounts that have to add up: what holds between numbers in every call that succeeds."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_sim.learn.atoms import Atom
from mcp_sim.learn.predicates import Predicate, bits
from mcp_sim.learn.scope.loops import ARGUMENTS
from mcp_sim.learn.search import Search
from mcp_sim.learn.search.found import equal
from mcp_sim.learn.search.linear import linear

_FEWEST = 6


def balances(search: Search, fine: list[int]) -> list[Predicate]:
    """The conditions that amounts which arguments give are not what they come to; what they come to is an atom then."""
    found = []
    for atom in _given(search):
        here = [i for i in fine if _is_number(atom.values[i])]
        if len(here) < _FEWEST or len({atom.values[i] for i in here}) < 4:
            continue
        told = linear(search, list(atom.values), here, 1.0, without=atom.source)
        if told is None or told.source == atom.source:
            continue
        values = search.scope.column(told.source)
        known = [_is_number(a) and _is_number(b) for a, b in zip(atom.values, values, strict=True)]
        differ = [k and not equal(a, b) for k, a, b in zip(known, atom.values, values, strict=True)]
        if any(differ):
            true = bits(differ)
            source, negated = f"{atom.source} != {told.source}", f"{atom.source} == {told.source}"
            found.append(Predicate(source, negated, true, bits(known) & ~true, 8))
            search.atoms = [*search.atoms, Atom(told.source, "number", 4, tuple(values))]
            search.atoms += [atom]
            search.forget()
    return found


def _given(search: Search) -> Iterator[Atom]:
    """Numbers that arguments give, and sums over lists of arguments."""
    yield from (a for a in search.atoms if a.kind == "number" and a.source.startswith("args."))
    yield from (a for a in search.amounts if f" in {ARGUMENTS}" in a.source and a.cost <= _PLAIN)


_PLAIN = 6
"""What a sum of one field of the records of a list costs."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
