"""The rows of a session as they stand in the SQLite file: plain SQL, written from the description of its tables."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Rows = dict[tuple[str, str], Row]
"""Rows by entity and key."""
Changes = dict[tuple[str, str], Row | None]
"""What became of rows: a new row whole, of a changed one the fields that differ, None for one that is gone."""

_VISIBLE = """
    SELECT entity, key, body FROM (
        SELECT version.entity, version.key, version.body, row_number() OVER (
            PARTITION BY version.entity, version.key ORDER BY ancestry.depth, version.step DESC
        ) AS place
        FROM session
        JOIN ancestry ON ancestry.layer = session.layer
        JOIN version ON version.layer = ancestry.ancestor AND version.step <= ancestry.upto
        WHERE session.id = ?
    )
    WHERE place = 1 AND body IS NOT NULL
    ORDER BY entity, key
"""
_STEPS = """
    SELECT step.n, step.tool, step.is_error, step.changes
    FROM session JOIN step ON step.layer = session.layer
    WHERE session.id = ?
    ORDER BY step.n
"""


def read_rows(file: Path, session: str = "default") -> Rows:
    """Every row that a session holds now."""
    return {(entity, key): json.loads(body) for entity, key, body in _select(file, _VISIBLE, session)}


def read_steps(file: Path, session: str = "default") -> list[tuple[int, str, bool, int]]:
    """Every step of a session: its number, its tool, whether it was refused, and how many rows it changed."""
    return [(n, tool, bool(error), changes) for n, tool, error, changes in _select(file, _STEPS, session)]


def read_sessions(file: Path) -> set[str]:
    """The ids of all sessions."""
    return {name for (name,) in _select(file, "SELECT id FROM session")}


def differences(before: Rows, after: Rows) -> Changes:
    """What happened between two readings."""
    changes: Changes = dict.fromkeys(before.keys() - after.keys())
    for place, row in after.items():
        was = before.get(place, {})
        if row != was:
            changes[place] = {field: value for field, value in row.items() if field not in was or was[field] != value}
    return changes


def _select(file: Path, sql: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as db:
        return db.execute(sql, values).fetchall()
