"""Conditions for one error: words that are allowed, arguments that are missing, rows that are not there."""

from __future__ import annotations

import re
from collections import Counter

from mcp_sim.learn.guards.patterns import members
from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.predicates import Predicate
from mcp_sim.learn.search import Search
from mcp_sim.learn.sources import literal


def special(search: Search, pattern: str, wanted: int, others: int) -> list[Predicate]:
    """Conditions that are made for one error."""
    quoted = quoted_words(search, pattern)
    return [
        *_enumerations(search, wanted, others, bool(quoted)),
        *quoted,
        *_missing(search, wanted, others),
        *_no_row(search),
    ]


def _enumerations(search: Search, wanted: int, others: int, quoted: bool) -> list[Predicate]:
    """`x not in [...]`: the few words that go with everything else, or with this error."""
    found: list[Predicate] = []
    inside, outside = members(wanted), members(others)
    rows = [b for b in search.scope.bindings if b.table is not None]
    for atom in search.atoms:
        if atom.kind != "text" or not outside or any(b.source.endswith(f", {atom.source})") for b in rows):
            continue
        here = {v for i in inside if isinstance(v := atom.values[i], str)}
        there = [v for i in outside if isinstance(v := atom.values[i], str)]
        allowed = Counter(there)
        if not here or here & allowed.keys() or not allowed:
            continue
        if len(allowed) <= 12 and len(there) >= 4 * len(allowed):
            words = literal(sorted(allowed))
            source, negated, cost = (
                f"{atom.source} not in {words}",
                f"{atom.source} in {words}",
                atom.cost + (3 if atom.source.startswith("args.") else len(allowed)),
            )
            holds = [not (isinstance(v, str) and v in allowed) for v in atom.values]
        elif not quoted and len(here) <= 6 and len(inside) >= 4 * len(here):
            words = literal(sorted(here))
            source, negated, cost = (
                f"{atom.source} in {words}",
                f"{atom.source} not in {words}",
                atom.cost + len(here) + 2,
            )
            holds = [isinstance(v, str) and v in here for v in atom.values]
        else:
            continue
        if "[]" in words or words.count(",") == 0:
            continue
        true = sum(1 << i for i, (h, v) in enumerate(zip(holds, atom.values, strict=True)) if h and v is not UNDEFINED)
        known = sum(1 << i for i, v in enumerate(atom.values) if v is not UNDEFINED)
        found.append(Predicate(source, negated, true, known & ~true, cost))
    return found


def quoted_words(search: Search, pattern: str) -> list[Predicate]:
    """`x not in [...]`: the words that the error itself quotes."""
    words = list(dict.fromkeys(re.findall(r"[\"'`]([^\"'`]{1,60})[\"'`](?=[\s,.;)\]]|$)", pattern)))
    if len(words) < 2:
        return []
    found = []
    for atom in search.atoms:
        if atom.kind != "text" or not any(v in words for v in atom.values if isinstance(v, str)):
            continue
        holds = [not (isinstance(v, str) and v in words) for v in atom.values]
        true = sum(1 << i for i, (h, v) in enumerate(zip(holds, atom.values, strict=True)) if h and v is not UNDEFINED)
        known = sum(1 << i for i, v in enumerate(atom.values) if v is not UNDEFINED)
        source = f"{atom.source} not in {literal(words)}"
        found.append(Predicate(source, f"{atom.source} in {literal(words)}", true, known & ~true, atom.cost - 1))
    return found


def _no_row(search: Search) -> list[Predicate]:
    """None of the rows that one argument may name."""
    rows = [b.name for b in search.scope.bindings if b.depth == 1 and b.table is not None]
    if len(rows) < 2:
        return []
    columns = [search.scope.column(name) for name in rows]
    everything = (1 << len(search.scope.examples)) - 1
    true = sum(1 << i for i in range(len(search.scope.examples)) if not any(column[i] for column in columns))
    whole = " or ".join(rows)
    return [Predicate(f"not ({whole})", whole, true, everything & ~true, 4)]


def _missing(search: Search, wanted: int, others: int) -> list[Predicate]:
    """Any of several arguments missing."""
    alone = [
        p
        for p in search.predicates
        if re.fullmatch(r"not args(\.\w+|\[[^\]]+\])|args(\.\w+|\[[^\]]+\]) is None", p.source)
    ]
    taken = [p for p in alone if p.true & wanted and not p.true & others and p.source.startswith("not ")]
    if len(taken) < 2:
        return []
    true = 0
    for p in taken:
        true |= p.true
    everything = (1 << len(search.scope.examples)) - 1
    whole = " and ".join(p.source.removeprefix("not ") for p in taken)
    return [Predicate(f"not ({whole})", whole, true, everything & ~true, 3)]
