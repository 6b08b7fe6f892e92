"""The rows at one moment, who refers to whom, and who holds which unique values; changes can be taken back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from tests.memory.audit.definitions import At, Body, Definitions
from tests.memory.audit.equality import text


class Ledger:
    """The state that is replayed."""

    def __init__(self, world: Definitions) -> None:
        self.rows: dict[At, Body] = {}
        self.counts: Counter[str] = Counter()
        self._entities = world.entities
        self._referrers: defaultdict[At, Counter[At]] = defaultdict(Counter)
        self._holders: defaultdict[tuple[Any, ...], set[str]] = defaultdict(set)

    def put(self, at: At, body: Body | None) -> Body | None:
        """Set or remove a row; returns what was there."""
        before = self.rows.pop(at, None)
        if before is not None:
            self._note(at, before, -1)
        if body is not None:
            self.rows[at] = body
            self._note(at, body, 1)
        return before

    def problems(self, touched: Iterable[At]) -> Iterator[str]:
        """What is wrong with these rows, and with those that refer to them."""
        for at in touched:
            body = self.rows.get(at)
            if body is None:
                for referrer in self._referrers[at]:
                    yield f"{shown(at)} was deleted, and {shown(referrer)} refers to it"
                continue
            entity = self._entities[at[0]]
            if text(body.get(entity.key)) != at[1]:
                yield f"{shown(at)} says its key is {body.get(entity.key)!r}"
            for target in entity.targets(body):
                if target not in self.rows:
                    yield f"{shown(at)} refers to {shown(target)}, which is not there"
            for held in entity.unique_values(body):
                if others := self._holders[at[0], *held] - {at[1]}:
                    yield f"{shown(at)} shares {held} with {others}"

    def _note(self, at: At, body: Body, sign: int) -> None:
        self.counts[at[0]] += sign
        for target in self._entities[at[0]].targets(body):
            referrers = self._referrers[target]
            referrers[at] += sign
            if not referrers[at]:
                del referrers[at]
        for held in self._entities[at[0]].unique_values(body):
            holders = self._holders[at[0], *held]
            holders.add(at[1]) if sign > 0 else holders.discard(at[1])


def shown(at: At) -> str:
    """A row in a message."""
    return f"{at[0]} '{at[1][:80]}'"
