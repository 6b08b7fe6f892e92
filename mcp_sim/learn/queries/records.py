"""Rows as records `m` of a scope, with the parts of them that arguments and references lead to."""

from __future__ import annotations

import re

from mcp_sim.learn.scope import Binding, Scope
from mcp_sim.learn.scope.items import item_of_map
from mcp_sim.learn.shapes import scalar_paths, shape
from mcp_sim.learn.sources import at_path, literal, safe_path
from mcp_sim.learn.tables import Row, Table, singular

Place = tuple[int, tuple[Row, ...]]
"""An example, and the rows that make one record of it."""


def records(scope: Scope, parts: dict[str, Table], places: list[Place]) -> Scope:
    """One example for every record.

    Args:
        scope: the scope of the tool.
        parts: the tables whose rows make a record, by the name of the part; one without a name is the record itself.
        places: what makes each record.
    """
    examples = []
    for i, rows in places:
        if "" in parts:
            record: Row = dict(rows[0])
        else:
            record = {name: dict(row) for name, row in zip(parts, rows, strict=True)}
        examples.append({**scope.examples[i], "m": record})
    found = Scope(examples, list(range(len(examples))), variable="m", owners=[i for i, _ in places])
    arguments = [at_path("args", path) for path in scalar_paths(names["args"] for names in scope.examples)]
    for name, table in parts.items():
        here = f"m.{name}" if name else "m"
        binding = Binding(here, here, table.name, 0)
        form = shape(found.column(here))
        for path, other in table.references.items():
            if "[]" not in path and path in form and other != table.name:
                reach = f"get({literal(other)}, {safe_path(here, path)})"
                found.bind(_label(name, singular(other)), reach, other, 1)
        for path, kinds in form.items():
            if kinds["object"] * 2 > kinds.total():
                for source in arguments:
                    item_of_map(found, here, path, source, binding)
    return found


def _label(part: str, name: str) -> str:
    return f"{part}_{name}" if part else name


def plain(source: str, scope: Scope) -> str:
    """An expression over a record, said of the bare row."""
    for binding in reversed(scope.bindings):
        source = binding.source.join(re.split(rf"\bm\.{binding.name}\b", source))
    return re.sub(r"\bat\(at\(([^()]*)\), ", r"at(\1, ", source)
