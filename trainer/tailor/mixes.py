"""How many records of each group are taken, and in which order they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from trainer.tailor.classes import draw
from trainer.tailor.index import Entry
from trainer.tailor.recipe import Mix


def mixed(found: Sequence[Entry], mix: Mix, seed: int) -> list[Entry]:
    """The chosen records in their order."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in found:
        groups[getattr(entry, mix.by)].append(entry)
    wanted = shares({name: len(group) for name, group in groups.items()}, mix)
    chosen = {entry.id for name, group in groups.items() for entry in _first(group, wanted[name], seed)}
    kept = [entry for entry in found if entry.id in chosen]
    match mix.order:
        case "shuffled":
            return sorted(kept, key=lambda entry: (draw(f"{seed}:order:{entry.id}"), entry.id))
        case "round-robin":
            return _in_turn(kept, mix)
    return kept


def shares(sizes: dict[str, int], mix: Mix) -> dict[str, int]:
    """How many of each group are taken, never more than it has.

    Quotas are the most of a group. Of the total, each group first gets its floor; what is left is dealt out by weight,
    and what a group cannot use goes to the others.
    """
    most = {name: min(size, mix.quotas.get(name, size)) for name, size in sizes.items()}
    if mix.total is None and not mix.weights:
        return most
    weights = {name: mix.weights.get(name, sizes[name] / max(sum(sizes.values()), 1)) for name in sizes}
    total = min(mix.total or _fullest(most, weights), sum(most.values()))
    taken = {name: min(mix.floor, most[name]) for name in sizes}
    while (left := total - sum(taken.values())) > 0:
        open_groups = sorted(name for name in sizes if taken[name] < most[name] and weights[name] > 0)
        if not open_groups:
            break
        whole = sum(weights[name] for name in open_groups)
        parts = {name: min(int(left * weights[name] / whole), most[name] - taken[name]) for name in open_groups}
        if not any(parts.values()):  # fewer are left than there are groups
            parts = dict.fromkeys(sorted(open_groups, key=lambda name: (-weights[name], name))[:left], 1)
        for name, count in parts.items():
            taken[name] += count
    return taken


def _fullest(most: dict[str, int], weights: dict[str, float]) -> int:
    """The largest total at which every weight can be kept."""
    whole = sum(weights.values())
    fits = [int(most[name] * whole / weight) for name, weight in weights.items() if weight > 0]
    return min(fits, default=0)


def _first(group: list[Entry], count: int, seed: int) -> list[Entry]:
    if count >= len(group):
        return group
    return sorted(group, key=lambda entry: (draw(f"{seed}:mix:{entry.id}"), entry.id))[:count]


def _in_turn(kept: list[Entry], mix: Mix) -> list[Entry]:
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in kept:
        groups[getattr(entry, mix.by)].append(entry)
    lists = [groups[name] for name in sorted(groups)]
    return [group[turn] for turn in range(max(map(len, lists), default=0)) for group in lists if turn < len(group)]
