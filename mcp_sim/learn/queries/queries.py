"""Answers that are made of many rows of a table."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.queries.groups import grouping
from mcp_sim.learn.queries.lists import listing
from mcp_sim.learn.scope import Scope
from mcp_sim.learn.search import Found
from mcp_sim.learn.sources import literal
from mcp_sim.learn.tables import Table
from store.matching import same


def query(scope: Scope, tables: dict[str, Table], target: list[Any], where: list[int]) -> Found | None:
    """A query whose result is the target."""
    plain = [i for i in where if not isinstance(target[i], str)]
    texts = Counter(target[i] for i in where if isinstance(target[i], str))
    if not plain or len(texts) > 1:
        return None
    empty = next(iter(texts), None)
    filled = list(target)
    kinds = {type(target[i]) for i in plain}
    if empty is not None:
        blank: Any = [] if list in kinds else {}
        filled = [blank if isinstance(v, str) else v for v in target]
    told = [i for i in where if not isinstance(target[i], str)] or where
    if kinds == {list}:
        found = listing(scope, tables, filled, told if len(told) > 3 else where)
    elif kinds == {dict}:
        found = grouping(scope, tables, filled, told)
    else:
        found = None
    if found is None:
        return None
    forms = [found] if empty is None else _unless(found, empty)
    best = max((_scored(scope, form, target, where) for form in forms), key=lambda f: f.hits)
    return best if best.share >= 0.9 else None


def _unless(source: str, text: str) -> list[str]:
    """The query, or a text where it finds nothing, or where none of its arguments is given."""
    given = list(dict.fromkeys(re.findall(r"not (args\.\w+|args\[[^\]]+\]) or", source)))
    forms = [f"{source} or {literal(text)}"]
    if given:
        forms.append(f"{source} if {' or '.join(given)} else {literal(text)}")
        forms.append(f"{source} or {literal(text)} if {' or '.join(given)} else {literal(text)}")
    return forms


def _scored(scope: Scope, source: str, target: list[Any], where: list[int]) -> Found:
    values = scope.column(source)
    hits = sum(values[i] is not UNDEFINED and same(values[i], target[i]) for i in where)
    return Found(source, hits, len(where))
