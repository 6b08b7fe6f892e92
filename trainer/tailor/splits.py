"""Which records are for training, which for validation and test: whole groups, by their names, never by chance."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import orjson

from trainer.tailor.index import Entry
from trainer.tailor.kitchen import RecipeError, place
from trainer.tailor.recipe import Grouping, Split

Side = Literal["train", "validation", "test"]
SIDES: tuple[Side, ...] = ("train", "validation", "test")
HELD_OUT: tuple[Side, ...] = ("validation", "test")


def group(entry: Entry, by: Grouping) -> str:
    """The group of a record."""
    return {"domain": entry.domain, "server": entry.server, "session": entry.session, "template": entry.template}[by]


def sides(entries: Iterable[Entry], split: Split) -> dict[str, Side]:
    """The side of every group.

    What the recipe names, or an earlier run froze, goes there. Of the others, groups in the order of the hash of their
    name go to validation and to test until those have their share of the records; the largest group always stays in
    training.

    Raises:
        RecipeError: the frozen splits cannot be read, or were made by another grouping.
    """
    sizes = Counter(group(entry, split.by) for entry in entries)
    found: dict[str, Side] = {name: side for name, side in {**_frozen(split), **split.named}.items() if name in sizes}
    total = sizes.total()
    largest = max(sizes, key=lambda name: (sizes[name], name), default="")
    free = sorted((name for name in sizes if name not in found and name != largest), key=_order)
    shares: dict[Side, float] = {"validation": split.validation, "test": split.test}
    for side, share in shares.items():
        have = sum(sizes[name] for name, given in found.items() if given == side)
        for name in free:
            if name not in found and have + sizes[name] <= share * total:
                found[name] = side
                have += sizes[name]
    return {name: found.get(name, "train") for name in sorted(sizes)}


def _order(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _frozen(split: Split) -> dict[str, Side]:
    if split.frozen is None:
        return {}
    path = place(split.frozen)
    try:
        body = orjson.loads(Path(path).read_bytes())
        by, groups = body["by"], dict(body["groups"])
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise RecipeError(f"/split/frozen: '{path}' is no `splits.json` of an earlier run") from None
    if by != split.by:
        raise RecipeError(f"/split/frozen: '{path}' was split by {by}, this recipe splits by {split.by}")
    return groups


def shared(entries: Iterable[tuple[Entry, Side]], by: Iterable[Grouping]) -> dict[Grouping, frozenset[str]]:
    """The groups that validation or test have, by each grouping that has to be disjoint."""
    held = [entry for entry, side in entries if side in HELD_OUT]
    return {one: frozenset(group(entry, one) for entry in held) for one in by}


def overlap(entry: Entry, held: Mapping[Grouping, frozenset[str]]) -> str:
    """By which grouping a training record shares its group with what is held out; empty if by none."""
    return next((by for by, groups in held.items() if group(entry, by) in groups), "")


def plain(split: Split, found: Mapping[str, Side]) -> dict[str, Any]:
    """Splits as they are frozen."""
    return {"by": split.by, "groups": {name: side for name, side in found.items() if side != "train"}}
