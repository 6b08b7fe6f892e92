"""The rows of one world while runs are gone through one after the other: changed, and put back for the next."""

from __future__ import annotations

from collections import Counter
from typing import Any

from schemas.types import Row, Step, World
from store.shelf import At
from store.traces.replay import TraceRows


class Ledger(TraceRows):
    """The rows of a trace, which go back to the seed rows; these are put in once."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._counts = Counter({name: len(rows) for name, rows in world.rows.items()})
        self._before: dict[At, Row | None] = {}

    def apply(self, step: Step) -> None:
        """Take in the changes of a step."""
        for change in step.delta.changes:
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

    def count(self, entity: str, match: dict[str, Any] | None = None) -> int:
        """How many rows match; without conditions, by what was counted along the way."""
        return super().count(entity, match) if match else self._counts[entity]
