"""The `list` step: filter, search, sort and page. The union of the pages is the list."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from itertools import islice
from typing import Any

import orjson

from mcp_sim.responders.effects.run import OMIT, Refusal, Run
from schemas.effects import List
from schemas.expressions import Expression, Template, parse, parse_template
from schemas.rows import values_at
from schemas.types import Row
from store.matching import sort_key

Step = Callable[[Run], None]

_MOST = 2**31
"""Rows that a limit or an offset may mean."""


def compile_list(step: List) -> Step:
    """The step as a function over a Run."""
    name = step.as_ or f"{step.list}s"
    match = {field: parse_template(value) for field, value in step.match.items()}
    where = parse(step.where) if step.where is not None else None
    search = (tuple(step.search.fields), parse(step.search.text)) if step.search else None
    sort = parse_template(step.sort)
    limit, offset, cursor = (
        parse(text) if text is not None else None for text in (step.limit, step.offset, step.cursor)
    )

    def run(state: Run) -> None:
        wanted = _wanted(state, match)
        if where is None and search is None and not _sort_fields(state, sort):
            state.names[name] = _keyed_page(state, step.list, wanted, cursor, offset, limit)
            return
        rows = state.rows.query(step.list, wanted)
        if where is not None:
            rows = [row for row in rows if _holds(state, where, row)]
        if search is not None:
            rows = _found(state, rows, *search)
        total = len(rows)
        fields = [*_sort_fields(state, sort), state.world.entities[step.list].key]
        if len(fields) > 1:
            rows = sorted(rows, key=lambda row: _order(fields, _marks(fields, row)))
        if cursor is not None and (mark := state.value(cursor)) is not None:
            rows = _after(rows, fields, _read_cursor(mark, len(fields)))
        start = _count(state, offset, 0)
        stop = start + _count(state, limit, len(rows))
        page = rows[start:stop]
        following = _write_cursor(_marks(fields, page[-1])) if page and stop < len(rows) else None
        state.names[name] = {"items": page, "total": total, "next": following}

    return run


def _keyed_page(
    state: Run,
    entity: str,
    wanted: dict[str, Any],
    cursor: Expression | None,
    offset: Expression | None,
    limit: Expression | None,
) -> dict[str, Any]:
    """A page in key order, straight from the index: costs the page, not the list."""
    mark = None if cursor is None else state.value(cursor)
    after = None if mark is None else _read_cursor(mark, 1)[0]
    total = state.rows.count(entity, wanted)
    start = _count(state, offset, 0)
    size = _count(state, limit, total)
    page = list(islice(state.rows.stream(entity, wanted, after), start, start + size + 1))
    key = state.world.entities[entity].key
    following = _write_cursor([page[size - 1][key]]) if len(page) > size > 0 else None
    return {"items": page[:size], "total": total, "next": following}


class _Descending:
    """A value whose order is turned round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Descending) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(self.value)


def _wanted(state: Run, match: dict[str, Template]) -> dict[str, Any]:
    return {field: value for field, template in match.items() if (value := state.render(template)) is not OMIT}


def _holds(state: Run, where: Expression, row: Row) -> bool:
    state.names["row"] = row
    return bool(state.value(where))


def _found(state: Run, rows: list[Row], fields: tuple[str, ...], text: Expression) -> list[Row]:
    wanted = state.value(text)
    if not wanted:
        return rows
    needle = str(wanted).casefold()
    return [
        row for row in rows if any(needle in str(v).casefold() for field in fields for _, v in values_at(row, field))
    ]


def _sort_fields(state: Run, sort: Template) -> list[str]:
    found = state.render(sort)
    if found is OMIT or not found:
        return []
    return [found] if isinstance(found, str) else [field for field in found if field]


def _marks(fields: list[str], row: Row) -> list[Any]:
    return [next((value for _, value in values_at(row, field.removeprefix("-"))), None) for field in fields]


def _order(fields: list[str], marks: list[Any]) -> tuple[Any, ...]:
    keys = map(sort_key, marks)
    return tuple(_Descending(key) if field.startswith("-") else key for field, key in zip(fields, keys, strict=True))


def _after(rows: list[Row], fields: list[str], marks: list[Any]) -> list[Row]:
    last = _order(fields, marks)
    return [row for row in rows if last < _order(fields, _marks(fields, row))]


def _count(state: Run, expression: Expression | None, default: int) -> int:
    found = None if expression is None else state.value(expression)
    return default if found is None else min(max(int(found), 0), _MOST)


def _write_cursor(marks: list[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(marks)).decode().rstrip("=")


def _read_cursor(cursor: Any, length: int) -> list[Any]:
    try:
        marks = orjson.loads(base64.urlsafe_b64decode(str(cursor) + "=" * (-len(str(cursor)) % 4)))
    except (binascii.Error, ValueError):
        marks = None
    if not isinstance(marks, list) or len(marks) != length:
        raise Refusal(
            "The cursor is not one that this list gave out with the same sorting; start again without it", 400
        )
    return marks
