"""What recorded answers never show after a write: whatever a service does there stays unknown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from mcp_sim.learn.example import Example
from mcp_sim.learn.learner import Lesson
from mcp_sim.learn.tables import Table
from schemas.rows import key_text


def blind_spots(lesson: Lesson, examples: Iterable[Example], tables: dict[str, Table]) -> dict[str, Any]:
    """For a tool that writes, the rows that a call may change, and what of them no answer ever shows afterwards.

    Returns:
        `rows`: for every row that a call speaks of, its table, how often it is shown after a call, and the fields that
        are not; `tables`: those of which no row is ever shown then, so that nothing is known of what becomes of them.
    """
    names = {id(found["args"]): found for found in lesson.scope.examples}
    fine = [one for one in examples if not one.call.is_error and one.call.kind != "read"]
    written = [one for one in fine if id(one.names["args"]) in names]
    if not written:
        return {"rows": {}, "tables": []}
    shown: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    seen_tables: set[str] = set()
    for one in written:
        parts = [((table, key), row) for table, key, row in one.seen]
        for (table, key), fields in [*parts, *one.later.items()]:
            shown[_place(one), table, key] |= fields.keys()
            seen_tables.add(table)
    rows = {}
    for binding in lesson.scope.bindings:
        if binding.table is not None:
            spoken_of = tables[binding.table]
            found = [
                shown.get((_place(one), spoken_of.name, key_text(row[spoken_of.key])), set())
                for one in written
                if isinstance(row := names[id(one.names["args"])].get(binding.name), dict)
            ]
            known = {spoken_of.key}.union(*found)
            never = [name for name in spoken_of.fields if name not in known]
            rows[binding.name] = {
                "table": spoken_of.name,
                "shown": sum(map(bool, found)),
                "of": len(found),
                "never": never,
            }
    return {"rows": rows, "tables": [name for name in tables if name not in seen_tables]}


def _place(example: Example) -> str:
    return f"{example.call.trajectory}\0{example.call.index}"
