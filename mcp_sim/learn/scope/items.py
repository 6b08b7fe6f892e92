"""Items of maps and lists inside rows, found by what other expressions give."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mcp_sim.learn.scope.scope import Binding, Scope
from mcp_sim.learn.sources import at_path, attribute, literal
from mcp_sim.learn.tables import Path, singular

_SEVERAL = 2
"""Fields in which an item and a record agree that are the same thing."""


def item_of_map(scope: Scope, here: str, path: Path, source: str, binding: Binding) -> None:
    """Name the item of a map whose key an expression gives."""
    keys = scope.trusted(scope.column(source))
    maps = scope.trusted(scope.column(at_path(here, path)))
    pairs = [(m, k) for m, k in zip(maps, keys, strict=True) if isinstance(m, dict) and isinstance(k, str)]
    hits = sum(k in m for m, k in pairs)
    if pairs and hits >= 0.3 * len(pairs):
        name = singular(path[-1])
        scope.bind(
            name,
            f"at({here}, {', '.join(map(literal, path))}, {source})",
            None,
            binding.depth + 1,
            here,
            path,
        )


def item_of_list(scope: Scope, here: str, path: Path, source: str, binding: Binding) -> None:
    """Name the item of a list of which one field equals an expression."""
    keys = scope.trusted(scope.column(source))
    lists = scope.trusted(scope.column(at_path(here, path)))
    pairs = [(m, k) for m, k in zip(lists, keys, strict=True) if isinstance(m, list) and is_name(k)]
    if not pairs:
        return
    fields = Counter(f for m, k in pairs for i in m if isinstance(i, dict) for f, v in i.items() if v == k)
    if not fields:
        return
    name, _ = fields.most_common(1)[0]
    hits = sum(any(isinstance(i, dict) and i.get(name) == k for i in m) for m, k in pairs)
    if hits >= 0.3 * len(pairs):
        listed = f"at({here}, {', '.join(map(literal, path))}) or []"
        match = f"first([i for i in {listed} if {attribute('i', name)} == {source}])"
        scope.bind(singular(path[-1]), match, None, binding.depth + 1, here, path)


def same_item(scope: Scope, here: str, path: Path, sources: list[str], binding: Binding) -> None:
    """Name the item of a list that agrees with a record in all fields that both have, if these are several."""
    lists = scope.column(at_path(here, path))
    names = {
        name for items in lists if isinstance(items, list) for item in items if isinstance(item, dict) for name in item
    }
    shared = [s for s in sources if s.count(".") == 1 and s.partition(".")[2] in names]
    if len(shared) < _SEVERAL:
        return
    listed = f"at({here}, {', '.join(map(literal, path))}) or []"
    alike = " and ".join(f"{attribute('i', s.partition('.')[2])} == {s}" for s in shared)
    scope.bind(
        f"same_{singular(path[-1])}", f"first([i for i in {listed} if {alike}])", None, binding.depth + 1, here, path
    )


def is_name(value: Any) -> bool:
    """Whether a value may name something."""
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""
