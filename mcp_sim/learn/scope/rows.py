"""The rows whose keys expressions give, and what these rows lead to."""

from __future__ import annotations

from collections import Counter

from mcp_sim.learn.scope.items import is_name, item_of_list, item_of_map
from mcp_sim.learn.scope.scope import Binding, Scope
from mcp_sim.learn.shapes import shape
from mcp_sim.learn.sources import at_path, literal, safe_path
from mcp_sim.learn.tables import Path, Table, singular
from schemas.rows import key_text


def name_rows(scope: Scope, tables: dict[str, Table], sources: list[str]) -> None:
    """Name the rows whose keys the sources hold, and what is reached from these."""
    for source in sources:
        for table in named_tables(scope, tables, source):
            scope.bind(singular(table.name), f"get({literal(table.name)}, {source})", table.name, 1)
    todo = list(scope.bindings)
    while todo:
        binding = todo.pop(0)
        before = len(scope.bindings)
        _follow(scope, tables, binding, sources)
        todo += scope.bindings[before:]


def named_tables(scope: Scope, tables: dict[str, Table], source: str) -> list[Table]:
    """The tables whose keys an expression gives; where several have such keys, those that it is named after."""
    found = [t for t in tables.values() if t.own_key and _names_rows(scope, source, t)]
    if len(found) < 2:
        return found
    words = source.rpartition(".")[2].lower()
    named = [t for t in found if t.key.lower() == words or singular(t.name) in words or words in singular(t.name)]
    return named or found


def _names_rows(scope: Scope, source: str, table: Table) -> bool:
    values = [v for v in scope.trusted(scope.column(source)) if is_name(v)]
    hits = [v for v in values if key_text(v) in table.rows]
    if hits and source.rpartition(".")[2] == table.key:
        return True
    return len(hits) >= 0.1 * len(values) and (len(set(hits)) > 1 or len(hits) == len(values)) and bool(hits)


def _follow(scope: Scope, tables: dict[str, Table], binding: Binding, sources: list[str]) -> None:
    here = scope.reached(binding)
    values = scope.trusted(scope.column(here))
    form = shape(values)
    if binding.table is not None and binding.depth < 4:
        for path, other in tables[binding.table].references.items():
            if "[]" not in path and path in form:
                source = f"get({literal(other)}, {safe_path(here, path)})"
                if other != binding.table:
                    scope.bind(singular(other), source, other, binding.depth + 1, here, path)
    elif binding.table is None and binding.depth < 4:
        _references_of(scope, tables, here, form, binding)
    if binding.depth >= 4:
        return
    for path, kinds in form.items():
        if kinds["object"] * 2 > sum(kinds.values()):
            for source in sources:
                item_of_map(scope, here, path, source, binding)
        if kinds["objects"]:
            for source in sources:
                item_of_list(scope, here, path, source, binding)


def _references_of(
    scope: Scope, tables: dict[str, Table], here: str, form: dict[Path, Counter[str]], binding: Binding
) -> None:
    for path in form:
        for table in named_tables(scope, tables, at_path(here, path)):
            if table.own_key:
                reach = f"get({literal(table.name)}, {safe_path(here, path)})"
                scope.bind(singular(table.name), reach, table.name, binding.depth + 1, here, path)
