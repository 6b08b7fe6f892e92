"""Rows, the moment at which they are true, and finding one by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
Rows = dict[str, list[Row]]

NOW = datetime(2030, 5, 6, 8, tzinfo=UTC)


def at(days: float = 0, hours: float = 0, minutes: float = 0) -> str:
    """The moment so long after the start of the world, or before it."""
    return f"{NOW + timedelta(days=days, hours=hours, minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def day(days: int) -> str:
    """The date so many days after the start of the world, or before it."""
    return at(days)[:10]


def named(rows: list[Row], name: str) -> Row:
    """The row of this name."""
    return next(row for row in rows if row["name"] == name)


def key(rows: list[Row], name: str | None) -> str | None:
    """The key of the row of this name."""
    return None if name is None else str(named(rows, name)["id"])


def amounts(supplies: list[Row], lines: Sequence[tuple[str, int]]) -> list[Row]:
    """Supply lines, from names to keys."""
    return [{"supply_id": key(supplies, name), "quantity": quantity} for name, quantity in lines]
