"""Wrong values planted into records, to see how many the gate catches.

    python -m tests.trainer.tailor.planted RECIPE [COUNT]

makes the records of a recipe in a temporary folder, plants COUNT (1,000) wrong values of each kind into records that
passed, and prints the share that is turned down.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from trainer.record import Record, identified
from trainer.tailor import cut, make
from trainer.tailor.engines import Local
from trainer.tailor.gate import objection
from trainer.tailor.ids import is_distinctive
from trainer.tailor.kitchen import recipe_of
from trainer.tailor.tailoring import Tailoring

KINDS = ("neighbouring id", "value of another row", "number off by one", "swapped fields")
_ID = re.compile(r"[\w#@.:/+-]*\d")
_NUMBER = re.compile(r"(?<![\w.#@:/+-])\d+(?![\w.:/+-])")
_PAIR = re.compile(r'"(\w+)": ?("(?:[^"\\\n]|\\.)+"|-?\d+(?:\.\d+)?)')
_SWAP = re.compile(rf"{_PAIR.pattern}, ?{_PAIR.pattern}")


class Planter:
    """Plants wrong values, each near to what stands there.

    Args:
        pool: values that rows and events have, by the name of their field.
    """

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self.pool: dict[str, list[str]] = {}

    def learn(self, record: Record) -> None:
        """Remember what fields hold, to plant it elsewhere."""
        for turn in record.turns:
            for name, value in _PAIR.findall(turn.content):
                known = self.pool.setdefault(name, [])
                if len(known) < 500 and value not in known:
                    known.append(value)

    def planted(self, record: Record, kind: str) -> Record | None:
        """The record with one wrong value in a turn that is no system prompt; None where there is no place for it."""
        places = [index for index, turn in enumerate(record.turns) if turn.role != "system"]
        self._chance.shuffle(places)
        for index in places:
            content = record.turns[index].content
            options = list(self._spoilt(content, kind))
            if options:
                start, end, wrong = self._chance.choice(options)
                turn = replace(record.turns[index], content=content[:start] + wrong + content[end:])
                return identified(replace(record, turns=(*record.turns[:index], turn, *record.turns[index + 1 :])))
        return None

    def _spoilt(self, text: str, kind: str) -> Iterator[tuple[int, int, str]]:
        match kind:
            case "neighbouring id":
                for found in _ID.finditer(text):
                    if is_distinctive(found[0]):
                        yield found.end() - 1, found.end(), str((int(found[0][-1]) + 1) % 10)
            case "value of another row":
                for found in _PAIR.finditer(text):
                    others = [value for value in self.pool.get(found[1], ()) if value != found[2]]
                    if others:
                        yield (*found.span(2), self._chance.choice(others))
            case "number off by one":
                for found in _NUMBER.finditer(text):
                    yield (*found.span(), str(int(found[0]) + 1))
            case "swapped fields":
                for found in _SWAP.finditer(text):
                    if found[2] != found[4]:
                        between = text[found.end(2) : found.start(4)]
                        yield found.start(2), found.end(4), f"{found[4]}{between}{found[2]}"


class Tally:
    """Counts what is caught."""

    def __init__(self, count: int, seed: int = 0) -> None:
        self.tried: Counter[str] = Counter()
        self.caught: Counter[str] = Counter()
        self.missed: list[tuple[str, Record, Record]] = []
        self._count = count
        self._planter = Planter(seed)

    def objection(self, record: Record, *ground: Any) -> Any:
        """What the gate says; of a record that passes, spoilt ones are tried as well."""
        found = objection(record, *ground)
        if found is None:
            self._planter.learn(record)
            for kind in KINDS:
                spoilt = self._planter.planted(record, kind) if self.tried[kind] < self._count else None
                if spoilt is not None and spoilt != record:
                    self.tried[kind] += 1
                    if objection(spoilt, *ground) is not None:
                        self.caught[kind] += 1
                    else:
                        self.missed.append((kind, record, spoilt))
        return found


def tally(out: Path, count: int) -> Tally:
    """What is caught of wrong values in the records of a data set that has been made."""
    shop = make.Workshop(out)
    found = Tally(count)
    with patch.object(cut, "objection", found.objection):
        for unit in Random(0).sample(shop.plan()["units"], len(shop.plan()["units"])):
            for _ in make._Maker(shop, unit).cuts():
                pass
            if all(found.tried[kind] >= count for kind in KINDS):
                break
    return found


def main(recipe: str, count: int = 1000) -> None:
    """Make, plant, print."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "made"
        Tailoring(recipe_of(recipe), out, Local(1), report=False).run()
        found = tally(out, count)
    for kind in KINDS:
        print(f"{kind}: {found.caught[kind]} of {found.tried[kind]} caught")
    by_intent = Counter((kind, record.intent) for kind, record, _ in found.missed)
    for kind, before, after in found.missed[:20]:
        pairs = zip(before.turns, after.turns, strict=True)
        one, other = next((a.content, b.content) for a, b in pairs if a != b)
        at = next(at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
        print(f"  {kind}, {before.intent}: {one[max(0, at - 60) : at + 30]!r} -> {other[max(0, at - 20) : at + 30]!r}")
    for (kind, intent), times in by_intent.most_common():
        print(f"  passed: {times} {kind}, {intent}")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
