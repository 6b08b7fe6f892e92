"""Answers that are objects of groups of rows, with an amount each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mcp_sim.learn.queries.trials import arguments, hits, spread
from mcp_sim.learn.scope import Scope
from mcp_sim.learn.sources import attribute, literal
from mcp_sim.learn.tables import Table
from schemas.rows import key_text


def grouping(scope: Scope, tables: dict[str, Table], target: list[Any], where: list[int]) -> str | None:
    """The query whose groups are the targets."""
    best: tuple[int, int, str] | None = None
    tried = spread([i for i in where if target[i]], 40)
    for table in tables.values():
        for source in _group_forms(scope, table, target, tried):
            probe = hits(scope, source, target, tried[:3])
            if probe < min(2, len(tried)):
                continue
            right = hits(scope, source, target, tried)
            if best is None or (-right, len(source)) < best[:2]:
                best = (-right, len(source), source)
    return None if best is None else best[2]


def _group_forms(scope: Scope, table: Table, target: list[Any], tried: list[int]) -> Iterator[str]:
    keys = {key for i in tried for key in target[i]}
    rows = list(table.rows.values())
    for field in table.fields:
        known = {key_text(row.get(field)) for row in rows}
        if not keys or len(keys & known) < 0.98 * len(keys) or len(known) < 2:
            continue
        if len(known) == len(rows):
            for other in table.fields:
                if other != field:
                    yield (f"{{{attribute('r', field)}: {attribute('r', other)} for r in find({literal(table.name)})}}")
        for where in _group_conditions(scope, table, field):
            groups = f"group([r for r in find({literal(table.name)}){where}], {literal(field)})"
            for amount in [*_amounts(table), *_counted(scope, table, field)]:
                yield f"{{g.key: {amount} for g in {groups}}}"


def _low_high(scope: Scope, bounds: list[str]) -> tuple[str, str]:
    one, other = (scope.column(source) for source in bounds)
    pairs = [(x, y) for x, y in zip(one, other, strict=True) if isinstance(x, str) and isinstance(y, str)]
    turned = sum(x > y for x, y in pairs) > 0.5 * len(pairs)
    return (bounds[1], bounds[0]) if turned else (bounds[0], bounds[1])


def _counted(scope: Scope, table: Table, field: str) -> Iterator[str]:
    """How many rows of a group have the value that an argument gives."""
    for name in arguments(scope):
        values = [v for names in scope.examples if isinstance(v := names["args"].get(name), str)]
        for other in table.fields:
            known = {v for row in table.rows.values() if isinstance(v := row.get(other), str)}
            if other != field and values and sum(v in known for v in values) >= 0.3 * len(values):
                argument = attribute("args", name)
                yield f"len([r for r in g.items if not {argument} or {attribute('r', other)} == {argument}])"


def _group_conditions(scope: Scope, table: Table, field: str) -> Iterator[str]:
    """Which rows are grouped: those within bounds that arguments give for the groups, and equal to others."""
    here = attribute("r", field)
    bounds: list[str] = []
    equals: list[str] = []
    known = {str(v) for row in table.rows.values() for v in row.values() if isinstance(v, str)}
    patterns = {_pattern(row.get(field)) for row in table.rows.values()}
    for name in arguments(scope):
        argument = attribute("args", name)
        values = [v for names in scope.examples if isinstance(v := names["args"].get(name), str)]
        if values and sum(_pattern(v) in patterns for v in values) >= 0.8 * len(values):
            bounds.append(argument)
        elif values and sum(v in known for v in values) >= 0.3 * len(values):
            for other in table.fields:
                column_of = {v for row in table.rows.values() if isinstance(v := row.get(other), str)}
                if other != field and sum(v in column_of for v in values) >= 0.3 * len(values):
                    equals.append(f"(not {argument} or {attribute('r', other)} == {argument})")
    options: list[list[str]] = [[]]
    if len(bounds) >= 2:
        low, high = _low_high(scope, bounds[:2])
        options = [[f"(not {low} or {here} >= {low})", f"(not {high} or {here} <= {high})"]]
    elif bounds:
        options = [[f"{here} == {bounds[0]}"], [f"{here} >= {bounds[0]}"], [f"{here} <= {bounds[0]}"]]
    constants = [""]
    for other in table.fields:
        values_of = {v for row in table.rows.values() if isinstance(v := row.get(other), str | bool)}
        if 1 < len(values_of) <= 6:
            constants += [
                f"{attribute('r', other)} == {literal(v)}"
                for v in sorted(values_of, key=str)
                if isinstance(v, str | bool)
            ]
    for option in options:
        for constant in constants:
            for extra in ([], equals):
                if extra is equals and not equals:
                    continue
                parts = [*option, *extra, *([constant] if constant else [])]
                yield f" if {' and '.join(parts)}" if parts else ""


def _amounts(table: Table) -> Iterator[str]:
    yield "len(g.items)"
    for field in table.fields:
        values = [row.get(field) for row in table.rows.values()]
        one = attribute("r", field)
        if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            number = one
        elif all(isinstance(v, str) and v.replace(".", "", 1).isdigit() for v in values):
            number = f"float({one})"
        else:
            distinct = {v for v in values if isinstance(v, str | bool)}
            if len(distinct) <= 6:
                for value in sorted(distinct, key=str):
                    yield f"len([r for r in g.items if {one} == {literal(value)}])"
            continue
        for function in ("sum", "mean", "min", "max"):
            yield f"{function}([{number} for r in g.items])"


def _pattern(value: Any) -> str:
    """What a text looks like, its digits apart."""
    return re.sub(r"\d", "9", value) if isinstance(value, str) and any(c.isdigit() for c in value) else ""
