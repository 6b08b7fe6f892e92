"""A View with changes laid over it: what the world would be if they were committed. Pure Python, no SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.rows import key_text, without
from schemas.types import Change, Op, Row, StateDelta, View, World
from store.matching import same, sort_key
from store.shelf import At, Shelf


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
        self._pending = Shelf(world)
        for change in delta.changes:
            self._pending.put((change.entity, change.key), change.after)

    def get(self, entity: str, key: str) -> Row | None:
        """The row as it would be, or None."""
        try:
            return self._pending.rows[entity, key]
        except KeyError:
            return self._view.get(entity, key)

    def exists(self, entity: str, key: str) -> bool:
        """Whether the row would exist."""
        try:
            return self._pending.rows[entity, key] is not None
        except KeyError:
            return self._view.exists(entity, key)

    def vouches_for(self, value: Any) -> bool:
        """Whether this very object is a committed row."""
        return self._view.vouches_for(value)

    def query(self, entity: str, match: dict[str, Any] | None = None) -> list[Row]:
        """The rows that would match, in key order."""
        rows = self._view.query(entity, match)
        if not self._pending.holds(entity):
            return rows
        field = self._world.entities[entity].key
        kept = [row for row in rows if (entity, key_text(row[field])) not in self._pending.rows]
        kept += self._pending.matching(entity, match)
        return sorted(kept, key=lambda row: sort_key(row[field]))

    def stream(self, entity: str, match: dict[str, Any] | None = None, after: Any = None) -> Iterator[Row]:
        """The rows that would match, one by one, from the first key behind `after`."""
        if not self._pending.holds(entity):
            yield from self._view.stream(entity, match, after)
            return
        field = self._world.entities[entity].key
        for row in self.query(entity, match):
            if after is None or sort_key(row[field]) > sort_key(after):
                yield row

    def count(self, entity: str, match: dict[str, Any] | None = None) -> int:
        """How many rows would match."""
        return len(self.query(entity, match)) if self._pending.holds(entity) else self._view.count(entity, match)

    def referrers(self, entity: str, key: str) -> list[tuple[str, str, Row]]:
        """The rows that would refer to this one, as (entity, path, row)."""
        names = self._world.entities
        kept = [
            found
            for found in self._view.referrers(entity, key)
            if (found[0], key_text(found[2][names[found[0]].key])) not in self._pending.rows
        ]
        return kept + self._pending.referrers(entity, key)

    def new_id(self, entity: str) -> Any:
        """A fresh key."""
        return self._view.new_id(entity)

    def random(self, purpose: str) -> int:
        """A number fixed by seed, step and purpose."""
        return self._view.random(purpose)

    def put(self, entity: str, row: Row) -> None:
        """Create or replace a row."""
        self._pending.put((entity, key_text(row[self._world.entities[entity].key])), row)

    def delete(self, entity: str, key: str) -> None:
        """Delete a row and apply the delete policies of what refers to it, to the end.

        Raises:
            Restricted: a `restrict` reference stands in the way; nothing of this delete is kept.
        """
        with self._pending.all_or_nothing():
            self._delete(entity, key)

    def delta(self) -> StateDelta:
        """The net changes in the order in which rows were first touched."""
        changes = []
        for (entity, key), after in self._pending.rows.items():
            before = self._view.get(entity, key)
            if before == after and same(before, after):
                continue
            op: Op = "create" if before is None else "delete" if after is None else "update"
            changes.append(Change(op, entity, key, before, after))
        return StateDelta(tuple(changes))

    def _delete(self, entity: str, key: str) -> None:
        waiting = [(entity, key)]
        restricted: list[At] = []
        while waiting:
            target = waiting.pop()
            self._pending.put(target, None)
            for name, path, row in self.referrers(*target):
                referrer = (name, key_text(row[self._world.entities[name].key]))
                match self._world.entities[name].references[path].on_delete:
                    case "cascade":
                        if self.get(*referrer) is not None:
                            self._pending.put(referrer, None)
                            waiting.append(referrer)
                    case "set-null":
                        current = self.get(*referrer)
                        if current is not None:
                            self._pending.put(referrer, without(current, path, target[1]))
                    case "restrict":
                        restricted.append(referrer)
        # A referrer that this very delete takes away does not stand in its way.
        blocking = [referrer for referrer in restricted if self.get(*referrer) is not None]
        if blocking:
            blocker = blocking[0][0]
            raise Restricted(entity, key, blocker, len({at for at in blocking if at[0] == blocker}))
