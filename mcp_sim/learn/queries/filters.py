"""The fewest conditions that hold for the records that are shown, and for no others."""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mcp_sim.functions import as_text
from mcp_sim.learn.atoms import Atom, atoms
from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.scope import Scope
from mcp_sim.learn.sources import literal

_FEW = 8
_WORDS = 7
_OWN = 6
"""Texts of other rows of a call that a record may be compared with."""


@dataclass(frozen=True)
class Test:
    """A condition on a record.

    Attributes:
        source: the condition.
        fails: the records for which it does not hold, one bit each.
        cost: how much there is to say.
        given: the argument without which everything passes.
    """

    source: str
    fails: int
    cost: int
    given: str | None = None

    @property
    def whole(self) -> str:
        """The condition, with the case that its argument is left out."""
        return self.source if self.given is None else f"(not {self.given} or {self.source})"


def conditions(scope: Scope, shown: int, hidden: int) -> list[Test]:
    """Conditions that all shown records fulfil, chosen until no hidden one does."""
    sound = list(_sound(scope, shown))
    chosen: list[Test] = []
    left = hidden
    while left:
        best = max(sound, key=lambda t: ((t.fails & left).bit_count() / (t.cost + 2), -t.cost), default=None)
        if best is None or not best.fails & left:
            break
        chosen.append(best)
        left &= ~best.fails
    for test in sorted(chosen, key=lambda t: -t.cost):
        rest = 0
        for other in chosen:
            rest |= 0 if other is test else other.fails
        if not hidden & ~left & ~rest:
            chosen.remove(test)
    return [*chosen, *_left_out(sound, chosen)]


def _left_out(sound: list[Test], chosen: list[Test]) -> Iterator[Test]:
    """The simplest condition for every argument that may be left out and has none yet: it is there to be heeded."""
    for given in dict.fromkeys(test.given for test in sound if test.given is not None):
        if not any(given in test.source for test in chosen):
            telling = [t for t in sound if t.given == given and t.fails]
            best = min(telling, key=lambda t: (t.cost, -t.fails.bit_count()), default=None)
            if best is not None:
                yield best


def _sound(scope: Scope, shown: int) -> Iterator[Test]:
    places = [k for k in range(len(scope.examples)) if shown >> k & 1]
    known = atoms(scope)
    ours = [a for a in known if re.search(r"\bm\.", a.source) and a.kind in ("text", "number", "boolean", "list")]
    theirs = [a for a in known if a.source.startswith("args") and a.kind in ("text", "number", "boolean", "list")]
    theirs += [a for a in known if a.kind == "text" and not re.search(r"\b(m|args)\b", a.source)][:_OWN]
    for atom in ours:
        yield from _alone(atom, places)
    for argument in theirs:
        given = [bool(v) and v is not UNDEFINED for v in argument.values]
        asked = [k for k in places if given[k]]
        if not asked:
            continue
        optional = None if all(given) else argument.source
        words = []
        for atom in ours:
            for source, test, cost in _comparisons(atom, argument):
                if all(test(atom.values[k], argument.values[k]) for k in asked):
                    yield _made(source, test, atom, argument, given, cost, optional)
                elif cost == _WORDS and any(test(atom.values[k], argument.values[k]) for k in asked):
                    words.append(atom)
        if argument.kind == "text" and argument.source.startswith("args"):
            yield from _in_words(_read_as_text(ours), words, argument, given, asked, optional)
    for index, one in enumerate(ours):
        for other in ours[index + 1 :]:
            if one.kind == other.kind and one.kind in ("text", "number"):
                for sign, compare in _SIGNS if _is_ordered(one, other) else _SIGNS[4:]:
                    test = _compared(compare)
                    if all(test(one.values[k], other.values[k]) for k in places):
                        yield _made(f"{one.source} {sign} {other.source}", test, one, other, None, 8, None)


