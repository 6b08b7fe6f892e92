"""When a call is refused, and with which words: an ordered list of conditions learned from examples."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.guards.balance import balances
from mcp_sim.learn.guards.blame import blamed
from mcp_sim.learn.guards.rules import special
from mcp_sim.learn.guards.wording import error_text
from mcp_sim.learn.patterns import HOLE, clusters, members
from mcp_sim.learn.predicates import Predicate
from mcp_sim.learn.search import Search

_RARE = 3
_FEW = 6
_TRIED = 8
_SIMPLE = 9
"""What a condition may cost that explains fewer than `_RARE` errors."""
_AMOUNTS = re.compile(
    r"insufficient|enough|exceed|too (much|many|low|high|few)|less than|more than|greater|at (least|most)"
    r"|m(ax|in)imum|limit|that (much|many|few)|only \d",
    re.I,
)


@dataclass
class Guard:
    """A condition under which a call ends with an error.

    Attributes:
        condition: the expression under which it does.
        error: the text, as a template.
        support: the examples that show it.
        total: the examples with this text.
        wrong: the examples in which the condition holds and something else happened.
    """

    condition: str
    negated: str
    error: str
    support: int
    total: int
    wrong: int
    rivals: list[str] = field(default_factory=list)


@dataclass
class Unexplained:
    """Errors for which no condition was found."""

    text: str
    examples: list[int]


def learn_guards(
    search: Search, texts: dict[int, str], fine: list[int]
) -> tuple[list[Guard], list[Unexplained], list[int]]:
    """The guards in order, what they leave unexplained, and the examples that no guard should stop."""
    patterns = clusters(texts, {i: _values(search, i) for i in texts})
    search.balances = balances(search, fine)
    search.blamed = {pattern: blamed(search, fills, fine) for pattern, fills in patterns.items() if HOLE in pattern}
    classes = {pattern: sum(1 << i for i in rows) for pattern, rows in patterns.items()}
    remaining = sum(classes.values()) | sum(1 << i for i in fine)
    guards: list[Guard] = []
    unexplained: list[Unexplained] = []
    open_classes = dict(classes)
    split = False
    while open_classes:
        choice = _best(search, open_classes, remaining)
        if choice is None and not split:
            split = True
            patterns, open_classes = _finer(patterns, open_classes)
            classes |= open_classes
            continue
        if choice is None and (odd := _in_the_way(search, open_classes, remaining)) is not None:
            unexplained.append(Unexplained(odd.replace(HOLE, "…"), members(open_classes[odd] & remaining)))
            remaining &= ~open_classes.pop(odd)
            continue
        if choice is None:
            for pattern, mask in open_classes.items():
                unexplained.append(Unexplained(pattern.replace(HOLE, "…"), members(mask & remaining)))
            break
        pattern, rule, rivals = choice
        stopped = rule.true & remaining
        wrong = (stopped & ~open_classes[pattern]).bit_count()
        support = (stopped & open_classes[pattern]).bit_count()
        error = error_text(search, pattern, patterns[pattern], rule, members(stopped & open_classes[pattern]))
        guards.append(Guard(rule.source, rule.negated, error, support, classes[pattern].bit_count(), wrong, rivals))
        remaining &= ~stopped
        open_classes = {p: m & remaining for p, m in open_classes.items() if m & remaining}
    return guards, unexplained, members(remaining & sum(1 << i for i in fine))


def _in_the_way(search: Search, classes: dict[str, int], remaining: int) -> str | None:
    """The error without which others can be explained; the rarest one, if any."""
    if not 1 < len(classes) <= _TRIED:
        return None
    for pattern, mask in sorted(classes.items(), key=lambda c: (c[1] & remaining).bit_count()):
        others = {p: m for p, m in classes.items() if p != pattern}
        if _best(search, others, remaining & ~mask) is not None:
            return pattern
    return None


def _values(search: Search, example: int) -> list[str]:
    """The texts and numbers of a call, and of the rows that it leads to, as a text may hold them."""
    names = search.scope.examples[example]
    rows = [names.get(b.name) for b in search.scope.bindings]
    parts = [names["args"], *(row for row in rows if isinstance(row, dict))]
    found = [str(v) for part in parts for v in part.values() if isinstance(v, str | int) and not isinstance(v, bool)]
    return [text for text in found if len(text) > 2]


def _finer(
    patterns: dict[str, dict[int, list[str]]], classes: dict[str, int]
) -> tuple[dict[str, dict[int, list[str]]], dict[str, int]]:
    """The errors that are left, those with other words apart from one another, where these are few."""
    fresh = dict(patterns)
    found: dict[str, int] = {}
    for pattern, mask in classes.items():
        by_words: dict[tuple[str, ...], list[int]] = {}
        for i in members(mask):
            by_words.setdefault(tuple(patterns[pattern][i]), []).append(i)
        if not 1 < len(by_words) <= _FEW or pattern.count(HOLE) == 0:
            found[pattern] = mask
            continue
        for words, some in by_words.items():
            parts = pattern.split(HOLE)
            text = "".join(a + b for a, b in zip(parts, [*words, ""], strict=True))
            fresh[text] = {i: [] for i in some}
            found[text] = sum(1 << i for i in some)
    return fresh, found


def _best(search: Search, classes: dict[str, int], remaining: int) -> tuple[str, Predicate, list[str]] | None:
    best: tuple[Any, str, Predicate] | None = None
    rivals: list[str] = []
    for pattern, wanted in classes.items():
        others = remaining & ~wanted
        for predicate in [*special(search, pattern, wanted, others), *search.predicates]:
            for one in (predicate, predicate.opposite):
                hit = (one.true & wanted).bit_count()
                if not hit:
                    continue
                wrong = (one.true & others).bit_count()
                unknown = (remaining & ~one.true & ~one.false).bit_count()
                if wrong > 0.01 * hit or unknown > 0.005 * remaining.bit_count():
                    continue
                if hit < _RARE and one.cost - _suits(pattern, one) > _SIMPLE:
                    continue
                whole = hit >= 0.98 * wanted.bit_count()
                cost = one.cost - _suits(pattern, one)
                rank = (not whole, wrong + unknown > 0, cost if whole else cost - 4 * hit, -hit)
                if best is None or rank < best[0]:
                    best = (rank, pattern, one)
    if best is not None and (not best[0][0]):
        _, pattern, rule = best
        return pattern, rule, rivals
    joined = _joined(search, classes, remaining) or _nearly(search, classes, remaining)
    if joined is not None:
        return (*joined, rivals)
    if best is not None:
        _, pattern, rule = best
        hit = (rule.true & classes[pattern]).bit_count()
        if hit >= 3:
            return pattern, rule, rivals
    return None


def _suits(pattern: str, predicate: Predicate) -> int:
    """How much the words of an error and of a condition speak for each other."""
    condition = predicate.source
    words = set(re.findall(r"[a-z]{3,}", pattern.lower()))
    named = set(re.findall(r"[a-z]{3,}", condition.lower().replace("_", " ")))
    compares = bool(re.search(r" [<>]=? ", condition))
    quotes = 4 if predicate.loop is not None and HOLE in pattern else 0
    return quotes + min(3, len(words & named)) + (9 if compares and _AMOUNTS.search(pattern) else 0)


def _joined(search: Search, classes: dict[str, int], remaining: int) -> tuple[str, Predicate] | None:
    """Two conditions that together hold for one error and for nothing else that is left."""
    best: tuple[Any, str, Predicate] | None = None
    for pattern, wanted in classes.items():
        others = remaining & ~wanted
        size = wanted.bit_count()
        whole = [
            one
            for predicate in [*special(search, pattern, wanted, others), *search.predicates]
            for one in (predicate, predicate.opposite)
            if (one.true & wanted).bit_count() >= 0.98 * size and (one.true & others) != others
        ]
        whole.sort(key=lambda p: ((p.true & others).bit_count(), p.cost))
        if size < 3:
            continue
        for index, one in enumerate(whole[:60]):
            for other in whole[index + 1 : 400]:
                left = one.true & other.true & others
                if left.bit_count() > 0.01 * size:
                    continue
                known = (one.true | one.false) & ((other.true | other.false) | one.false)
                if (remaining & ~known).bit_count() > 0.005 * remaining.bit_count():
                    continue
                cost = one.cost + other.cost
                if best is None or cost < best[0]:
                    true = one.true & other.true
                    a, b = (one, other)
                    source = f"{_wrapped(a.source)} and {_wrapped(b.source)}"
                    best = (cost, pattern, Predicate(source, f"not ({source})", true, known & ~true, cost))
    return None if best is None else (best[1], best[2])


def _nearly(search: Search, classes: dict[str, int], remaining: int) -> tuple[str, Predicate] | None:
    """A row that is missing whenever the error comes, and in few other examples: these may not be seen rightly."""
    for pattern, wanted in classes.items():
        others = remaining & ~wanted
        size = wanted.bit_count()
        for one in search.predicates:
            if one.source.endswith(" is None") and not one.loop and (one.true & wanted).bit_count() >= 0.95 * size:
                known = not remaining & ~one.true & ~one.false
                if known and size >= 5 and (one.true & others).bit_count() <= 0.1 * size:
                    return pattern, one
    return None


def _wrapped(source: str) -> str:
    return f"({source})" if " and " in source or " or " in source or " if " in source else source
