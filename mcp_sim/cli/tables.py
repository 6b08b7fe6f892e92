"""Rows and differences as people read them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import orjson
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SPACE = 3
"""What a column costs besides its text."""

Row = dict[str, Any]


def cell(value: Any) -> Text:
    """A value on one line: text as it is, everything else as JSON."""
    if value is None:
        return Text("null", style="dim")
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return Text(_CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text))


def rows_table(rows: list[Row], width: int) -> RenderableType:
    """A table of rows, or one table for each row where all fields do not fit beside one another."""
    fields = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[cell(row.get(name)) for name in fields] for row in rows]
    needed = [max(map(cell_len, (name, *map(str, column)))) for name, *column in zip(fields, *cells, strict=True)]
    if sum(needed) + _SPACE * len(needed) + 1 > width:
        return Group(*(_record(row) for row in rows))
    table = Table(*fields)
    for line in cells:
        table.add_row(*line)
    return table


def changes_table(changes: Iterable[Row], start: int, end: int) -> RenderableType:
    """A table for each changed row: its fields before and after, those that differ marked."""
    return Group(*(_change(change, start, end) for change in changes))


def _record(row: Row) -> Table:
    table = Table(show_header=False)
    for name, value in row.items():
        table.add_row(name, cell(value))
    return table


def _change(change: Row, start: int, end: int) -> Table:
    before, after = change["before"], change["after"]
    title = Text(f"{change['op']} {change['entity']} ", style="bold").append_text(cell(change["key"]))
    table = Table("", "field", f"step {start}", f"step {end}", title=title, title_justify="left", title_style="")
    for name in (before or {}) | (after or {}):
        differs = name in change["fields"]
        sides = [Text() if row is None or name not in row else cell(row[name]) for row in (before, after)]
        table.add_row("*" if differs else "", name, *sides, style="bold yellow" if differs else "dim")
    return table
