"""Wall time, outside the simulation: when sessions were made and last used. It may be wrong, and go back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EARLIEST = "2020-01-01T00:00:00Z"
"""Before this program was made: a clock, or a note of it, that says less has not been set."""


def now() -> datetime:
    """What the clock of this machine shows."""
    return datetime.now(UTC)


def written(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second; such texts are in the order of their moments."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def wall_time() -> str:
    """Now, written."""
    return written(now())


def moved(moment: datetime, days: float) -> datetime:
    """So many days later, or earlier; time ends with the years that can be written."""
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return datetime(9999, 12, 31, tzinfo=UTC) if days > 0 else datetime(1, 1, 1, tzinfo=UTC)
