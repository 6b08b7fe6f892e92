"""The names that a tool's effect can speak of: its arguments, the rows they lead to, and the items of their lists."""

from __future__ import annotations

from typing import Any

from mcp_sim.learn.scope.lookups import name_lookups
from mcp_sim.learn.scope.loops import argument_loops, name_records, row_loops
from mcp_sim.learn.scope.rows import name_rows
from mcp_sim.learn.scope.scope import Scope
from mcp_sim.learn.shapes import scalar_paths
from mcp_sim.learn.sources import at_path, literal
from mcp_sim.learn.tables import Table, singular


def discover(tables: dict[str, Table], examples: list[dict[str, Any]], sure: list[int], texts: list[str]) -> Scope:
    """The scope of a tool, whose answers were these."""
    scope = Scope(examples, sure)
    sources = [at_path("args", path) for path in scalar_paths(names["args"] for names in examples)]
    sources += [
        at_path("args", (name,))
        for name in dict.fromkeys(n for names in examples for n in names["args"])
        if at_path("args", (name,)) not in sources
        and any(isinstance(names["args"].get(name), str | int) for names in examples)
    ]
    for table in tables.values():
        if table.is_single:
            scope.bind(singular(table.name), f"get({literal(table.name)}, 1)", table.name, 1)
    name_lookups(scope, tables, sources, texts)
    name_rows(scope, tables, sources)
    for loop in [*argument_loops(scope), *row_loops(scope)]:
        if not loop.scope.examples:
            continue
        name_records(tables, scope, loop)
        scope.loops[loop.name] = loop
    return scope
