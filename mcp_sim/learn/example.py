"""A recorded call with the rows as they were before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.evidence import Named
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.tables import Row
from schemas.recorded import RecordedCall
from store.matching import same

Seen = tuple[str, str, Row]
"""A row that an answer shows: its table, its key, the fields that are shown."""


@dataclass
class Example:
    """A call, what it was called with, the rows before it, and the answer.

    Attributes:
        answer: the answer as JSON where it is an object or a list, else its text.
        seen: the rows that the answer shows.
        later: the rows that answers show after it, before the next call that may change some.
        made: the rows that are new after it, as answers show them.
        missed: for rows that it names, whether the next call that names them finds none.
        touched: the rows that it is known to change; None where that is not known.
        is_unsure: whether a write before it did nothing that is known, so that the rows may be others.
    """

    call: RecordedCall
    names: dict[str, Any]
    answer: Any
    seen: list[Seen] = field(default_factory=list)
    later: dict[tuple[str, str], Row] = field(default_factory=dict)
    made: list[Seen] = field(default_factory=list)
    missed: dict[Named, bool] = field(default_factory=dict)
    touched: set[tuple[str, str]] | None = None
    is_unsure: bool = False

    @property
    def rows(self) -> Rows:
        """The rows before the call."""
        found: Rows = self.names["rows"]
        return found

    @property
    def is_stale(self) -> bool:
        """Whether the answer shows a row that is not known, or not so: something unseen made or changed it."""
        for table, key, shown in self.seen:
            row = self.rows.get(table, key)
            if row is None or any(name in row and not same(row[name], value) for name, value in shown.items()):
                return True
        return False
