"""Which rows of a table the items of lists show."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from mcp_sim.functions import as_text
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.scope import Scope
from mcp_sim.learn.tables import Row, Table
from schemas.rows import key_text
from store.matching import same

Chosen = dict[int, list[str]]
"""The keys of the rows that the items of each example show, in their order."""
_SURE = 0.98
_COMPARED = 20_000
"""Rows times lines that are compared in one example."""
_TELLING = 3
_WORDS = re.compile(r"[\w.:@-]*\w")


def alignments(scope: Scope, table: Table, target: list[Any], where: list[int]) -> Iterator[Chosen]:
    """Every way to see rows of a table in the items of lists: by their keys, else by what the items say."""
    items = [item for i in where for item in target[i]]
    if items and all(isinstance(item, dict) for item in items):
        found = _by_key(scope, table, target, where) or _by_content(scope, table, target, where, items)
        if found is not None:
            yield found
    elif all(isinstance(item, str | int | float) for item in items):
        for field in table.fields:
            known = {i: _column(scope, table, i, field) for i in where if target[i]}
            shared = sum(item in known[i] for i in known for item in target[i])
            if len(set().union(*known.values())) > 1 and shared >= _SURE * len(items):
                yield {i: _alike(scope, table, i, [{field: item} for item in target[i]]) for i in where}
        if items and all(isinstance(item, str) for item in items):
            found = _by_mention(scope, table, target, where)
            if found is not None:
                yield found


def _column(scope: Scope, table: Table, example: int, field: str) -> set[Any]:
    rows = scope.examples[example]["rows"].all(table.name)
    return {v for row in rows if isinstance(v := row.get(field), str | int | float)}


def _by_key(scope: Scope, table: Table, target: list[Any], where: list[int]) -> Chosen | None:
    if not table.own_key:
        return None
    counts: Counter[str] = Counter()
    total = 0
    for i in where:
        rows: Rows = scope.examples[i]["rows"]
        for item in target[i]:
            total += 1
            counts.update(name for name, value in item.items() if _is_key(value) and rows.get(table.name, value))
    names = [name for name, count in counts.items() if count >= _SURE * total]
    name = table.key if table.key in names else next(iter(names), None)
    if name is None:
        return None
    found: Chosen = {}
    for i in where:
        rows = scope.examples[i]["rows"]
        found[i] = [key_text(item[name]) for item in target[i] if name in item and rows.get(table.name, item[name])]
    return found if name == table.key or len({key for keys in found.values() for key in keys}) > 1 else None


def _is_key(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _by_content(scope: Scope, table: Table, target: list[Any], where: list[int], items: list[Row]) -> Chosen | None:
    names = {name for item in items for name in item}
    if not names <= set(table.fields):
        return None
    found = {i: _alike(scope, table, i, target[i]) for i in where}
    missed = sum(len(found[i]) != len(target[i]) for i in where)
    return None if missed > (1 - _SURE) * len(where) else found


def _by_mention(scope: Scope, table: Table, target: list[Any], where: list[int]) -> Chosen | None:
    """The rows that texts speak of: those that hold most of their words, and of the words of the call."""
    found: Chosen = {}
    for i in where:
        known = scope.examples[i]["rows"].all(table.name)
        if len(known) * len(target[i]) > _COMPARED:
            return None
        rows = {key_text(row[table.key]): " ".join(map(as_text, row.values())).lower() for row in known}
        asked = [str(v).lower() for v in scope.examples[i]["args"].values() if isinstance(v, str) and v]
        for text in target[i]:
            words = [w for w in _WORDS.findall(text.lower()) if len(w) > 1]
            best = max(rows, key=lambda key: _said(rows[key], words) + _said(rows[key], asked), default=None)
            if best is None or _said(rows[best], words) < _TELLING:
                return None
            found.setdefault(i, []).append(best)
            rows.pop(best)
        found.setdefault(i, [])
    return found


def _said(row: str, words: list[str]) -> int:
    """How many letters of some words a row holds."""
    return sum(len(word) for word in words if word in row)


def _alike(scope: Scope, table: Table, example: int, items: list[Row]) -> list[str]:
    """The first rows that have what the items say, each once."""
    known = scope.examples[example]["rows"].all(table.name)
    taken: set[str] = set()
    found = []
    for item in items:
        for row in known:
            key = key_text(row[table.key])
            if key not in taken and all(same(row.get(name), value) for name, value in item.items()):
                taken.add(key)
                found.append(key)
                break
    return found
