"""Texts of several pieces: lines and parts of lines, each by itself, some of them only now and then."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.patterns import clusters
from mcp_sim.learn.search.cases import Case, cased, told_apart
from mcp_sim.learn.search.found import Found, bitset
from mcp_sim.learn.search.texts import text_of
from mcp_sim.learn.sources import literal

if TYPE_CHECKING:
    from mcp_sim.learn.search.search import Search

_SEPARATORS = ("\n", " | ", "; ", ". ", ", ", ": ", " (")
_MOST = 16
_FORMS = 6


def pieced(search: Search, texts: dict[int, str], least: float) -> Found | None:
    """The pieces of texts between separators, each found by itself."""
    for separator in _SEPARATORS:
        parts = {i: text.split(separator) for i, text in texts.items()}
        sizes = {len(some) for some in parts.values()}
        if max(sizes) == 1 or max(sizes) > _MOST:
            continue
        pieces = _columns(parts) if len(sizes) == 1 else _mixed(parts, min(sizes))
        sources = None if pieces is None else _sources(search, pieces, list(texts), least)
        if sources is None:
            continue
        source = _joined(search, sources, separator)
        values = search.scope.column(source)
        hits = sum(values[i] == text for i, text in texts.items())
        if hits >= least * len(texts):
            return Found(source, hits, len(texts))
    return None


def in_forms(search: Search, texts: dict[int, str], least: float) -> Found | None:
    """Texts of a few forms, each with a condition."""
    kinds = sorted(clusters(texts).values(), key=len, reverse=True)
    if not 1 < len(kinds) <= _FORMS:
        return None
    target: list[Any] = [UNDEFINED] * len(search.scope.examples)
    for i, text in texts.items():
        target[i] = text
    options = []
    for kind in kinds:
        some = {i: texts[i] for i in kind}
        words = set(some.values())
        found = literal(words.pop()) if len(words) == 1 else None
        if found is None:
            told = text_of(search, some, 1.0) or pieced(search, some, 1.0)
            if told is None:
                return None
            found = told.source
        values = search.scope.column(found)
        options.append(Case(_wrapped(found), bitset(i for i in texts if values[i] == texts[i])))
    return cased(search, options, target, list(texts), least)


@dataclass
class _Piece:
    """A piece of texts, as it stands in the examples that have it."""

    shown: dict[int, str] = field(default_factory=dict)


def _columns(parts: dict[int, list[str]]) -> list[_Piece]:
    size = len(next(iter(parts.values())))
    return [_Piece({i: some[k] for i, some in parts.items()}) for k in range(size)]


def _mixed(parts: dict[int, list[str]], size: int) -> list[_Piece] | None:
    """Pieces that every text begins with, and slots behind them: as many of the first as can be."""
    for head in range(size, -1, -1):
        slots = _slots({i: some[head:] for i, some in parts.items()})
        if slots is not None:
            return [*(_columns({i: some[:head] for i, some in parts.items()}) if head else []), *slots]
    return None


def _slots(parts: dict[int, list[str]]) -> list[_Piece] | None:
    """Pieces of one form make a slot; slots of which every text has just one are one slot."""
    flat: dict[int, str] = {}
    places: dict[int, tuple[int, int]] = {}
    for i, some in parts.items():
        for k, text in enumerate(some):
            places[len(flat)] = (i, k)
            flat[len(flat)] = text
    slots: list[_Piece] = []
    order: dict[int, float] = {}
    for pattern in clusters(flat).values():
        slot = _Piece()
        for at in pattern:
            i, k = places[at]
            if i in slot.shown:
                return None
            slot.shown[i] = parts[i][k]
        order[id(slot)] = sum(places[at][1] for at in pattern) / len(pattern)
        slots.append(slot)
    if len(slots) > _MOST:
        return None
    return _merged(_sorted(slots, parts), set(parts))


def _sorted(slots: list[_Piece], parts: dict[int, list[str]]) -> list[_Piece]:
    """The slots in an order in which they stand in every text, as far as there is one."""
    before: dict[int, set[int]] = defaultdict(set)
    for i, some in parts.items():
        here = [k for text in some for k, slot in enumerate(slots) if slot.shown.get(i) == text]
        for place, k in enumerate(here):
            before[k].update(here[:place])
    left, found = set(range(len(slots))), list[_Piece]()
    while left:
        free = [k for k in sorted(left) if not before[k] & left] or sorted(left)[:1]
        left.discard(free[0])
        found.append(slots[free[0]])
    return found


def _merged(slots: list[_Piece], everything: set[int]) -> list[_Piece]:
    found: list[_Piece] = []
    place = 0
    while place < len(slots):
        for size in range(4, 1, -1):
            some = slots[place : place + size]
            shown = [set(slot.shown) for slot in some]
            if len(some) == size and sum(map(len, shown)) == len(everything) and set().union(*shown) == everything:
                found.append(_Piece({i: text for slot in some for i, text in slot.shown.items()}))
                place += size
                break
        else:
            found.append(slots[place])
            place += 1
    return found


def _sources(
    search: Search, pieces: list[_Piece], where: list[int], least: float
) -> list[tuple[str, str | None]] | None:
    """Each piece as an expression, with the condition under which it is there."""
    found: list[tuple[str, str | None]] = []
    for piece in pieces:
        here = list(piece.shown)
        target: list[Any] = [UNDEFINED] * len(search.scope.examples)
        for i in here:
            target[i] = piece.shown[i]
        told = search.value(target, here, depth=1, least=least)
        if told is None:
            return None
        condition = None
        if len(here) < len(where):
            rule = told_apart(search, bitset(here), bitset(set(where) - set(here)))
            if rule is None:
                return None
            condition = rule.source
        found.append((told.source, condition))
    return found


def _joined(search: Search, sources: list[tuple[str, str | None]], separator: str) -> str:
    if all(condition is None for _, condition in sources):
        return f"join([{', '.join(source for source, _ in sources)}], {literal(separator)})"
    listed = ", ".join(
        source if condition is None else f"({_wrapped(source)} if {condition} else None)"
        for source, condition in sources
    )
    between = search.name("line_break", literal(separator)) if separator == "\n" else literal(separator)
    return f"join([s for s in [{listed}] if s is not None], {between})"


def _wrapped(source: str) -> str:
    return f"({source})" if " if " in source and not source.startswith(("f", '"')) else source
