"""Lists put together: an old one with more items, a few items, or one item for every record of a loop."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.search.found import Found

if TYPE_CHECKING:
    from mcp_sim.learn.search.search import Search


def listed(search: Search, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
    """A list: an old one with items behind it or changed, or one item for every record of a loop."""
    for atom in search.atoms:
        if atom.kind not in ("list", "objects"):
            continue
        old = atom.values
        if all(
            isinstance(old[i], list) and len(old[i]) < len(target[i]) and target[i][: len(old[i])] == old[i]
            for i in where
        ):
            if not any(old[i] for i in where):
                continue
            tail: list[Any] = [UNDEFINED] * len(target)
            for i in where:
                tail[i] = target[i][len(old[i]) :]
            found = search.value(tail, where, depth, least)
            if found is not None:
                return Found(f"{atom.source} + {found.source}", found.hits, len(where))
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
    return _mapped(search, target, where, depth, least)


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
        if found is not None:
            share = found.share
            return Found(f"[{found.source} for m in {loop.name}]", round(share * len(where)), len(where))
    return None
