"""Lists put together: an old one with more items, a few items, or one item for every record of a loop."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mcp_sim.learn.atoms import Atom
from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.search.branches import where_it_holds
from mcp_sim.learn.search.found import Found, equal
from mcp_sim.learn.sources import attribute

if TYPE_CHECKING:
    from mcp_sim.learn.search.search import Search


def listed(search: Search, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
    """A list: an old one with items behind it or changed, or one item for every record of a loop."""
    for atom in search.atoms:
        if atom.kind not in ("list", "objects"):
            continue
        old = atom.values
        if all(isinstance(old[i], list) and target[i][: len(old[i])] == old[i] for i in where):
            grown = [i for i in where if len(old[i]) < len(target[i])]
            if not any(old[i] for i in where) or not grown:
                continue
            tail: list[Any] = [UNDEFINED] * len(target)
            for i in grown:
                tail[i] = target[i][len(old[i]) :]
            found = search.value(tail, grown, depth, least)
            if found is not None:
                return where_it_holds(search, f"{atom.source} + {found.source}", atom.source, target, where, least)
    fewer = _fewer(search, target, where, least)
    if fewer is not None:
        return fewer
    mapped = _mapped(search, target, where, depth, least)
    if mapped is not None:
        return mapped
    sizes = {len(target[i]) for i in where}
    if len(sizes) == 1 and 0 < (size := next(iter(sizes))) <= 4:
        parts = []
        hits = len(where)
        for k in range(size):
            one = [v[k] if isinstance(v, list) and len(v) > k else UNDEFINED for v in target]
            part = search.value(one, where, depth, least)
            if part is None:
                break
            hits = min(hits, part.hits)
            parts.append(part.source)
        else:
            return Found(f"[{', '.join(parts)}]", hits, len(where))
    return None


def _fewer(search: Search, target: list[Any], where: list[int], least: float) -> Found | None:
    """An old list without the items that are, or have, a given value."""
    for atom in search.atoms:
        old = atom.values
        if atom.kind not in ("list", "objects") or not all(
            isinstance(old[i], list) and len(target[i]) <= len(old[i]) for i in where
        ):
            continue
        for source in _removals(search, atom, where):
            values = search.scope.column(source)
            hits = sum(equal(values[i], target[i]) for i in where)
            if hits >= least * len(where) and any(len(target[i]) < len(old[i]) for i in where):
                return Found(source, hits, len(where))
    return None


def _removals(search: Search, atom: Atom, where: list[int]) -> Iterator[str]:
    items = [item for i in where for item in atom.values[i]]
    fields = list(dict.fromkeys(name for item in items if isinstance(item, dict) for name in item))
    for given in [a for a in search.atoms if a.source.startswith("args.") and a.kind in ("text", "number")]:
        if not fields:
            yield f"[i for i in {atom.source} if i != {given.source}]"
        for name in fields:
            yield f"[i for i in {atom.source} if {attribute('i', name)} != {given.source}]"


def _mapped(search: Search, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
    chosen = set(where)
    for loop in search.scope.loops.values():
        counts = Counter(loop.scope.owners)
        if not all(counts[i] == len(target[i]) for i in where) or not any(counts[i] for i in where):
            continue
        place: Counter[int] = Counter()
        inner: list[Any] = []
        for owner in loop.scope.owners:
            inner.append(target[owner][place[owner]] if owner in chosen else UNDEFINED)
            place[owner] += 1
        records = [k for k, owner in enumerate(loop.scope.owners) if owner in chosen]
        found = search.loop(loop.name).value(inner, records, depth, least)
        if found is not None and re.search(r"\bm\b", found.source):
            share = found.share
            return Found(f"[{found.source} for m in {loop.name}]", round(share * len(where)), len(where))
    return None
