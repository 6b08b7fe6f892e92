"""The statements that find rows: the visible version of each, through the layers that a layer sees.

PostgreSQL gets every look at a larger table fenced off, once for each layer that is seen: the index serves it then,
whatever the planner believes of tables that nobody has analysed yet. SQLite follows the order that is written.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from store.tables import ancestry, entry, tally, version

Columns = ReadOnlyColumnCollection[str, Any]

_ONE: ColumnElement[int] = literal_column("1")
_entity: ColumnElement[str] = bindparam("entity")
_head: ColumnElement[int] = bindparam("head")
_entry_version = and_(
    version.c.layer == entry.c.layer,
    version.c.entity == entry.c.entity,
    version.c.key == entry.c.key,
    version.c.step == entry.c.step,
)
_near = ancestry.alias("near")
_newer = version.alias("newer")


class Reads:
    """The statements for one of the databases.

    All take `layer`, `head` (the last step that counts) and `entity`; those with `_layer` in their name read one
    `ancestor` of the layer, at its `depth` and up to its `upto`, a `page` from behind the key `after`.

    Attributes:
        get: the body of the row with `key`; null where it was deleted.
        scan: the bodies of all rows.
        find: the bodies of the rows whose `field` holds `value`.
        find_all: value and body of the rows whose `field` holds one of `values`, on SQLite a JSON list.
        count_found: how many rows `find` finds, those that hold the value twice counted once.
        tally: how many rows there are.
    """

    def __init__(self, is_sqlite: bool) -> None:
        self._is_sqlite = is_sqlite
        row, seen = self._seen(version, version.c.key == bindparam("key"), latest=True)
        self.get = seen.with_only_columns(row.body)
        count, seen = self._seen(tally, latest=True)
        self.tally = seen.with_only_columns(count.rows)
        row, seen = self._seen(version, version.c.body.is_not(None))
        self.scan = seen.with_only_columns(row.body).where(self._is_visible(ancestry.c.depth, row.key, row.step))
        self.find = self._holders(entry.c.value == bindparam("value"))
        self.find_all = self._holders(self._is_any_of("values"), and_value=True)
        held, seen = self._seen(entry, entry.c.field == bindparam("field"), entry.c.value == bindparam("value"))
        visible = self._is_visible(ancestry.c.depth, held.key, held.step)
        self.count_found = seen.with_only_columns(func.count()).where(visible)
        self.scan_layer = self._page(select(version.c.key, version.c.body).where(version.c.body.is_not(None)), version)
        self.find_layer = self._page(
            select(entry.c.key, version.c.body)
            .join(version, _entry_version)
            .where(entry.c.field == bindparam("field"), entry.c.value == bindparam("value")),
            entry,
        )

    def _seen(self, table: Table, *wanted: ColumnElement[bool], latest: bool = False) -> tuple[Columns, Select[Any]]:
        """The rows of a table in the layers that are seen, or the latest of the nearest; and their columns."""
        there = and_(
            table.c.layer == ancestry.c.ancestor,
            table.c.step <= ancestry.c.upto,
            table.c.step <= _head,
            table.c.entity == _entity,
            *wanted,
        )
        columns, joined = self._joined(ancestry, table, there, latest)
        found = select(_ONE).select_from(joined).where(ancestry.c.layer == bindparam("layer"))
        return columns, found.order_by(ancestry.c.depth, columns.step.desc()).limit(1) if latest else found

    def _joined(
        self, near: FromClause, table: FromClause, there: ColumnElement[bool], latest: bool
    ) -> tuple[Columns, FromClause]:
        """A table beside the layers in which it is looked at."""
        if self._is_sqlite:
            return table.c, near.join(table, there)
        rows = select(table).where(there).correlate_except(table)
        # What is limited, or begins somewhere, is never joined in another order.
        rows = rows.order_by(table.c.step.desc()).limit(_ONE) if latest else rows.offset(literal_column("0"))
        fenced = rows.lateral()
        return fenced.c, near.join(fenced, true())

    def _is_visible(self, depth: Any, key: ColumnElement[str], at: ColumnElement[int]) -> ColumnElement[bool]:
        """No nearer or later version of the same row can be seen."""
        there = and_(
            _newer.c.layer == _near.c.ancestor,
            _newer.c.step <= _near.c.upto,
            _newer.c.entity == _entity,
            _newer.c.key == key,
            _newer.c.step <= _head,
            # A range, so that the index leads past the older versions of a row that changes often.
            _newer.c.step > case((_near.c.depth < depth, literal_column("-1")), else_=at),
        )
        _, joined = self._joined(_near, _newer, there, latest=False)
        hiding = (
            select(_ONE)
            .select_from(joined)
            .where(_near.c.layer == bindparam("layer"), _near.c.depth <= depth)
            .limit(_ONE)
        )
        # As a scalar: PostgreSQL would make a join of an EXISTS, and compare every version with every other.
        return hiding.scalar_subquery().is_(None)

    def _holders(self, is_wanted: ColumnElement[bool], *, and_value: bool = False) -> Select[Any]:
        held, seen = self._seen(entry, entry.c.field == bindparam("field"), is_wanted)
        body = (
            select(version.c.body)
            .where(
                version.c.layer == held.layer,
                version.c.entity == _entity,
                version.c.key == held.key,
                version.c.step == held.step,
            )
            .scalar_subquery()
        )
        columns = (held.value, body.label("body")) if and_value else (body.label("body"),)
        return seen.with_only_columns(*columns).where(self._is_visible(ancestry.c.depth, held.key, held.step))

    def _page(self, rows: Select[Any], table: Table) -> Select[Any]:
        return (
            rows.where(
                table.c.layer == bindparam("ancestor"),
                table.c.entity == _entity,
                table.c.key > bindparam("after"),
                table.c.step <= bindparam("upto"),
                table.c.step <= _head,
                self._is_visible(bindparam("depth"), table.c.key, table.c.step),
            )
            .order_by(table.c.key)
            .limit(bindparam("page"))
        )

    def _is_any_of(self, name: str) -> ColumnElement[bool]:
        if self._is_sqlite:
            listed = func.json_each(bindparam(name, type_=Text)).table_valued("value")
            return entry.c.value.in_(select(listed.c.value))
        return entry.c.value == any_(bindparam(name, type_=ARRAY(Text)))


READS = {is_sqlite: Reads(is_sqlite) for is_sqlite in (True, False)}
