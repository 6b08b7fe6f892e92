"""What of the records of a run is learned from: nothing twice, and nothing that gives away what is held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from schemas.canonical import canonical
from trainer.record import Record
from trainer.tailor.duplicates import Neighbours
from trainer.tailor.index import Entry
from trainer.tailor.leaks import HeldOut
from trainer.tailor.recipe import Contamination
from trainer.tailor.signature import near_of, short, signature

NEAR = 0.9
"""Likeness from which on two records of one service count as one."""
LEARNED, HELD_OUT = ("cpt", "sft", "rl"), "held_out"
POOLS = (*LEARNED, HELD_OUT)


@dataclass
class Pools:
    """Lets records into pools, the held-out ones first, with the checks that tailoring makes of recorded traffic.

    Attributes:
        contamination: what records that are learned from may not share with held-out ones.
        left_out: by pool, how many records are not in it, and why.
    """

    contamination: Contamination
    left_out: dict[str, Counter[str]] = field(default_factory=dict)
    _held: HeldOut = field(init=False)

    def __post_init__(self) -> None:
        self._held = HeldOut(self.contamination)

    def admitted(self, pool: str, records: Iterable[Record]) -> Iterator[Record]:
        """The records that may be in a pool."""
        left_out = self.left_out.setdefault(pool, Counter())
        exact: set[str] = set()
        near: dict[tuple[str, str], Neighbours] = {}
        for record in records:
            entry = _entry(record)
            known = near.setdefault((record.intent, record.server), Neighbours(NEAR))
            if entry.exact in exact:
                left_out["duplicate"] += 1
            elif known.nearest(entry.near) is not None:
                left_out["near-duplicate"] += 1
            elif pool != HELD_OUT and (leak := self._held.leak(entry)):
                left_out[f"leak-{leak}"] += 1
            else:
                exact.add(entry.exact)
                known.add(entry.near)
                if pool == HELD_OUT:
                    self._held.take(entry)
                yield record

    def know(self, records: Iterable[Record]) -> None:
        """Hold out records that were admitted earlier."""
        for record in records:
            self._held.take(_entry(record))


def _entry(record: Record) -> Entry:
    found = signature(record, None)
    arguments = record.facts.get("arguments", {})
    return Entry(
        unit="",
        offset=0,
        length=0,
        id=record.id,
        intent=record.intent,
        domain=record.domain,
        server=record.server,
        session=record.trajectory,
        template=short(canonical([record.facts.get("tool", ""), sorted(arguments)])),
        turn_class=record.turn_class,
        source="",
        characters=sum(len(turn.content) for turn in record.turns),
        learned=sum(len(turn.content) for turn in record.turns if turn.loss),
        exact=found.exact,
        near=near_of(found.near),
        bodies=found.bodies,
        body=near_of(found.body),
        ids=found.ids,
        schema=str(record.facts.get("schema", "")),
    )
