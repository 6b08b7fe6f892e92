"""Answers that are texts of many lines, one for every row that is found."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.queries.queries import query
from mcp_sim.learn.scope import Scope
from mcp_sim.learn.search import Found, Search
from mcp_sim.learn.search.texts import text_of
from mcp_sim.learn.sources import literal
from mcp_sim.learn.tables import Table

_SEPARATORS = ("\n", "; ", ", ")
_NUMBERED = re.compile(r"(\d+)([.):]? )")
_FEWEST = 4
_BARE = 2
_SHARE = 0.9


def lines(scope: Scope, tables: dict[str, Table], target: list[Any], where: list[int]) -> Found | None:
    """Texts as lists of lines, each of which shows a row; one text may stand for no lines."""
    texts = {i: target[i] for i in where if isinstance(target[i], str)}
    if len(texts) < len(where) or len(set(texts.values())) < _FEWEST:
        return None
    for separator in _SEPARATORS:
        if not any(separator in text for text in texts.values()):
            continue
        alone = Counter(text for text in texts.values() if separator not in text)
        bare = [text for text, times in alone.most_common(_BARE) if times > 1]
        for headed in (False, True):
            for nothing in [*bare, None]:
                found = _listed(scope, tables, texts, separator, headed, nothing)
                if found is not None:
                    return found
    return None


def _listed(
    scope: Scope, tables: dict[str, Table], texts: dict[int, str], separator: str, headed: bool, bare: str | None
) -> Found | None:
    """Lines between separators, below a heading or not, numbered or not; `bare` stands for none."""
    parts = {i: text.split(separator) for i, text in texts.items() if text != bare}
    heads = {i: some[0] for i, some in parts.items()}
    rows = {i: some[headed:] for i, some in parts.items()}
    mark = _mark(rows)
    if mark is not None:
        rows = {i: [_NUMBERED.sub("", line, count=1) for line in some] for i, some in rows.items()}
    target: list[Any] = [UNDEFINED] * len(scope.examples)
    for i in texts:
        target[i] = rows.get(i, [])
    if len(rows) < _FEWEST:
        return None
    found = query(scope, tables, target, list(texts)) or query(scope, tables, target, list(rows))
    if found is None:
        return None
    search = Search(scope, tables)
    listed = search.name("listed", found.source)
    between = search.name("line_break", literal(separator)) if separator == "\n" else literal(separator)
    shown = listed if mark is None else f'[f"{{n + 1}}{mark}{{x}}" for n, x in enumerate({listed})]'
    source = f"join({shown}, {between})"
    if headed:
        head = text_of(search, heads, _SHARE) if len(heads) > 1 else None
        if head is None:
            return None
        source = f"join([{head.source}, {source}], {between})"
    if bare is not None:
        source = f"{source} if {listed} else {literal(bare)}"
    values = scope.column(source)
    hits = sum(values[i] == text for i, text in texts.items())
    return Found(source, hits, len(texts)) if hits >= _SHARE * len(texts) else None


def _mark(rows: dict[int, list[str]]) -> str | None:
    """What stands behind the numbers of lines that count from one on."""
    marks = set()
    for some in rows.values():
        for number, line in enumerate(some, 1):
            hit = _NUMBERED.match(line)
            if hit is None or int(hit[1]) != number:
                return None
            marks.add(hit[2])
    return marks.pop() if len(marks) == 1 else None
