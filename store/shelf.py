"""Rows in memory, found by key and by what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from schemas.rows import key_text, values_at
from schemas.types import Row, World
from store.matching import Referrer, matches, paths_to, references_to

At = tuple[str, str]
"""Entity and key."""

_FEW = 16
"""So many rows are looked through faster than they are indexed."""


class Shelf:
    """Rows by entity and key, in the order in which they were first put; None stands for one that is gone.

    What a row holds at a path is indexed when it is first asked for: a delete that takes many rows with it asks of each
    who refers to it.
    """

    def __init__(self, world: World) -> None:
        self.rows: dict[At, Row | None] = {}
        self._world = world
        self._of: dict[str, dict[str, Row | None]] = {}
        self._turn: dict[At, int] = {}
        self._places: dict[str, dict[str, dict[str, dict[str, None]]]] = {}
        self._undo: list[tuple[At, bool, Row | None]] | None = None

    def put(self, at: At, row: Row | None) -> None:
        """Put a row, in the place of the one with its key."""
        was_there = at in self.rows
        if self._undo is not None:
            self._undo.append((at, was_there, self.rows.get(at)))
        if not was_there:
            self._turn[at] = len(self._turn)
        name, key = at
        self.rows[at] = row
        self._of.setdefault(name, {})[key] = row
        if row is not None:
            for path, place in self._places.get(name, {}).items():
                _note(place, key, row, path)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Put back what was there before, if what follows fails."""
        self._undo = []
        try:
            yield
        except BaseException:
            undo, self._undo = self._undo, None
            for at, was_there, row in reversed(undo):
                if was_there:
                    self.put(at, row)
                else:
                    del self.rows[at], self._of[at[0]][at[1]], self._turn[at]
            raise
        finally:
            self._undo = None

    def holds(self, entity: str) -> bool:
        """Whether rows of an entity were put."""
        return bool(self._of.get(entity))

    def matching(self, entity: str, match: dict[str, Any] | None) -> list[Row]:
        """The rows whose fields equal `match`."""
        rows = self._of.get(entity, {})
        keys: Iterable[str] = rows
        if len(rows) > _FEW:
            for path, wanted in (match or {}).items():
                if isinstance(wanted, str | int | float):
                    keys = self._holding(entity, path, _text(wanted))
                    break
        return [row for key in keys if (row := rows.get(key)) is not None and matches(row, match)]

    def referrers(self, entity: str, key: str) -> list[Referrer]:
        """The rows that refer to this one, as (entity, path, row), in the order in which they were first put."""
        found: dict[At, Row] = {}
        for name, path in paths_to(self._world, entity):
            rows = self._of.get(name, {})
            for holder in list(rows) if len(rows) <= _FEW else self._holding(name, path, key):
                if (row := rows.get(holder)) is not None:
                    found[name, holder] = row
        return [
            (at[0], path, found[at])
            for at in sorted(found, key=self._turn.__getitem__)
            for path in references_to(self._world, at[0], found[at], entity, key)
        ]

    def _holding(self, entity: str, path: str, text: str) -> Iterable[str]:
        """The keys of rows that hold, or held, this value at a path."""
        places = self._places.setdefault(entity, {})
        if path not in places:
            places[path] = {}
            for key, row in self._of.get(entity, {}).items():
                if row is not None:
                    _note(places[path], key, row, path)
        return places[path].get(text, ())


def _note(place: dict[str, dict[str, None]], key: str, row: Row, path: str) -> None:
    for _, value in values_at(row, path):
        if isinstance(value, str | int | float):
            place.setdefault(_text(value), {})[key] = None


def _text(value: str | float) -> str:
    """A scalar as text, the same for those that are equal, and for a few others."""
    return key_text(int(value) if isinstance(value, float) and value.is_integer() else value)
