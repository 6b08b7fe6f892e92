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

_SHARE = 0.9
"""The share of answers that a query has to explain."""


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
        return _best_list(scope, tables, target, filled, [told, where] if empty is not None else [where], empty)
    if kinds == {dict}:
        found = grouping(scope, tables, filled, told)
        return None if found is None else _sure(scope, [found], empty, target, where)
    return None


def _best_list(
    scope: Scope,
    tables: dict[str, Table],
    target: list[Any],
    filled: list[Any],
    views: list[list[int]],
    empty: str | None,
) -> Found | None:
    """The best query for lists; a text may stand for a list that is empty, or for a question that is none."""
    found = [query for view in views if len(view) > 3 and (query := listing(scope, tables, filled, view))]
    return _sure(scope, found, empty, target, views[-1]) if found else None


def _sure(scope: Scope, found: list[str], empty: str | None, target: list[Any], where: list[int]) -> Found | None:
    forms = [form for one in found for form in ([one] if empty is None else _unless(one, empty))]
    best = max((_scored(scope, form, target, where) for form in forms), key=lambda f: (f.hits, -len(f.source)))
    return best if best.share >= _SHARE else None


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
