"""Conditions for one error: words that are allowed, arguments that are missing, rows that are not there."""

from __future__ import annotations

import re
from collections import Counter

from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.patterns import members
from mcp_sim.learn.predicates import Predicate, bits
from mcp_sim.learn.search import Search
from mcp_sim.learn.sources import literal

_NAME = re.compile(r"\d{2}|@|[A-Za-z_-]\d|\d[A-Za-z_-]")
"""What the name of one thing looks like: that a few had an error is no rule."""


def special(search: Search, pattern: str, wanted: int, others: int) -> list[Predicate]:
    """Conditions that are made for one error."""
    quoted = quoted_words(search, pattern)
    return [
        *_enumerations(search, wanted, others, bool(quoted)),
        *quoted,
        *_missing(search, wanted, others),
        *_no_row(search),
        *nothing(search),
        *_empty(search),
        *search.balances,
        *search.blamed.get(pattern, ()),
        *_thresholds(search, wanted, others),
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
        elif not quoted and len(here) <= 6 and len(inside) >= 4 * len(here) and not any(map(_NAME.search, here)):
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


def _thresholds(search: Search, wanted: int, others: int) -> list[Predicate]:
    """Numbers that are never as small, or as large, as with this error."""
    found = []
    inside, outside = members(wanted), members(others)
    for atom in [a for a in search.atoms if a.kind == "number"][:20]:
        here = [v for i in inside if _is_number(v := atom.values[i])]
        there = [v for i in outside if _is_number(v := atom.values[i])]
        if len(here) < max(3, len(inside)) or len(there) < 3:
            continue
        known = bits([_is_number(v) for v in atom.values])
        for sign, opposite, edge in ((">=", "<", min(here)), ("<=", ">", max(here))):
            holds = [_is_number(v) and (v >= edge if sign == ">=" else v <= edge) for v in atom.values]
            true = bits(holds)
            source, negated = f"{atom.source} {sign} {edge}", f"{atom.source} {opposite} {edge}"
            found.append(Predicate(source, negated, true, known & ~true, atom.cost + 4))
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def nothing(search: Search) -> list[Predicate]:
    """None of the arguments given, or none of those that may be left out."""
    alone = search.left_out
    if len(alone) < 2:
        return []
    everything = (1 << len(search.scope.examples)) - 1
    true = everything
    for p in alone:
        true &= p.true
    whole = " or ".join(p.source.removeprefix("not ") for p in alone)
    return [Predicate(f"not ({whole})", whole, true, everything & ~true, 4)]


def _empty(search: Search) -> list[Predicate]:
    """A query of the scope that finds nothing."""
    found = []
    for binding in [b for b in search.scope.bindings if b.source.startswith("[")]:
        values = search.scope.column(binding.name)
        true = bits([v == [] for v in values])
        known = bits([isinstance(v, list) for v in values])
        found.append(Predicate(f"not {binding.name}", binding.name, true, known & ~true, 3))
    return found


def _missing(search: Search, wanted: int, others: int) -> list[Predicate]:
    """Any of several arguments missing."""
    taken = [p for p in search.left_out if p.true & wanted and not p.true & others]
    if len(taken) < 2:
        return []
    true = 0
    for p in taken:
        true |= p.true
    everything = (1 << len(search.scope.examples)) - 1
    whole = " and ".join(p.source.removeprefix("not ") for p in taken)
    return [Predicate(f"not ({whole})", whole, true, everything & ~true, 3)]
