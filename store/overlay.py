"""A View with changes laid over it: what the world would be if they were committed. Pure Python, no SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.rows import key_text, values_at, without
from schemas.types import Change, Op, Row, StateDelta, View, World


class Restricted(Exception):
    """A delete that a `restrict` reference forbids."""

    def __init__(self, entity: str, key: str, blocker: str, count: int) -> None:
        super().__init__(f"{entity} '{key}' cannot be deleted: {count} {blocker} still refer to it")
        self.blocker = blocker
        self.count = count


class Overlay:
    """Pending rows over a View. Deletes expand their cascades; `delta()` is the net effect, one change per row."""

    def __init__(self, world: World, view: View, delta: StateDelta = StateDelta()) -> None:
        self.now = view.now
        self.seed = view.seed
        self._world = world
        self._view = view
        self._pending: dict[tuple[str, str], Row | None] = {
            (change.entity, change.key): change.after for change in delta.changes
        }

    def get(self, entity: str, key: str) -> Row | None:
        """The row as it would be, or None."""
        try:
            return self._pending[entity, key]
        except KeyError:
            return self._view.get(entity, key)

    def exists(self, entity: str, key: str) -> bool:
        """Whether the row would exist."""
        try:
            return self._pending[entity, key] is not None
        except KeyError:
            return self._view.exists(entity, key)

    def vouches_for(self, value: Any) -> bool:
        """Whether this very object is a committed row."""
        return self._view.vouches_for(value)

    def query(self, entity: str, match: dict[str, Any] | None = None) -> list[Row]:
        """The rows that would match, in key order."""
        rows = self._view.query(entity, match)
        touched = {key: row for (name, key), row in self._pending.items() if name == entity}
        if not touched:
            return rows
        field = self._world.entities[entity].key
        kept = [row for row in rows if key_text(row[field]) not in touched]
        kept += [row for row in touched.values() if row is not None and matches(row, match)]
        return sorted(kept, key=lambda row: sort_key(row[field]))

    def stream(self, entity: str, match: dict[str, Any] | None = None, after: Any = None) -> Iterator[Row]:
        """The rows that would match, one by one, from the first key behind `after`."""
        if not self._touches(entity):
            yield from self._view.stream(entity, match, after)
            return
        field = self._world.entities[entity].key
        for row in self.query(entity, match):
            if after is None or sort_key(row[field]) > sort_key(after):
                yield row

    def count(self, entity: str, match: dict[str, Any] | None = None) -> int:
        """How many rows would match."""
        return len(self.query(entity, match)) if self._touches(entity) else self._view.count(entity, match)

    def referrers(self, entity: str, key: str) -> list[tuple[str, str, Row]]:
        """The rows that would refer to this one, as (entity, path, row)."""
        names = self._world.entities
        kept = [
            found
            for found in self._view.referrers(entity, key)
            if (found[0], key_text(found[2][names[found[0]].key])) not in self._pending
        ]
        for (name, _), row in self._pending.items():
            if row is not None:
                kept += [(name, path, row) for path in references_to(self._world, name, row, entity, key)]
        return kept

    def new_id(self, entity: str) -> Any:
        """A fresh key."""
        return self._view.new_id(entity)

    def random(self, purpose: str) -> int:
        """A number fixed by seed, step and purpose."""
        return self._view.random(purpose)

    def put(self, entity: str, row: Row) -> None:
        """Create or replace a row."""
        self._pending[entity, key_text(row[self._world.entities[entity].key])] = row

    def delete(self, entity: str, key: str) -> None:
        """Delete a row and apply the delete policies of what refers to it, to the end.

        Raises:
            Restricted: a `restrict` reference stands in the way; nothing of this delete is kept.
        """
        before = dict(self._pending)
        try:
            self._delete(entity, key)
        except Restricted:
            self._pending = before
            raise

    def delta(self) -> StateDelta:
        """The net changes in the order in which rows were first touched."""
        changes = []
        for (entity, key), after in self._pending.items():
            before = self._view.get(entity, key)
            if before == after and same(before, after):
                continue
            op: Op = "create" if before is None else "delete" if after is None else "update"
            changes.append(Change(op, entity, key, before, after))
        return StateDelta(tuple(changes))

    def _touches(self, entity: str) -> bool:
        return any(name == entity for name, _ in self._pending)

    def _delete(self, entity: str, key: str) -> None:
        waiting = [(entity, key)]
        restricted: list[tuple[str, str]] = []
        while waiting:
            target = waiting.pop()
            self._pending[target] = None
            for name, path, row in self.referrers(*target):
                referrer = (name, key_text(row[self._world.entities[name].key]))
                match self._world.entities[name].references[path].on_delete:
                    case "cascade":
                        if self.get(*referrer) is not None:
                            self._pending[referrer] = None
                            waiting.append(referrer)
                    case "set-null":
                        current = self.get(*referrer)
                        if current is not None:
                            self._pending[referrer] = without(current, path, target[1])
                    case "restrict":
                        restricted.append(referrer)
        # A referrer that this very delete takes away does not stand in its way.
        blocking = [referrer for referrer in restricted if self.get(*referrer) is not None]
        if blocking:
            blocker = blocking[0][0]
            raise Restricted(entity, key, blocker, len({at for at in blocking if at[0] == blocker}))


def references_to(world: World, entity: str, row: Row, target: str, key: str) -> Iterator[str]:
    """The reference paths of a row that hold `key` of `target`, each once."""
    for path, reference in world.entities[entity].references.items():
        if reference.to == target and any(key_text(value) == key for _, value in values_at(row, path)):
            yield path


def matches(row: Row, match: dict[str, Any] | None) -> bool:
    """Whether fields equal the wanted values; a list field matches when it contains the value."""
    for path, wanted in (match or {}).items():
        if wanted is None:
            if values_at(row, path):
                return False
        elif not any(same(value, wanted) for _, value in values_at(row, path)):
            return False
    return True


def same(one: Any, other: Any) -> bool:
    """JSON equality: true is not 1, at any depth, and 1.0 is."""
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(same(part, other[name]) for name, part in one.items())
        case list(), list():
            return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def sort_key(value: Any) -> tuple[int, Any]:
    """An order over JSON scalars: null, booleans, numbers, text, then the rest by their JSON."""
    if value is None:
        return (0, 0)
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, int | float):
        return (2, value)
    if isinstance(value, str):
        return (3, value)
    return (4, key_text(value))
