"""Answers that are made of many rows of a table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from mcp_sim.learn.guards.rules import nothing
from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.queries.groups import grouping
from mcp_sim.learn.queries.lists import listing
from mcp_sim.learn.queries.pairs import are_pairs, pairing
from mcp_sim.learn.scope import Scope
from mcp_sim.learn.search import Found, Search
from mcp_sim.learn.search.found import bitset
from mcp_sim.learn.sources import literal
from mcp_sim.learn.tables import Table
from store.matching import same

_TEXTS = 3
"""How many texts may stand for lists that are not given."""
_SHARE = 0.9
"""The share of answers that a query has to explain."""


def query(scope: Scope, tables: dict[str, Table], target: list[Any], where: list[int]) -> Found | None:
    """A query whose result is the target."""
    plain = [i for i in where if not isinstance(target[i], str)]
    texts = [text for text, _ in Counter(target[i] for i in where if isinstance(target[i], str)).most_common()]
    if not plain or len(texts) > _TEXTS:
        return None
    filled = list(target)
    kinds = {type(target[i]) for i in plain}
    if texts:
        blank: Any = [] if list in kinds else {}
        filled = [blank if isinstance(v, str) else v for v in target]
    search = Search(scope, tables)
    if kinds == {list}:
        views = [plain, where] if texts else [where]
        lists = pairing if are_pairs(filled, where) else listing
        found = [query for view in views if len(view) > 3 and (query := lists(scope, tables, filled, view))]
        return _sure(search, found, texts, target, where) if found else None
    if kinds == {dict}:
        groups = grouping(scope, tables, filled, plain)
        return None if groups is None else _sure(search, [groups], texts, target, where)
    return None


def _sure(search: Search, found: list[str], texts: list[str], target: list[Any], where: list[int]) -> Found | None:
    """The best of some queries; texts may stand for one that finds nothing, or for questions that are none."""
    forms = found
    if len(texts) == 1:
        forms = [form for one in found for form in _unless(one, texts[0])]
    elif texts:
        forms = [form for one in found for form in _instead(search, one, texts, target, where)]
    scored = (_scored(search.scope, form, target, where) for form in forms)
    best = max(scored, key=lambda f: (f.hits, -len(f.source)), default=None)
    return best if best is not None and best.share >= _SHARE else None


def _instead(search: Search, source: str, texts: list[str], target: list[Any], where: list[int]) -> Iterator[str]:
    """The query, with each of several texts under a condition of its own, but for the one that says it is empty."""
    asked = {text: bitset(i for i in where if target[i] == text) for text in texts}
    everything = bitset(where)
    for empty in texts:
        form = f"{source} or {literal(empty)}"
        for text in texts:
            if text == empty:
                continue
            rest = everything & ~asked[text]
            rules = [p for p in nothing(search) if not asked[text] & ~p.true and not rest & ~p.false]
            rule = next(iter(rules), None) or search.separates(asked[text], rest)
            if rule is None:
                break
            form = f"{literal(text)} if {rule.source} else {form}"
        else:
            yield form


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
