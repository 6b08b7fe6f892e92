"""Append-only migrations: each brings a database from one version to the next, and none is ever changed again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select, update

from store.errors import StoreError
from store.tables import metadata, store

_TRIGGERS = Path(__file__).parent / "triggers"
_VIEWS = Path(__file__).parent / "views.sql"
_NEEDED = (3, 38)
"""SQLite that reads JSON by `->`."""


def m001_layers(db: Connection) -> None:
    """Worlds, rules, layers, versions, steps, sessions, the triggers that guard them, the views that show them."""
    metadata.create_all(db)
    _run(db, (_TRIGGERS / f"{db.dialect.name}.sql").read_text())
    views = _VIEWS.read_text()
    _run(db, views.replace("::jsonb", "") if db.dialect.name == "sqlite" else views)


def m002_regimes(db: Connection) -> None:
    """Sessions whose perturbations are not those of their world."""
    if all(column["name"] != "regimes" for column in inspect(db).get_columns("session")):
        db.exec_driver_sql("ALTER TABLE session ADD COLUMN regimes TEXT")


def _run(db: Connection, script: str) -> None:
    for statement in script.split("\n--;"):
        if statement.strip():
            db.exec_driver_sql(statement if db.dialect.name == "sqlite" else statement.replace("%", "%%"))


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (m001_layers, m002_regimes)


def migrate(db: Connection) -> None:
    """Bring the database to the newest version, inside the caller's transaction.

    Raises:
        StoreError: the database was written by a newer mcp-sim, or by another program, or its SQLite is too old.
    """
    if db.dialect.name == "sqlite" and sqlite3.sqlite_version_info < _NEEDED:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old; mcp-sim needs 3.38 or newer")
    tables = inspect(db).get_table_names()
    if tables and "store" not in tables:
        raise StoreError(f"this database belongs to another program (it holds {', '.join(sorted(tables)[:3])})")
    found = db.execute(select(store.c.version)).scalar() if tables else None
    version = found or 0
    if version > len(MIGRATIONS):
        raise StoreError(
            f"this database has version {version}, this mcp-sim knows up to {len(MIGRATIONS)}; upgrade mcp-sim"
        )
    for migration in MIGRATIONS[version:]:
        migration(db)
    if found is None:
        db.execute(insert(store).values(version=len(MIGRATIONS)))
    elif version < len(MIGRATIONS):
        db.execute(update(store).values(version=len(MIGRATIONS)))
