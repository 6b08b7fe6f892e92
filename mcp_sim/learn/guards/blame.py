"""Errors that name the record of a list that is to blame: what is so of it, and of none that went through."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_sim.functions import as_text
from mcp_sim.learn.atoms import Atom
from mcp_sim.learn.predicates import Predicate, bits
from mcp_sim.learn.scope import Loop
from mcp_sim.learn.search import Search
from mcp_sim.learn.search.cases import told_apart
from mcp_sim.learn.search.found import bitset

_FEWEST = 2
_SURE = 0.95
_NAMED = 3
"""What a field of a record costs that an error may name."""


def blamed(search: Search, fills: dict[int, list[str]], fine: list[int]) -> list[Predicate]:
    """Conditions that some record of a list fulfils.

    Args:
        fills: for each example of an error, the words that fill the holes of its text.
        fine: the examples that went through; none of their records is to blame.
    """
    found = []
    for name, loop in search.scope.loops.items():
        inner = search.loop(name)
        for atom in [a for a in inner.atoms if a.source.startswith("m.") and a.cost <= _NAMED]:
            guilty = _guilty(loop, atom, fills)
            if guilty is None:
                continue
            innocent = [k for k, owner in enumerate(loop.scope.owners) if owner in set(fine)]
            before = [k for k in _before(loop, guilty) if k not in innocent]
            rule = told_apart(inner, bitset(guilty), bitset([*innocent, *before]))
            if rule is not None and innocent:
                found.append(_any(search, loop, rule))
                break
    return found


def _guilty(loop: Loop, atom: Atom, fills: dict[int, list[str]]) -> list[int] | None:
    """The first record of each example that holds what the error names."""
    if len(fills) < _FEWEST:
        return None
    found: dict[int, int] = {}
    for k, owner in enumerate(loop.scope.owners):
        if owner in fills and owner not in found and as_text(atom.values[k]) in fills[owner]:
            found[owner] = k
    return list(found.values()) if len(found) >= _SURE * len(fills) else None


def _before(loop: Loop, guilty: list[int]) -> Iterator[int]:
    """The records that stand before those to blame."""
    places = {loop.scope.owners[k]: k for k in guilty}
    yield from (k for k, owner in enumerate(loop.scope.owners) if owner in places and k < places[owner])


def _any(search: Search, loop: Loop, rule: Predicate) -> Predicate:
    size = len(search.scope.examples)
    flags, valued = [False] * size, [True] * size
    for k, owner in enumerate(loop.scope.owners):
        if rule.true >> k & 1:
            flags[owner] = True
        elif not rule.false >> k & 1:
            valued[owner] = False
    true = bits(flags)
    source = f"any([{rule.source} for m in {loop.name}])"
    known = bits([f or v for f, v in zip(flags, valued, strict=True)])
    return Predicate(source, f"not {source}", true, known & ~true, rule.cost + 1, (loop.name, rule.source))
