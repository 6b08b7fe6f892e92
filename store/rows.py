"""The committed rows of one layer, as SQL sees them: the visible version of each, through the layers below."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from sqlalchemy import Select, and_, bindparam, case, func, insert, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from schemas.rows import key_text
from schemas.types import Change, Row, World
from store.db import Database
from store.overlay import matches, references_to, sort_key
from store.rules import CUT, Rule, indexed
from store.tables import ancestry, entry, opening, tally, version

_PAGE = 256

_near = ancestry.alias("near")
_newer = version.alias("newer")
_sees = and_(version.c.step <= ancestry.c.upto, version.c.step <= bindparam("head"))


def _visible(depth: Any, key: ColumnElement[str], at: ColumnElement[int]) -> ColumnElement[bool]:
    """No nearer or later version of the same row can be seen."""
    hiding: Select[int] = (
        select(literal_column("1"))
        .join(_near, and_(_newer.c.layer == _near.c.ancestor, _newer.c.step <= _near.c.upto))
        .where(
            _near.c.layer == bindparam("layer"),
            _newer.c.entity == bindparam("entity"),
            _newer.c.key == key,
            _newer.c.step <= bindparam("head"),
            _near.c.depth <= depth,
            # A range, so that the index leads past the older versions of a row that changes often.
            _newer.c.step > case((_near.c.depth < depth, literal_column("-1")), else_=at),
        )
        .limit(literal_column("1"))
    )
    # As a scalar: PostgreSQL would make a join of an EXISTS, and compare every version with every other.
    return hiding.scalar_subquery().is_(None)


_ANCESTRY = select(ancestry.c.depth, ancestry.c.ancestor, ancestry.c.upto).where(ancestry.c.layer == bindparam("layer"))
_GET = (
    select(version.c.body)
    .join(ancestry, and_(version.c.layer == ancestry.c.ancestor, _sees))
    .where(
        ancestry.c.layer == bindparam("layer"),
        version.c.entity == bindparam("entity"),
        version.c.key == bindparam("key"),
    )
    .order_by(ancestry.c.depth, version.c.step.desc())
    .limit(1)
)
_SCAN = (
    select(version.c.body)
    .join(ancestry, and_(version.c.layer == ancestry.c.ancestor, _sees))
    .where(
        ancestry.c.layer == bindparam("layer"),
        version.c.entity == bindparam("entity"),
        version.c.body.is_not(None),
        _visible(ancestry.c.depth, version.c.key, version.c.step),
    )
)
_entry_version = and_(
    version.c.layer == entry.c.layer,
    version.c.entity == entry.c.entity,
    version.c.key == entry.c.key,
    version.c.step == entry.c.step,
)
_wanted_entry = and_(
    entry.c.entity == bindparam("entity"),
    entry.c.field == bindparam("field"),
    entry.c.value == bindparam("value"),
    entry.c.step <= bindparam("head"),
)
_ENTRIES = (
    select(entry.c.key)
    .select_from(ancestry)
    .join(entry, and_(entry.c.layer == ancestry.c.ancestor, entry.c.step <= ancestry.c.upto))
    .where(
        ancestry.c.layer == bindparam("layer"),
        _wanted_entry,
        _visible(ancestry.c.depth, entry.c.key, entry.c.step),
    )
)
_FIND = _ENTRIES.with_only_columns(version.c.body).join(version, _entry_version)
_COUNT_FOUND = _ENTRIES.with_only_columns(func.count())

_SCAN_LAYER = (
    select(version.c.key, version.c.body)
    .where(
        version.c.layer == bindparam("ancestor"),
        version.c.entity == bindparam("entity"),
        version.c.key > bindparam("after"),
        version.c.step <= bindparam("upto"),
        version.c.step <= bindparam("head"),
        version.c.body.is_not(None),
        _visible(bindparam("depth"), version.c.key, version.c.step),
    )
    .order_by(version.c.key)
    .limit(bindparam("page"))
)
_FIND_LAYER = (
    select(entry.c.key, version.c.body)
    .join(version, _entry_version)
    .where(
        entry.c.layer == bindparam("ancestor"),
        _wanted_entry,
        entry.c.key > bindparam("after"),
        entry.c.step <= bindparam("upto"),
        _visible(bindparam("depth"), entry.c.key, entry.c.step),
    )
    .order_by(entry.c.key)
    .limit(bindparam("page"))
)
_TALLY = (
    select(tally.c.rows)
    .join(ancestry, and_(tally.c.layer == ancestry.c.ancestor, tally.c.step <= ancestry.c.upto))
    .where(
        ancestry.c.layer == bindparam("layer"), tally.c.entity == bindparam("entity"), tally.c.step <= bindparam("head")
    )
    .order_by(ancestry.c.depth, tally.c.step.desc())
    .limit(1)
)
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
        self._indexed = indexed(world)
        self._ancestry = sorted(tuple(row) for row in db.run(_ANCESTRY, layer=layer).all())

    def get(self, entity: str, key: str) -> Row | None:
        """The visible row with this key, or None."""
        body = self._db.scalar(_GET, layer=self._layer, head=self.head, entity=entity, key=key)
        return None if body is None else orjson.loads(body)

    def query(self, entity: str, match: dict[str, Any] | None = None) -> list[Row]:
        """The visible rows whose fields equal `match`, in key order."""
        key = self._world.entities[entity].key
        where = self._where(entity, match or {})
        statement, values = (_SCAN, {}) if where is None else (_FIND, {"field": where[0], "value": where[1]})
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
            return int(self._db.scalar(_TALLY, layer=self._layer, head=self.head, entity=entity) or 0)
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
            _COUNT_FOUND, layer=self._layer, head=self.head, entity=entity, field=where[0], value=where[1]
        )
        return int(found.scalar_one())

    def referrers(self, entity: str, key: str) -> list[tuple[str, str, Row]]:
        """The visible rows that refer to this one, as (entity, path, row)."""
        found = []
        for name, other in self._world.entities.items():
            for path, reference in other.references.items():
                if reference.to != entity:
                    continue
                bodies = self._db.run(_FIND, layer=self._layer, head=self.head, entity=name, field=path, value=key)
                for row in map(orjson.loads, bodies.scalars()):
                    if path in references_to(self._world, name, row, entity, key):
                        found.append((name, path, row))
        return found

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
            (_SCAN_LAYER, {}) if where is None else (_FIND_LAYER, {"field": where[0], "value": where[1]})
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
