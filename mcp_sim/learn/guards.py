"""When a call is refused, and with which words: an ordered list of conditions learned from examples."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.predicates import Predicate
from mcp_sim.learn.scope import literal
from mcp_sim.learn.search import Found, Search

HOLE = "\x00"


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


def clusters(texts: dict[int, str]) -> dict[str, dict[int, list[str]]]:
    """Error texts by their pattern, with the words that fill its holes, by example."""
    by_text: dict[str, list[int]] = defaultdict(list)
    for index, text in texts.items():
        by_text[text].append(index)
    groups: list[tuple[list[str], list[str]]] = []
    for text in by_text:
        words = _words(text)
        for pattern, members in groups:
            if _alike(pattern, words):
                for k, word in enumerate(words):
                    if pattern[k] != word:
                        pattern[k] = HOLE
                members.append(text)
                break
        else:
            groups.append((list(words), [text]))
    found: dict[str, dict[int, list[str]]] = {}
    for pattern, members in groups:
        rows = found.setdefault("".join(pattern), {})
        for text in members:
            fills = [word for mark, word in zip(pattern, _words(text), strict=True) if mark == HOLE]
            for index in by_text[text]:
                rows[index] = fills
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"[\w.#@+-]*[\w#@]|\s+|[^\w\s]", text)


def _alike(pattern: list[str], words: list[str]) -> bool:
    if len(pattern) != len(words):
        return False
    differ = [k for k, (a, b) in enumerate(zip(pattern, words, strict=True)) if a not in (b, HOLE)]
    holes = sum(a == HOLE for a in pattern)
    telling = [k for k, w in enumerate(words) if not w.isspace()]
    if any(not re.search(r"\d|[@_]", words[k]) and not re.search(r"\d|[@_]", pattern[k]) for k in differ):
        return False
    return len(differ) + holes <= max(1, 0.4 * len(telling))


def learn_guards(
    search: Search, texts: dict[int, str], fine: list[int]
) -> tuple[list[Guard], list[Unexplained], list[int]]:
    """The guards in order, what they leave unexplained, and the examples that no guard should stop."""
    patterns = clusters(texts)
    classes = {pattern: sum(1 << i for i in rows) for pattern, rows in patterns.items()}
    remaining = sum(classes.values()) | sum(1 << i for i in fine)
    guards: list[Guard] = []
    unexplained: list[Unexplained] = []
    open_classes = dict(classes)
    while open_classes:
        choice = _best(search, open_classes, remaining)
        if choice is None:
            for pattern, mask in open_classes.items():
                unexplained.append(Unexplained(pattern.replace(HOLE, "…"), _members(mask & remaining)))
            break
        pattern, rule, rivals = choice
        stopped = rule.true & remaining
        wrong = (stopped & ~open_classes[pattern]).bit_count()
        support = (stopped & open_classes[pattern]).bit_count()
        error = _error_text(search, pattern, patterns[pattern], rule, _members(stopped & open_classes[pattern]))
        guards.append(Guard(rule.source, rule.negated, error, support, classes[pattern].bit_count(), wrong, rivals))
        remaining &= ~stopped
        open_classes = {p: m & remaining for p, m in open_classes.items() if m & remaining}
    return guards, unexplained, _members(remaining & sum(1 << i for i in fine))


def _members(mask: int) -> list[int]:
    return [i for i in range(mask.bit_length()) if mask >> i & 1]


def _best(search: Search, classes: dict[str, int], remaining: int) -> tuple[str, Predicate, list[str]] | None:
    best: tuple[Any, str, Predicate] | None = None
    rivals: list[str] = []
    for pattern, wanted in classes.items():
        others = remaining & ~wanted
        special = [
            *_enumerations(search, wanted, others, bool(_quoted(search, pattern))),
            *_quoted(search, pattern),
            *_missing(search, wanted, others),
            *_no_row(search),
        ]
        for predicate in [*special, *search.predicates]:
            for one in (predicate, predicate.opposite):
                hit = (one.true & wanted).bit_count()
                if not hit:
                    continue
                wrong = (one.true & others).bit_count()
                unknown = (remaining & ~one.true & ~one.false).bit_count()
                if wrong > 0.01 * hit or unknown > 0.005 * remaining.bit_count():
                    continue
                whole = hit >= 0.98 * wanted.bit_count()
                cost = one.cost - _suits(pattern, one.source)
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


_AMOUNTS = re.compile(
    r"insufficient|enough|exceed|too (much|many|low|high|few)|less than|more than|greater|at (least|most)"
    r"|m(ax|in)imum|limit",
    re.I,
)


def _suits(pattern: str, condition: str) -> int:
    """How much the words of an error and of a condition speak for each other."""
    words = set(re.findall(r"[a-z]{3,}", pattern.lower()))
    named = set(re.findall(r"[a-z]{3,}", condition.lower().replace("_", " ")))
    compares = bool(re.search(r" [<>]=? ", condition))
    return min(3, len(words & named)) + (9 if compares and _AMOUNTS.search(pattern) else 0)


def _enumerations(search: Search, wanted: int, others: int, quoted: bool) -> list[Predicate]:
    """`x not in [...]`: the few words that go with everything else, or with this error."""
    found: list[Predicate] = []
    inside, outside = _members(wanted), _members(others)
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


def _quoted(search: Search, pattern: str) -> list[Predicate]:
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


def _joined(search: Search, classes: dict[str, int], remaining: int) -> tuple[str, Predicate] | None:
    """Two conditions that together hold for one error and for nothing else that is left."""
    best: tuple[Any, str, Predicate] | None = None
    for pattern, wanted in classes.items():
        others = remaining & ~wanted
        size = wanted.bit_count()
        whole = [
            one
            for predicate in [*_quoted(search, pattern), *search.predicates]
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


def _error_text(search: Search, pattern: str, fills: dict[int, list[str]], rule: Predicate, where: list[int]) -> str:
    parts = pattern.split(HOLE)
    text = _braced(parts[0])
    for hole, after in enumerate(parts[1:]):
        target: list[Any] = [UNDEFINED] * len(search.scope.examples)
        for i in where:
            target[i] = fills[i][hole]
        found = _fill(search, target, where, rule)
        filling = f"{{{found.source}}}" if found is not None else _most_common(target)
        text += filling + _braced(after)
    return text


def _most_common(target: list[Any]) -> str:
    words = Counter(v for v in target if isinstance(v, str))
    return _braced(words.most_common(1)[0][0]) if words else ""


def _fill(search: Search, target: list[Any], where: list[int], rule: Predicate) -> Found | None:
    best: Found | None = None
    if rule.loop is not None:
        name, condition = rule.loop
        for atom in search.loop(name).atoms:
            if "m." in atom.source and atom.kind in ("text", "number"):
                source = f"first([{atom.source} for m in {name} if {condition}])"
                values = search.scope.column(source)
                hits = sum(values[i] == target[i] for i in where)
                if best is None or hits > best.hits:
                    best = Found(source, hits, len(where))
        if best is not None and best.share >= 0.9:
            return best
    found = search.value(target, where, depth=0, least=0.9)
    return found or (best if best is not None and best.share > 0.5 else None)


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
