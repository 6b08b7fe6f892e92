"""The rows of one world while runs are gone through one after the other: changed, and put back for the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from schemas.rows import key_text
from schemas.types import Change, Row, World
from store.matching import Referrer, in_order, sort_key
from store.shelf import At, Shelf


class Ledger:
    """Rows in plain dictionaries, as `EntityView` reads them; the seed rows are put in once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows = Shelf(world)
        self._counts: Counter[str] = Counter()
        self._before: dict[At, Row | None] = {}
        for name, rows in world.rows.items():
            key = world.entities[name].key
            for row in rows:
                self._put((name, key_text(row[key])), row)

    def apply(self, changes: Iterable[Change]) -> None:
        """Take in changes."""
        for change in changes:
            at = change.entity, change.key
            self._before.setdefault(at, self._rows.rows.get(at))
            self._put(at, change.after)

    def reset(self) -> None:
        """The seed rows again."""
        for at, row in self._before.items():
            self._put(at, row)
        self._before.clear()

    def _put(self, at: At, row: Row | None) -> None:
        self._counts[at[0]] += (row is not None) - (self._rows.rows.get(at) is not None)
        self._rows.put(at, row)

    def changes(self) -> dict[str, dict[str, Row | None]]:
        """The rows that are not as they were at first, by entity and key."""
        found: dict[str, dict[str, Row | None]] = {}
        for entity, key in self._before:
            found.setdefault(entity, {})[key] = self._rows.rows[entity, key]
        return found

    def get(self, entity: str, key: str) -> Row | None:
        """The row with this key, or None."""
        return self._rows.rows.get((entity, key))

    def query(self, entity: str, match: dict[str, Any] | None = None) -> list[Row]:
        """The rows whose fields equal `match`, in key order."""
        field = self._world.entities[entity].key
        return sorted(self._rows.matching(entity, match), key=lambda row: sort_key(row[field]))

    def stream(self, entity: str, match: dict[str, Any] | None = None, after: Any = None) -> Iterator[Row]:
        """The same rows one by one, from the first key behind `after`."""
        field = self._world.entities[entity].key
        return (row for row in self.query(entity, match) if after is None or sort_key(row[field]) > sort_key(after))

    def count(self, entity: str, match: dict[str, Any] | None = None) -> int:
        """How many rows match."""
        return len(self._rows.matching(entity, match)) if match else self._counts[entity]

    def referrers(self, entity: str, keys: Sequence[str]) -> dict[str, list[Referrer]]:
        """The rows that refer to each of these, as (entity, path, row), by entity, path and key."""
        return {key: in_order(self._world, entity, self._rows.referrers(entity, key)) for key in keys}
