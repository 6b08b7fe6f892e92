"""What later calls of a run tell of earlier ones: rows that are new, and rows that are missed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.tables import Table
from schemas.recorded import RecordedCall
from schemas.rows import key_text

Named = tuple[str, str, str]
"""A table, the key of one of its rows, and the argument that gives it."""


@dataclass
class Missing:
    """Which arguments of which tools name rows, and how it is said that there is no such row."""

    naming: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    texts: set[tuple[str, str]] = field(default_factory=set)

    def named(self, call: RecordedCall) -> Iterator[Named]:
        """The rows that a call names."""
        for name, value in call.arguments.items():
            if isinstance(value, str | int) and not isinstance(value, bool):
                for table in self.naming.get((call.tool, name), ()):
                    yield table, key_text(value), name

    def says_so(self, call: RecordedCall) -> bool:
        """Whether an answer says that there is no such row."""
        return call.is_error and any((call.tool, _pattern(call, v)) in self.texts for v in call.arguments.values())


def missing(calls: Iterable[RecordedCall], tables: Mapping[str, Table]) -> Missing:
    """Learned from calls whose arguments are keys of the initial rows, and from those whose arguments are none."""
    found = Missing()
    values: dict[tuple[str, str], list[RecordedCall]] = defaultdict(list)
    for call in calls:
        for name, value in call.arguments.items():
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                values[call.tool, name].append(call)
    for (tool, name), some in values.items():
        for table in tables.values():
            here = [call for call in some if key_text(call.arguments[name]) in table.rows]
            if not table.own_key or 2 * len(here) < len(some):
                continue
            found.naming.setdefault((tool, name), []).append(table.name)
            present = Counter(_pattern(c, c.arguments[name]) for c in here if c.is_error)
            absent = Counter(
                _pattern(c, c.arguments[name])
                for c in some
                if c.is_error and key_text(c.arguments[name]) not in table.rows
            )
            found.texts |= {(tool, text) for text in absent if present[text] <= 0.5 * len(here)}
    for place, names in found.naming.items():
        found.naming[place] = _closest(names, place[1], tables)
    return found


def _closest(names: list[str], argument: str, tables: Mapping[str, Table]) -> list[str]:
    """Of several tables with such keys, the one whose key has the name of the argument."""
    own = [name for name in names if tables[name].key == argument]
    return own or names


def _pattern(call: RecordedCall, value: Any) -> str:
    return call.text.strip().replace(str(value), "…") if value not in (None, "") else call.text.strip()


__all__ = ["Missing", "Named", "missing"]
