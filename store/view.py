"""What a Responder sees during one call: committed rows, virtual time, fresh ids, keyed randomness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, Protocol

from schemas.rows import IdPattern, key_text
from schemas.types import Completion, Row, Step, World
from store.matching import Referrer
from store.shelf import At

_TOGETHER = 500
"""Rows whose referrers are looked for at once."""


class RowSource(Protocol):
    """Where committed rows come from: the store, or a trace."""

    def get(self, entity: str, key: str) -> Row | None:
        """The row with this key, or None."""
        ...

    def query(self, entity: str, match: dict[str, Any] | None = None) -> list[Row]:
        """The rows whose fields equal `match`, in key order."""
        ...

    def stream(self, entity: str, match: dict[str, Any] | None = None, after: Any = None) -> Iterator[Row]:
        """The same rows one by one, from the first key behind `after`."""
        ...

    def count(self, entity: str, match: dict[str, Any] | None = None) -> int:
        """How many rows match."""
        ...

    def referrers(self, entity: str, keys: Sequence[str]) -> dict[str, list[Referrer]]:
        """The rows that refer to each of these, as (entity, path, row), by entity, path and key."""
        ...


class Past(Protocol):
    """What happened before this call."""

    def recent(self, limit: int, tool: str | None = None) -> list[Step]:
        """The last steps, oldest first, without what perturbations made of them; as far back as 500 steps."""
        ...

    def recall(self, prompt: str) -> Completion | None:
        """What a world model said to this question before."""
        ...


class EntityView:
    """The state as one call finds it. Ids it mints count only if the call is committed."""

    def __init__(
        self,
        rows: RowSource,
        world: World,
        seed: int,
        n: int,
        now: str,
        counters: dict[str, int],
        past: Past,
    ) -> None:
        self.now = now
        self.seed = seed
        self.n = n
        self.counters = dict(counters)
        self.recent = past.recent
        self.recall = past.recall
        self._rows = rows
        self._world = world
        self._counted = counters
        self._fetched: dict[tuple[str, str], Row | None] = {}
        self._handed_out: dict[int, Row | None] = {}
        self._referrers: dict[At, list[Referrer]] = {}
        self._beside: dict[At, list[str]] = {}

    def get(self, entity: str, key: str) -> Row | None:
        """The row with this key, or None."""
        at = (entity, key)
        if at not in self._fetched:
            row = self._fetched[at] = self._rows.get(entity, key)
            self._handed_out[id(row)] = row
        return self._fetched[at]

    def exists(self, entity: str, key: str) -> bool:
        """Whether the row exists."""
        return self.get(entity, key) is not None

    def vouches_for(self, value: Any) -> bool:
        """Whether this very object is a committed row that the view handed out: all it refers to exists."""
        return value is not None and self._handed_out.get(id(value)) is value

    def query(self, entity: str, match: dict[str, Any] | None = None) -> list[Row]:
        """The rows whose fields equal `match`, in key order."""
        return [self._known(entity, row) for row in self._rows.query(entity, match)]

    def stream(self, entity: str, match: dict[str, Any] | None = None, after: Any = None) -> Iterator[Row]:
        """The same rows one by one, from the first key behind `after`; costs what is taken."""
        return (self._known(entity, row) for row in self._rows.stream(entity, match, after))

    def count(self, entity: str, match: dict[str, Any] | None = None) -> int:
        """How many rows match."""
        return self._rows.count(entity, match)

    def referrers(self, entity: str, key: str) -> list[tuple[str, str, Row]]:
        """The rows that refer to this one, as (entity, path, row).

        Whoever asks it of a row that was found so itself will ask it of those beside it, as a delete does: they are
        looked for together.
        """
        if (entity, key) not in self._referrers:
            beside = [other for other in self._beside.get((entity, key), ()) if (entity, other) not in self._referrers]
            for other, found in self._rows.referrers(entity, beside or [key]).items():
                self._referrers[entity, other] = [(name, path, self._known(name, row)) for name, path, row in found]
                self._note_those_beside(found)
        return self._referrers[entity, key]

    def _known(self, entity: str, row: Row) -> Row:
        """The row as it was handed out before, if it was."""
        known = self._fetched.setdefault((entity, key_text(row[self._world.entities[entity].key])), row)
        self._handed_out[id(known)] = known
        return row if known is None else known

    def _note_those_beside(self, found: list[Referrer]) -> None:
        keys: dict[str, dict[str, None]] = {}
        for name, _, row in found:
            keys.setdefault(name, {})[key_text(row[self._world.entities[name].key])] = None
        for name, those in keys.items():
            for start in range(0, len(those), _TOGETHER):
                group = list(those)[start : start + _TOGETHER]
                self._beside.update(((name, key), group) for key in group)

    def new_id(self, entity: str) -> Any:
        """A fresh key, never used before in this session."""
        pattern = id_pattern(self._world, entity)
        while True:
            self.counters[entity] = n = self.counters.get(entity, 0) + 1
            key = pattern.mint(n, self.seed, entity)
            if self.get(entity, key_text(key)) is None:
                return key

    def take_back_ids(self) -> None:
        """Forget the ids minted for a proposal that was turned down; the next one mints them again."""
        self.counters = dict(self._counted)

    def random(self, purpose: str) -> int:
        """A 64-bit number that depends on seed, step and purpose alone."""
        return int.from_bytes(sha256(f"{self.seed}:{self.n}:{purpose}".encode()).digest()[:8], "big")


def undisturbed(steps: list[Step]) -> list[Step]:
    """The steps as the world took them: a world model never learns from what perturbations made up."""
    return [found for step in steps if (found := step.undisturbed) is not None]


def id_pattern(world: World, entity: str) -> IdPattern:
    """How keys of an entity are minted."""
    return IdPattern(entity, world.entities[entity])


@lru_cache(maxsize=64)
def first_counters(world: World) -> dict[str, int]:
    """The highest count that the seed rows of each entity already use; not to be changed."""
    counters = {}
    for name, rows in world.rows.items():
        pattern, key = id_pattern(world, name), world.entities[name].key
        counters[name] = max((pattern.number(key_text(row[key])) for row in rows), default=0)
    return counters
