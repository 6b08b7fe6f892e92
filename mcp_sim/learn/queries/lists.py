"""Answers that are lists of many rows of a table: filtered, sorted, cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mcp_sim.learn.language import column
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.queries.conditions import WORDS, Condition, any_of, constant, of_argument
from mcp_sim.learn.queries.trials import arguments, hits, spread
from mcp_sim.learn.scope import Scope
from mcp_sim.learn.sources import attribute, literal
from mcp_sim.learn.tables import POSITION, Row, Table
from schemas.rows import key_text
from store.matching import same

_LOOKED_AT = 150


def listing(scope: Scope, tables: dict[str, Table], target: list[Any], where: list[int]) -> str | None:
    """The query whose rows are the targets: filtered, sorted, cut."""
    best: tuple[int, int, str] | None = None
    for table in tables.values():
        for project, chosen in _alignments(scope, table, target, where):
            source, right, cost = _list(scope, table, project, chosen, target, where)
            if best is None or (-right, cost) < best[:2]:
                best = (-right, cost, source)
    return None if best is None else best[2]


def _alignments(
    scope: Scope, table: Table, target: list[Any], where: list[int]
) -> Iterator[tuple[str, dict[int, list[str]]]]:
    """How the items of the lists show rows: an expression over `r`, and the keys of the rows shown."""
    items = [item for i in where for item in target[i]]
    if not items:
        return
    fields = table.fields
    if all(isinstance(item, dict) for item in items):
        names = list(dict.fromkeys(name for item in items for name in item))
        if not set(names) <= set(fields):
            return
        chosen = {i: _keys(scope, table, i, target[i], names) for i in where}
        if sum(None in keys for keys in chosen.values()) > 0.02 * len(where):
            return
        hidden = [f for f in fields if f not in names]
        source = f"without(r, {', '.join(map(literal, hidden))})" if hidden else "r"
        yield source, {i: [k for k in keys if k is not None] for i, keys in chosen.items()}
    elif all(isinstance(item, str | int | float) for item in items):
        for field in fields:
            known = {v for row in table.rows.values() if isinstance(v := row.get(field), str | int | float)}
            if len(known) > 1 and sum(item in known for item in items) >= 0.98 * len(items):
                chosen = {i: _keys(scope, table, i, [{field: item} for item in target[i]], [field]) for i in where}
                yield attribute("r", field), {i: [k for k in ks if k is not None] for i, ks in chosen.items()}


def _keys(scope: Scope, table: Table, example: int, items: list[Row], names: list[str]) -> list[str | None]:
    rows: Rows = scope.examples[example]["rows"]
    if table.key in names:
        return [key_text(item.get(table.key)) if rows.get(table.name, item.get(table.key)) else None for item in items]
    found: list[str | None] = []
    taken: set[str] = set()
    known = rows.all(table.name)
    for item in items:
        row = next(
            (
                r
                for r in known
                if key_text(r[table.key]) not in taken and all(same(r.get(n), item.get(n)) for n in names)
            ),
            None,
        )
        found.append(None if row is None else key_text(row[table.key]))
        if row is not None:
            taken.add(key_text(row[table.key]))
    return found


def _list(
    scope: Scope, table: Table, project: str, chosen: dict[int, list[str]], target: list[Any], where: list[int]
) -> tuple[str, int, int]:
    telling = [i for i in where if chosen[i]]
    looked = spread(telling, _LOOKED_AT)
    conditions = list(_sound(scope, table, chosen, looked))
    order = _order(scope, table, chosen, looked)
    tried = spread(where, _LOOKED_AT)
    limit = _limit(scope, table, conditions, order, chosen, tried)
    source = _source(table, project, conditions, order, limit)
    right = hits(scope, source, target, tried)
    for condition in sorted(conditions, key=lambda c: -c.cost):
        fewer = [c for c in conditions if c is not condition]
        shorter = _source(table, project, fewer, order, limit)
        kept = hits(scope, shorter, target, tried)
        if kept >= right:
            conditions, source, right = fewer, shorter, kept
    return source, right, len(source)


def _sound(scope: Scope, table: Table, chosen: dict[int, list[str]], looked: list[int]) -> Iterator[Condition]:
    """Every condition that all shown rows fulfil, and some other rows do not."""
    shown: list[tuple[Row, Row]] = []
    for i in looked:
        names = scope.examples[i]
        for key in chosen[i][:40]:
            row = names["rows"].get(table.name, key)
            if row is not None:
                shown.append((row, names["args"]))
    for name in arguments(scope):
        given = [(r, a) for r, a in shown if a.get(name)]
        if len(given) < 2:
            continue
        words = []
        for condition in of_argument(table, name):
            if all(condition.holds(r, a) for r, a in given):
                yield condition
            elif condition.cost == WORDS and any(condition.holds(r, a) for r, a in given):
                words.append(condition)
        joined = any_of(words, given, name)
        if joined is not None:
            yield joined
    for field in table.fields:
        values = Counter(key_text(r.get(field)) for r, _ in shown)
        others = {key_text(r.get(field)) for r in table.rows.values()}
        if len(values) == 1 and 1 < len(others) <= 20 and len(shown) >= 10:
            value = next(r.get(field) for r, _ in shown)
            if isinstance(value, str | bool):
                yield constant(field, value)


def _order(scope: Scope, table: Table, chosen: dict[int, list[str]], looked: list[int]) -> str | None:
    """The field that the rows are sorted by; None is the order of keys."""
    candidates: list[str | None] = [None, POSITION] if POSITION in table.fields else [None]
    candidates += [sign + field for field in table.fields for sign in ("", "-") if field != POSITION]
    for candidate in candidates:
        if all(_sorted_so(scope, table, candidate, chosen[i], i) for i in looked):
            return candidate
    return None


def _sorted_so(scope: Scope, table: Table, order: str | None, keys: list[str], example: int) -> bool:
    rows: Rows = scope.examples[example]["rows"]
    marks: list[Any] = [(rows.get(table.name, key) or {}).get((order or table.key).removeprefix("-")) for key in keys]
    try:
        return marks == sorted(marks, reverse=bool(order and order.startswith("-")))
    except TypeError:
        return False


def _limit(
    scope: Scope,
    table: Table,
    conditions: list[Condition],
    order: str | None,
    chosen: dict[int, list[str]],
    looked: list[int],
) -> str | None:
    longest = max((len(chosen[i]) for i in looked), default=0)
    full = [i for i in looked if len(chosen[i]) == longest]
    if len(full) < 2:
        return None
    source = _source(table, "r", conditions, order, None)
    values = column(f"len({source})", [scope.examples[i] for i in full])
    return str(longest) if any(isinstance(v, int) and v > longest for v in values) else None


def _source(table: Table, project: str, conditions: list[Condition], order: str | None, limit: str | None) -> str:
    by: dict[str | None, list[Condition]] = {}
    for condition in conditions:
        by.setdefault(condition.argument, []).append(condition)
    parts = [c.source for c in by.pop(None, [])]
    for name, some in by.items():
        joined = " and ".join(c.source for c in some)
        parts.append(f"(not {attribute('args', name or '')} or {joined if len(some) == 1 else f'({joined})'})")
    rows = f"find({literal(table.name)})"
    if order is not None:
        rows = f"sorted({rows}, {literal(order.removeprefix('-'))}{', True' if order.startswith('-') else ''})"
    where = f" if {' and '.join(parts)}" if parts else ""
    listed = f"[{project} for r in {rows}{where}]"
    return listed if limit is None else f"{listed}[:{limit}]"
