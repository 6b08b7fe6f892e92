"""`a if condition else b`: two expressions, and a condition that tells their examples apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp_sim.learn.search.found import Found, bitset, equal

if TYPE_CHECKING:
    from mcp_sim.learn.search.search import Search


def branched(
    search: Search, target: list[Any], where: list[int], ranked: list[Found], depth: int, least: float
) -> Found | None:
    """`a if condition else b`: two expressions, and a condition that tells their examples apart."""
    everything: int = sum(1 << i for i in where)
    covers: list[tuple[Found, int]] = []
    for found in ranked[:12]:
        values = search.scope.column(found.source)
        mask = sum(1 << i for i in where if equal(values[i], target[i]))
        if mask:
            covers.append((found, mask))
    for position, (one, covered) in enumerate(covers):
        rest = everything & ~covered
        others = [(b, mask) for b, mask in covers[position + 1 :] if not rest & ~mask]
        for other, mask in others:
            condition = search.separates(covered & ~mask, rest)
            if condition is not None:
                return Found(f"{one.source} if {condition.source} else {other.source}", len(where), len(where))
    for one, covered in covers[:4]:
        rest_examples = [i for i in where if not covered >> i & 1]
        if len(rest_examples) >= len(where) or depth < 1 or not rest_examples:
            continue
        condition = search.separates(covered, everything & ~covered)
        if condition is None:
            continue
        other_found = search.value(target, rest_examples, depth - 1, least)
        if other_found is not None:
            source = f"{one.source} if {condition.source} else {other_found.source}"
            return Found(source, len(where), len(where))
    return None


def where_it_holds(
    search: Search, source: str, otherwise: str, target: list[Any], where: list[int], least: float
) -> Found | None:
    """An expression, or another one under a condition where it does not give the target."""
    values, others = search.scope.column(source), search.scope.column(otherwise)
    good = [i for i in where if equal(values[i], target[i])]
    plain = [i for i in where if equal(others[i], target[i])]
    if len(good) >= least * len(where):
        return Found(source, len(good), len(where))
    if len(set(good) | set(plain)) < least * len(where):
        return None
    condition = search.separates(bitset(set(good) - set(plain)), bitset(set(plain) - set(good)))
    if condition is None:
        return None
    whole = f"{source} if {condition.source} else {otherwise}"
    return Found(whole, len(set(good) | set(plain)), len(where))
