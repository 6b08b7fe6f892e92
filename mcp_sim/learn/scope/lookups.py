"""Rows that are found by the values of their fields, where no argument is their key."""

from __future__ import annotations

import re
from typing import Any

from mcp_sim.functions import FUNCTIONS
from mcp_sim.learn.language import column
from mcp_sim.learn.scope.rows import named_tables
from mcp_sim.learn.scope.scope import Scope
from mcp_sim.learn.shapes import shape
from mcp_sim.learn.sources import at_path, literal
from mcp_sim.learn.tables import Path, Table, leaves, singular
from schemas.rows import key_text

at = FUNCTIONS["at"]


def name_lookups(scope: Scope, tables: dict[str, Table], sources: list[str], texts: list[str]) -> None:
    """Name the row whose fields equal the arguments, where no argument is its key."""
    keyed = {t.name for source in sources for t in named_tables(scope, tables, source)}
    for table in tables.values():
        if table.name in keyed:
            continue
        if not keyed:
            _holder(scope, table, sources)
        conditions = []
        plain: list[str] | None = []
        columns = _columns(table)
        taken: set[Path] = set()
        for source in sources:
            values = {v for v in scope.trusted(scope.column(source)) if isinstance(v, str) and v}
            path = max(columns, key=lambda p: (_overlap(values, columns[p]), _akin(p, source)), default=None)
            if path is None or not values or _overlap(values, columns[path]) < 0.6 or path in taken:
                continue
            taken.add(path)
            conditions.append(f"{at_path('r', path)} == {source}")
            if len(path) == 1 and path[0].isidentifier() and plain is not None:
                plain.append(f"{path[0]}={source}")
            else:
                plain = None
        if not conditions:
            continue
        source = f"first([r for r in find({literal(table.name)}) if {' and '.join(conditions)}])"
        if plain:
            source = f"first(find({literal(table.name)}, {', '.join(plain)}))"
        found = list(zip(column(source, scope.examples), texts, strict=True))
        shown = [isinstance(v, dict) and _is_shown(v, table, text) for v, text in scope.trusted(found)]
        if sum(shown) >= 0.8 * len(shown):
            scope.bind(singular(table.name), source, table.name, 1)


def _holder(scope: Scope, table: Table, sources: list[str]) -> None:
    """Name the row that has an argument among the keys of one of its maps."""
    rows = list(table.rows.values())
    maps = [path for path, kinds in shape(rows).items() if kinds["object"] * 2 > kinds.total()]
    for source in sources:
        values = {v for v in scope.trusted(scope.column(source)) if isinstance(v, str)}
        for path in maps:
            keys = {key for row in rows for key in at(row, *path) or {}}
            if values and len(keys) > 3 * len(next(iter(rows))) and len(values & keys) >= 0.8 * len(values):
                holds = f"{source} in (at(r, {', '.join(map(literal, path))}) or {{}})"
                found = f"first([r for r in find({literal(table.name)}) if {holds}])"
                scope.bind(singular(table.name), found, table.name, 1)
                return


def _is_shown(row: dict[str, Any], table: Table, text: str) -> bool:
    """Whether an answer shows a row: its key, or most of its texts."""
    if table.own_key and key_text(row[table.key]) in text:
        return True
    parts = [v for v in row.values() if isinstance(v, str) and v]
    return bool(parts) and sum(v in text for v in parts) >= 0.8 * len(parts)


def _columns(table: Table) -> dict[Path, set[str]]:
    """The texts that stand at each path of a table's rows, its key apart."""
    found: dict[Path, set[str]] = {}
    for row in table.rows.values():
        for path, value in leaves(row):
            if isinstance(value, str) and "[]" not in path and path != (table.key,) and len(path) <= 3:
                found.setdefault(path, set()).add(value)
    return {path: values for path, values in found.items() if len(values) > 1}


def _overlap(values: set[str], others: set[str]) -> float:
    return round(len(values & others) / len(values), 1) if values else 0.0


def _akin(path: Path, source: str) -> float:
    """How much a path and an expression look alike by their words."""
    words = set(re.findall(r"[a-z0-9]+", source.lower().replace("_", " ")))
    return sum(w in words for part in path[-1:] for w in re.findall(r"[a-z0-9]+", part.lower().replace("_", " ")))
