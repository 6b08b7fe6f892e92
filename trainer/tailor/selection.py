"""Which of the records that were made are in the data set: no duplicates, split, without leaks, mixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from store.traces.importers import Tell
from trainer.tailor.duplicates import Neighbours
from trainer.tailor.index import Entry
from trainer.tailor.kitchen import place
from trainer.tailor.leaks import held_out
from trainer.tailor.mixes import mixed
from trainer.tailor.recipe import Recipe
from trainer.tailor.splits import HELD_OUT, SIDES, Side, group, overlap, plain, shared, sides


@dataclass
class Selection:
    """What was chosen, and why the rest was not.

    Attributes:
        chosen: the records of each side in their order.
        dropped: the id of every other record, why it is left out, and for which record if there is one.
        frozen: the splits, to be named by a later recipe.
        counts: why records were left out, by intent.
    """

    chosen: dict[Side, list[Entry]]
    dropped: list[tuple[str, str, str]]
    frozen: dict[str, Any]
    counts: Counter[str] = field(default_factory=Counter)


def select(found: Iterable[Entry], recipe: Recipe, tell: Tell) -> Selection:
    """Choose records. The order of the entries decides which of two duplicates stays; nothing else depends on it."""
    selection = Selection({side: [] for side in SIDES}, [], {})

    def drop(entry: Entry, why: str, other: str = "") -> None:
        selection.dropped.append((entry.id, why, other))
        selection.counts[f"{entry.intent}\t{why}"] += 1

    kept = list(_unlike(found, recipe, drop))
    side_of = sides(kept, recipe.split)
    placed = [(entry, side_of[group(entry, recipe.split.by)]) for entry in kept]
    held = shared(placed, recipe.split.disjoint)
    files = (path for given in recipe.contamination.against for path in _files(place(given)))
    out = held_out(recipe.contamination, (entry for entry, side in placed if side in HELD_OUT), files, tell)
    for entry, side in placed:
        if side not in HELD_OUT:
            by = overlap(entry, held)
            leak = out.leak(entry) if not by else ""
            if by or leak:
                drop(entry, f"shared-{by}" if by else f"leak-{leak}")
                continue
        selection.chosen[side].append(entry)
    train = mixed(selection.chosen["train"], recipe.mix, recipe.seed)
    taken = {entry.id for entry in train}
    for entry in selection.chosen["train"]:
        if entry.id not in taken:
            drop(entry, "mix")
    selection.chosen["train"] = train
    selection.frozen = plain(recipe.split, side_of)
    return selection


def _unlike(found: Iterable[Entry], recipe: Recipe, drop: Any) -> Iterable[Entry]:
    """The records that are not duplicates of earlier ones."""
    exact: dict[str, str] = {}
    near = recipe.duplicates.near
    neighbours: dict[tuple[str, str], Neighbours] = {}
    ids: dict[tuple[str, str], list[str]] = {}
    for entry in found:
        if recipe.duplicates.exact:
            first = exact.setdefault(entry.exact, entry.id)
            if first != entry.id:
                drop(entry, "duplicate", first)
                continue
        if near is not None:
            place = entry.intent, entry.server
            known = neighbours.setdefault(place, Neighbours(near))
            other = known.nearest(entry.near)
            if other is not None:
                drop(entry, "near-duplicate", ids[place][other])
                continue
            known.add(entry.near)
            ids.setdefault(place, []).append(entry.id)
            entry.near = b""  # it is looked up there from now on, and there may be millions
        yield entry


def _files(path: Path) -> Iterable[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
