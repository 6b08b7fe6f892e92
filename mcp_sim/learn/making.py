"""Rows that a tool makes: which of their fields come from where, and how their keys are given."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from mcp_sim.learn.changes import Make
from mcp_sim.learn.example import Example
from mcp_sim.learn.language import UNDEFINED, column
from mcp_sim.learn.search import Found, Search
from mcp_sim.learn.sources import attribute, literal
from mcp_sim.learn.tables import POSITION, Table
from schemas.rows import key_text

_FEW = 2
_CONSTANTS = 6


def learn_makes(search: Search, examples: list[Example], sure: list[int], tables: dict[str, Table]) -> list[Make]:
    """The row that a tool makes, from rows that were new after it; else from answers that are the next key."""
    counts = Counter(table for i in sure for table, _, _ in examples[i].made)
    for name, count in counts.most_common():
        if count >= max(_FEW, 0.05 * len(sure)):
            made = _make(search, examples, sure, tables[name])
            if made is not None:
                return [made]
    if any(examples[i].seen for i in sure):
        return []
    for table in tables.values():
        told = _told(search, examples, sure, table)
        if told is not None:
            return [told]
    return []


def _make(search: Search, examples: list[Example], sure: list[int], table: Table) -> Make | None:
    rows: list[Any] = [UNDEFINED] * len(examples)
    for i in sure:
        own = [row for name, _, row in examples[i].made if name == table.name]
        if len(own) == 1:
            rows[i] = own[0]
    where = [i for i in sure if rows[i] is not UNDEFINED]
    keys = [UNDEFINED if row is UNDEFINED else row.get(table.key, UNDEFINED) for row in rows]
    key = _key(search, keys, where, table)
    if key is None:
        return None
    make = Make(table.name, table.key, {table.key: key})
    names = Counter(name for i in where for name in rows[i] if name not in (table.key, POSITION))
    for name, times in names.items():
        inner = [row.get(name, UNDEFINED) if isinstance(row, dict) else UNDEFINED for row in rows]
        found = search.field(name, inner, where) or search.field(name, inner, where, least=0.85)
        if found is not None:
            make.values[name] = found
        else:
            make.undecided[name] = times
    if POSITION in table.fields:
        make.values[POSITION] = _next_position(table)
    return make if len(make.undecided) <= 0.4 * len(names) else None


def _next_position(table: Table) -> Found:
    return Found(f"max([r.{POSITION} for r in find({literal(table.name)})]) + 1", 1, 1)


def _key(search: Search, keys: list[Any], where: list[int], table: Table) -> Found | None:
    found = search.value(keys, where, depth=0, least=0.95)
    if found is not None and len({keys[i] for i in where}) > 1:
        return found
    best: Found | None = None
    for source in [*new_keys(table), *_free(keys, where, table)]:
        values = search.scope.column(source)
        hits = sum(values[i] == keys[i] for i in where)
        if best is None or hits > best.hits:
            best = Found(source, hits, len(where))
    return best if best is not None and best.share >= 0.5 else None


def _free(keys: list[Any], where: list[int], table: Table) -> list[str]:
    """The first of a few keys that no row has."""
    counts = Counter(keys[i] for i in where)
    if len(counts) > _CONSTANTS or not counts:
        return []
    listed = literal([key for key, _ in counts.most_common()])
    return [f"first([k for k in {listed} if get({literal(table.name)}, k) is None])"]


def _told(search: Search, examples: list[Example], sure: list[int], table: Table) -> Make | None:
    """A row whose key the answer tells, and whose fields have the names of arguments."""
    names = list(dict.fromkeys(n for i in sure for n in examples[i].call.arguments))
    fields = [f for f in table.fields if f not in (table.key, POSITION)]
    shared = [n for n in names if n in fields]
    if not table.own_key or len(shared) < 0.6 * len(fields) or not shared:
        return None
    best: Found | None = None
    for source in new_keys(table):
        values = search.scope.column(source)
        hits = sum(v is not UNDEFINED and key_text(v) in str(examples[i].answer) for i in sure if (v := values[i]))
        if best is None or hits > best.hits:
            best = Found(source, hits, len(sure))
    if best is None or best.share < 0.4:
        return None
    given = {n: Found(attribute("args", n), len(sure), len(sure)) for n in shared}
    make = Make(table.name, table.key, {table.key: best, **given})
    if POSITION in table.fields:
        make.values[POSITION] = _next_position(table)
    return make


def new_keys(table: Table) -> list[str]:
    """Expressions for the key of the next row: the largest and one, or the count, written as the keys are."""
    keys = [row[table.key] for row in table.rows.values()]
    rows = f"find({literal(table.name)})"
    if all(isinstance(k, int) for k in keys):
        return [f"max([r.{table.key} for r in {rows}]) + 1", f"len({rows}) + 1", f"len({rows})"]
    texts = [k for k in keys if isinstance(k, str)]
    found = [re.fullmatch(r"(.*?)(\d+)", k) for k in texts]
    if not texts or not all(found):
        return []
    heads = {m.group(1) for m in found if m}
    if len(heads) != 1:
        return []
    head = heads.pop()
    widths = {len(m.group(2)) for m in found if m}
    digits = f"int(r.{table.key}[{len(head)}:])" if head else f"int(r.{table.key})"
    numbers = [f"max([{digits} for r in {rows}]) + 1", f"len({rows})", f"len({rows}) + 1"]
    shown = [f"pad({n}, {max(widths)})" if len(widths) == 1 else f"str({n})" for n in numbers]
    return [f"{literal(head)} + {s}" if head else s for s in shown]


__all__ = ["column", "learn_makes", "new_keys"]