def _alone(atom: Atom, places: list[int]) -> Iterator[Test]:
    values = Counter(_mark(atom.values[k]) for k in places)
    others = {_mark(v) for v in atom.values} - set(values)
    if not others or atom.kind == "list":
        return
    allowed = set(values)
    if len(values) == 1 and len(places) >= 3:
        value = next(iter(values))
        if isinstance(value, str | bool | None):
            source = f"{atom.source} is None" if value is None else f"{atom.source} == {literal(value)}"
            yield Test(source, _bits(_mark(v) != value for v in atom.values), 4 + atom.cost // 2)
    elif len(others) <= 3 and len(places) >= 8 and all(isinstance(v, str | bool | None) for v in others):
        gone = next(iter(others))
        source = f"{atom.source} is not None" if gone is None else f"{atom.source} != {literal(gone)}"
        yield Test(source, _bits(_mark(v) == gone for v in atom.values), 5 + atom.cost // 2)
    if 1 < len(allowed) <= _FEW and len(places) >= 6 * len(allowed) and all(isinstance(v, str) for v in allowed):
        source = f"{atom.source} in {literal(sorted(map(str, allowed)))}"
        yield Test(source, _bits(_mark(v) not in allowed for v in atom.values), 6 + len(allowed))
    if (
        atom.kind == "number"
        and all(isinstance(v, int | float) and v > 0 for v in values)
        and any(isinstance(v, int | float) and v <= 0 for v in others)
    ):
        yield Test(f"{atom.source} > 0", _bits(not (isinstance(v, int | float) and v > 0) for v in atom.values), 6)


def _mark(value: Any) -> Any:
    return None if value is UNDEFINED or isinstance(value, dict | list) else value


def _comparisons(atom: Atom, argument: Atom) -> Iterator[tuple[str, Callable[[Any, Any], bool], int]]:
    a, x = atom.source, argument.source
    if atom.kind == "list":
        if argument.kind != "list":
            yield f"{x} in {a}", _listed, 3
        return
    if argument.kind == "list":
        yield f"{a} in {x}", lambda one, other: _listed(other, one), 3
        return
    if atom.kind != argument.kind:
        return
    yield f"{a} == {x}", _same, 2
    if _is_ordered(atom, argument):
        for sign, compare in _SIGNS[:4]:
            yield f"{a} {sign} {x}", _compared(compare), 4
    if atom.kind == "text":
        yield f"lower({a}) == lower({x})", _same_words, _WORDS + 1
        yield f"lower({x}) in lower({a})", _found, _WORDS
        yield f"{x} in {a}", _found_so, _WORDS + 1
        yield f"starts_with({a}, {x})", _begun, _WORDS + 1
        if _is_ordered(atom, argument):
            yield f"{a}[:10] <= {x}", _day_before, _WORDS + 1
            yield f"{a}[:10] >= {x}", _day_after, _WORDS + 1
            yield f"{a}[:10] == {x}", _day, _WORDS


def _read_as_text(ours: list[Atom]) -> list[Atom]:
    """The texts of a record, lists of texts among them."""
    lists = [a for a in ours if a.kind == "list" and all(isinstance(v, list) for v in a.values)]
    joined = [
        Atom(f"join({a.source})", "text", a.cost + 2, tuple(", ".join(map(as_text, v)) for v in a.values))
        for a in lists
    ]
    return [*ours, *joined]


def _in_words(
    ours: list[Atom], words: list[Atom], argument: Atom, given: list[bool], asked: list[int], optional: str | None
) -> Iterator[Test]:
    """A text that is found in one of several fields: as a whole, or word by word."""
    fields = [a for a in ours if a.kind == "text" and (a in words or a.source.startswith("join("))]
    whole = _cover(fields, [[str(argument.values[k]).lower()] for k in asked], asked)
    if whole:
        source = " or ".join(f"lower({argument.source}) in lower({a.source})" for a in whole)
        fails = _bits(
            g and not any(_found(a.values[k], argument.values[k]) for a in whole) for k, g in enumerate(given)
        )
        yield Test(f"({source})", fails, _WORDS + len(whole), optional)
    texts = [a for a in ours if a.kind == "text"]
    if not any(" " in str(argument.values[k]).strip() for k in asked):
        return
    several = _cover(texts, [str(argument.values[k]).lower().split() for k in asked], asked)
    if several:
        inside = " or ".join(f"w in lower({a.source})" for a in several)
        fails = _bits(
            g and not all(any(w in _low(a.values[k]) for a in several) for w in str(argument.values[k]).lower().split())
            for k, g in enumerate(given)
        )
        source = f"all([{inside} for w in split(lower({argument.source}))])"
        yield Test(source, fails, _WORDS + 1 + len(several), optional)


def _cover(fields: list[Atom], words: list[list[str]], asked: list[int]) -> list[Atom]:
    """The fewest fields of which one has each word, in every record asked for; none where no fields do."""
    left = [(k, w) for k, some in zip(asked, words, strict=True) for w in some]
    taken: list[Atom] = []
    while left:
        best = max(fields, key=lambda a: sum(w in _low(a.values[k]) for k, w in left), default=None)
        rest = [] if best is None else [(k, w) for k, w in left if w not in _low(best.values[k])]
        if best is None or len(rest) == len(left) or len(taken) >= 5:
            return []
        taken.append(best)
        left = rest
    return taken


def _made(
    source: str,
    test: Callable[[Any, Any], bool],
    one: Atom,
    other: Atom,
    given: list[bool] | None,
    cost: int,
    optional: str | None,
) -> Test:
    pairs = zip(one.values, other.values, strict=True)
    fails = _bits((given is None or given[k]) and not test(x, y) for k, (x, y) in enumerate(pairs))
    return Test(source, fails, cost + one.cost // 3, optional)


def _bits(flags: Iterator[bool]) -> int:
    return int("".join("1" if flag else "0" for flag in flags)[::-1] or "0", 2)


def _low(value: Any) -> str:
    return value.lower() if isinstance(value, str) else ""


def _is_ordered(one: Atom, other: Atom) -> bool:
    """Whether it says something that one value comes before another: numbers, and texts such as times."""
    if one.kind == "number":
        return other.kind == "number"
    mine, theirs = _form(one), _form(other)
    return (
        one.kind == other.kind == "text"
        and "9" in mine + theirs
        and (mine.startswith(theirs) or theirs.startswith(mine))
    )


def _form(atom: Atom) -> str:
    """What its first value looks like, digits apart."""
    value = next((v for v in atom.values if isinstance(v, str) and v), "")
    return re.sub(r"\d", "9", value)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(one: Any, other: Any) -> bool:
        return _comparable(one, other) and compare(one, other)

    return holds


def _comparable(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return True
    return isinstance(one, int | float) and isinstance(other, int | float)


def _same_words(one: Any, other: Any) -> bool:
    return isinstance(one, str) and isinstance(other, str) and one.lower() == other.lower()


def _found(one: Any, other: Any) -> bool:
    return isinstance(one, str) and isinstance(other, str) and other.lower() in one.lower()


def _found_so(one: Any, other: Any) -> bool:
    return isinstance(one, str) and isinstance(other, str) and other in one


def _begun(one: Any, other: Any) -> bool:
    return isinstance(one, str) and isinstance(other, str) and one.startswith(other)


def _listed(one: Any, other: Any) -> bool:
    return isinstance(one, list) and other in one


def _day(one: Any, other: Any) -> bool:
    return isinstance(one, str) and len(one) > 10 and one[:10] == other


def _day_before(one: Any, other: Any) -> bool:
    return isinstance(one, str) and isinstance(other, str) and len(one) > 10 and one[:10] <= other


def _day_after(one: Any, other: Any) -> bool:
    return isinstance(one, str) and isinstance(other, str) and len(one) > 10 and one[:10] >= other


_SIGNS: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = (
    (">=", operator.ge),
    ("<=", operator.le),
    (">", operator.gt),
    ("<", operator.lt),
    ("==", operator.eq),
    ("!=", operator.ne),
)
