"""Tools that show a few fields of a row whose key they are given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from mcp_sim.learn.example import Seen
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.tables import Row, Table
from schemas.recorded import RecordedCall
from schemas.rows import key_text
from store.matching import same

_FEWEST = 5
_SHORT = 400
"""Characters of an answer that shows a few fields."""
_MOSTLY = 0.6
"""The share of answers that have to show what the initial rows say; the rest may have been changed."""


@dataclass(frozen=True)
class Glance:
    """How a tool shows parts of rows: of which table, by which argument."""

    table: str
    key: str
    argument: str

    def seen(self, answer: Row, arguments: Row, rows: Rows) -> Iterator[Seen]:
        """The part of a row that an answer shows."""
        key = arguments.get(self.argument)
        row = rows.get(self.table, key) if _is_key(key) else None
        if row is not None and answer.keys() <= row.keys():
            yield self.table, key_text(key), {self.key: row[self.key], **answer}


def glances(runs: Iterable[Iterable[RecordedCall]], tables: Mapping[str, Table]) -> dict[str, Glance]:
    """The tools that show parts of rows: their answers hold fields of a table alone, and mostly what its rows hold."""
    shown: dict[str, list[tuple[Row, Row]]] = defaultdict(list)
    for run in runs:
        for call in run:
            answer = _fields_of(call)
            if answer:
                shown[call.tool].append((answer, call.arguments))
    found = {tool: _glance(pairs, tables) for tool, pairs in shown.items() if len(pairs) >= _FEWEST}
    return {tool: glance for tool, glance in found.items() if glance is not None}


def _glance(pairs: list[tuple[Row, Row]], tables: Mapping[str, Table]) -> Glance | None:
    for table in tables.values():
        fields = set(table.fields)
        if not table.own_key or not all(answer.keys() <= fields for answer, _ in pairs):
            continue
        for argument in dict.fromkeys(name for _, arguments in pairs for name in arguments):
            rows = [(answer, table.rows.get(key_text(a[argument]))) for answer, a in pairs if _is_key(a.get(argument))]
            told = [all(same(row.get(n), v) for n, v in answer.items()) for answer, row in rows if row is not None]
            if len(told) >= _MOSTLY * len(pairs) and sum(told) >= max(_FEWEST, _MOSTLY * len(told)):
                return Glance(table.name, table.key, argument)
    return None


def _fields_of(call: RecordedCall) -> Row | None:
    """The answer where it is a small object of plain values."""
    if call.is_error or len(call.text) > _SHORT or not (call.structured is not None or call.text.startswith("{")):
        return None
    try:
        answer: Any = orjson.loads(call.text) if call.structured is None else call.structured
    except orjson.JSONDecodeError:
        return None
    plain = isinstance(answer, dict) and not any(isinstance(v, dict | list) for v in answer.values())
    return answer if plain else None


def _is_key(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""
