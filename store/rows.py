"""The committed rows of one layer, as SQL sees them: the visible version of each, through the layers below."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import bindparam, insert, select

from schemas.rows import key_text
from schemas.types import Change, Row, World
from store.db import Database
from store.matching import Referrer, in_order, matches, paths_to, references_to, sort_key
from store.reads import READS
from store.rules import CUT, Rule, indexed
from store.tables import ancestry, opening, version

_PAGE = 256

_ANCESTRY = select(ancestry.c.depth, ancestry.c.ancestor, ancestry.c.upto).where(ancestry.c.layer == bindparam("layer"))
_OPEN = insert(opening)
_ADD = insert(version)


class Rows:
    """The committed rows that one layer sees up to its head.

    Attributes:
        head: the last step that counts; what a dead process left behind above it is not seen.
    """

    def __init__(self, db: Database, world: World, layer: int, head: int) -> None:
        self.head = head
        self._db = db
        self._world = world
        self._layer = layer
        self._reads = READS[db.is_sqlite]
        self._indexed = indexed(world)
        self._ancestry = sorted(tuple(row) for row in db.run(_ANCESTRY, layer=layer).all())

    def get(self, entity: str, key: str) -> Row | None:
        """The visible row with this key, or None."""
        body = self._db.scalar(self._reads.get, layer=self._layer, head=self.head, entity=entity, key=key)
        return None if body is None else orjson.loads(body)

    def query(self, entity: str, match: dict[str, Any] | None = None) -> list[Row]:
        """The visible rows whose fields equal `match`, in key order."""
        key = self._world.entities[entity].key
        where = self._where(entity, match or {})
        statement, values = (
            (self._reads.scan, {}) if where is None else (self._reads.find, {"field": where[0], "value": where[1]})
        )
        bodies = self._db.run(statement, layer=self._layer, head=self.head, entity=entity, **values).scalars()
        rows = (row for row in map(orjson.loads, bodies) if matches(row, match))
        return sorted(rows, key=lambda row: sort_key(row[key]))

    def stream(self, entity: str, match: dict[str, Any] | None = None, after: Any = None) -> Iterator[Row]:
        """The same rows one by one, from the first key behind `after`; costs what is taken."""
        if self._is_counted(entity):
            field = self._world.entities[entity].key
            for row in self.query(entity, match):
                if after is None or sort_key(row[field]) > sort_key(after):
                    yield row
            return
        where = self._where(entity, match or {})
        start = "" if after is None else key_text(after)
        sources = [self._stream_layer(entity, where, start, *at) for at in self._ancestry]
        for _, body in heapq.merge(*sources):
            row = orjson.loads(body)
            if matches(row, match):
                yield row

    def count(self, entity: str, match: dict[str, Any] | None = None) -> int:
        """How many rows there are."""
        if not match:
            return int(self._db.scalar(self._reads.tally, layer=self._layer, head=self.head, entity=entity) or 0)
        where = self._where(entity, match)
        (value, *others) = match.values()
        if (
            others
            or where is None
            or not isinstance(value, str)
            or len(value) > CUT
            or not self._is_text(entity, where[0])
        ):
            return len(self.query(entity, match))
        found = self._db.run(
            self._reads.count_found, layer=self._layer, head=self.head, entity=entity, field=where[0], value=where[1]
        )
        return int(found.scalar_one())

    def referrers(self, entity: str, keys: Sequence[str]) -> dict[str, list[Referrer]]:
        """The visible rows that refer to each of these, as (entity, path, row), by entity, path and key."""
        found: dict[str, list[Referrer]] = {key: [] for key in keys}
        for name, path in paths_to(self._world, entity):
            for key, body in self._holders(name, path, keys):
                row = orjson.loads(body)
                if path in references_to(self._world, name, row, entity, key):
                    found[key].append((name, path, row))
        return {key: in_order(self._world, entity, rows) for key, rows in found.items()}

    def _holders(self, entity: str, field: str, keys: Sequence[str]) -> Iterable[tuple[str, str]]:
        at = {"layer": self._layer, "head": self.head, "entity": entity, "field": field}
        if len(keys) == 1:
            return ((keys[0], body) for body in self._db.run(self._reads.find, value=keys[0], **at).scalars())
        values = orjson.dumps(keys).decode() if self._db.is_sqlite else list(keys)
        return (tuple(row) for row in self._db.run(self._reads.find_all, values=values, **at))

    def write(self, changes: Iterable[Change], n: int) -> None:
        """Write the versions of step `n`, inside the caller's transaction; the insert of the step closes them."""
        self._db.execute(_OPEN, ("layer", "n"), layer=self._layer, n=n)
        self._db.execute_many(
            _ADD,
            [
                {
                    "layer": self._layer,
                    "entity": change.entity,
                    "key": change.key,
                    "step": n,
                    "op": change.op,
                    "body": None if change.after is None else orjson.dumps(change.after).decode(),
                }
                for change in changes
            ],
        )

    def _where(self, entity: str, match: dict[str, Any]) -> tuple[str, str] | None:
        """Field and value of the best index for a match, if there is one."""
        for field, value in match.items():
            rule = self._indexed[entity].get(field)
            if rule is not None and (found := _entry_of(rule, value)) is not None:
                return found
        return None

    def _stream_layer(
        self, entity: str, where: tuple[str, str] | None, after: str, depth: int, ancestor: int, upto: int
    ) -> Iterator[tuple[str, str]]:
        statement, values = (
            (self._reads.scan_layer, {})
            if where is None
            else (self._reads.find_layer, {"field": where[0], "value": where[1]})
        )
        page = 32
        while True:
            found = self._db.run(
                statement,
                layer=self._layer,
                head=self.head,
                entity=entity,
                ancestor=ancestor,
                upto=min(upto, self.head),  # the largest does not fit into an integer of PostgreSQL
                depth=depth,
                after=after,
                page=page,
                **values,
            ).all()
            yield from ((row.key, row.body) for row in found)
            if len(found) < page:
                return
            after, page = found[-1].key, _PAGE

    def _is_counted(self, entity: str) -> bool:
        """Keys that may be integers do not stand in text order."""
        return _types(self._world, entity, self._world.entities[entity].key) != {"string"}

    def _is_text(self, entity: str, field: str) -> bool:
        return not {"integer", "number", "boolean", "unknown"} & _types(self._world, entity, field)


def _types(world: World, entity: str, field: str) -> set[str]:
    schema = world.entities[entity].properties.get(field, {})
    if not isinstance(schema, dict):
        return {"unknown"}
    if "enum" in schema:
        return {"string"} if all(isinstance(option, str | None) for option in schema["enum"]) else {"unknown"}
    types = schema.get("type", "unknown")
    return {types} if isinstance(types, str) else set(types)


def _entry_of(rule: Rule, value: Any) -> tuple[str, str] | None:
    """Where the index keeps a value; None where it cannot tell."""
    if value is None:
        return (f"?{rule.field}", "") if rule.has_nulls else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value != value // 1 or (rule.kind == "filter" and abs(value) >= 2**53):
            return None  # equal numbers, one with a fraction part and one without, may read differently
        return rule.field, key_text(int(value))
    if isinstance(value, str | bool):
        return rule.field, key_text(value)[: CUT if rule.kind == "filter" else None]
    return None
