"""SQLite files of other programs: their tables as rows, with the keys and references that they declare."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

MAGIC = b"SQLite format 3\0"
"""How such a file begins."""
_MOST = 500_000
_TABLES = """
    SELECT name FROM sqlite_master
    WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY rowid
"""


class Relation(NamedTuple):
    """One table of a file.

    Attributes:
        rows: its rows in the order of the file, columns by name.
        key: the column that is its primary key; None where there is none, or it has several columns.
        references: the columns that are declared to name rows of another table by its key.
        is_cut: whether it has more rows than are read.
    """

    rows: list[dict[str, Any]]
    key: str | None
    references: dict[str, str]
    is_cut: bool


def read_relations(path: Path) -> dict[str, Relation]:
    """The tables of a SQLite file by name; nothing is written to it.

    Raises:
        ValueError: it is no SQLite file, or a damaged one.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return {name: _relation(db, name) for (name,) in db.execute(_TABLES).fetchall()}
    except sqlite3.Error as error:
        raise ValueError(str(error)) from None


def _relation(db: sqlite3.Connection, name: str) -> Relation:
    columns = {row["name"]: row for row in db.execute(f"PRAGMA table_info({_quoted(name)})")}
    keys = [column for column, row in columns.items() if row["pk"]]
    references = dict(_references(db, name))
    found = db.execute(f"SELECT * FROM {_quoted(name)}").fetchmany(_MOST + 1)
    rows = [dict(row) for row in found[:_MOST]]
    for column, declared in columns.items():
        _put_right(rows, column, str(declared["type"]).upper())
    return Relation(rows, keys[0] if len(keys) == 1 else None, references, len(found) > _MOST)


def _references(db: sqlite3.Connection, name: str) -> Iterator[tuple[str, str]]:
    """(column, table) of every foreign key of one column that leads to a primary key."""
    found = db.execute(f"PRAGMA foreign_key_list({_quoted(name)})").fetchall()
    for row in found:
        alone = sum(other["id"] == row["id"] for other in found) == 1
        keys = [column["name"] for column in db.execute(f"PRAGMA table_info({_quoted(row['table'])})") if column["pk"]]
        if alone and len(keys) == 1 and row["to"] in (None, keys[0]):
            yield row["from"], row["table"]


def _put_right(rows: list[dict[str, Any]], column: str, declared: str) -> None:
    """What SQLite has no type for: truth values, JSON, and bytes as text."""
    values = [row[column] for row in rows if row[column] is not None]
    if "BOOL" in declared and all(value in (0, 1) for value in values):
        _change(rows, column, bool)
    elif values and all(isinstance(value, str) and value[:1] in ("{", "[") for value in values):
        try:
            read = [json.loads(value) for value in values]
        except ValueError:
            return
        parsed = iter(read)
        _change(rows, column, lambda _: next(parsed))
    elif any(isinstance(value, bytes) for value in values):
        _change(rows, column, _as_text)


def _change(rows: list[dict[str, Any]], column: str, change: Any) -> None:
    for row in rows:
        if row[column] is not None:
            row[column] = change(row[column])


def _as_text(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
