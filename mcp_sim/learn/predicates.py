"""Conditions over a scope, as sets of the examples in which they hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mcp_sim.learn.atoms import Atom, amounts, atoms, products
from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.scope import Scope
from mcp_sim.learn.sources import literal

_FEW = 12
_NAME = re.compile(r"\d{3}|@|[A-Za-z_-]\d|\d[A-Za-z_-]")
"""What a constant looks like that is the name of one thing."""
_MANY = 4000
_GIVEN, _THERE = 6, 30
"""Arguments, and fields of rows, that are compared where conditions of records are made."""
_SIGN = re.compile(r"[^\w\s,.'\"-]\d?")
_SIGNS = 3


@dataclass(frozen=True)
class Predicate:
    """A condition.

    Attributes:
        source: the condition.
        negated: its opposite.
        true: the examples in which it holds, one bit each.
        false: the examples in which it does not; it has no value in the others.
        loop: for `any` over a loop, the loop's name and the condition over one record.
    """

    source: str
    negated: str
    true: int
    false: int
    cost: int
    loop: tuple[str, str] | None = None

    @property
    def opposite(self) -> Predicate:
        """The condition turned round."""
        return Predicate(self.negated, self.source, self.false, self.true, self.cost + 1)


def bits(flags: Iterator[bool] | list[bool]) -> int:
    """A set of positions as one number."""
    return int("".join("1" if flag else "0" for flag in flags)[::-1] or "0", 2)


def predicates(scope: Scope, tables: dict[str, Any], inner: bool = False) -> list[Predicate]:
    """Every condition worth a try, the simplest first; each set of examples once."""
    unique: dict[tuple[int, int], Predicate] = {}
    for predicate in _candidates(scope, tables, inner):
        if not predicate.true and not predicate.loop:
            continue
        seen = unique.get((predicate.true, predicate.false))
        if seen is None or predicate.cost < seen.cost:
            unique[predicate.true, predicate.false] = predicate
    return sorted(unique.values(), key=lambda p: p.cost)[:_MANY]


def _candidates(scope: Scope, tables: dict[str, Any], inner: bool) -> Iterator[Predicate]:
    known = [a for a in atoms(scope) if not a.source.startswith("at(last(")]
    if inner:
        known = [a for a in known if "m." in a.source] + [a for a in known if "m." not in a.source]
    for atom in known:
        if not inner or "m." in atom.source:
            yield from _alone(atom)
    yield from left_out(scope)
    scalars = [a for a in known if a.kind in ("text", "boolean", "number")]
    distinct = [{v for v in a.values if isinstance(v, str | int | float)} for a in scalars]
    for index, one in enumerate(scalars):
        if inner and "m." not in one.source:
            break
        for place, other in enumerate(scalars[index + 1 :], index + 1):
            if one.kind == other.kind and not distinct[index].isdisjoint(distinct[place]):
                yield from _equal(one, other)
        for other in known:
            if other.kind == "list" and one.kind != "boolean":
                yield from _member(one, other)
    lists = [a for a in known if a.kind in ("list", "objects")]
    for index, one in enumerate(lists):
        if one.source.startswith(("args.", "m.")):
            yield from _list_alone(one)
        yield from _lengths(one)
        for other in lists[index + 1 :]:
            if one.source.startswith("args.") or other.source.startswith("args."):
                yield _sized(one, other)
    yield from _in_tables(tables, [a for a in known if a.kind == "text"], inner)
    if inner:
        yield from _outer(known)
        yield from _inner_orders(known)
    else:
        numbers = [a for a in known if a.kind == "number"][:30]
        more = [*amounts(scope), *products(numbers)]
        for index, one in enumerate([*numbers, *more]):
            yield from _signed(one)
            for other in [*numbers[index + 1 :], *more] if index < len(numbers) else []:
                yield from _ordered(one, other)
        for loop in scope.loops.values():
            yield from _any_of(scope, loop, tables)


def _outer(known: list[Atom]) -> Iterator[Predicate]:
    """What holds for a call and thus for all of its records: arguments, beside constants and what is there already."""
    scalars = [a for a in known if a.kind in ("text", "boolean") and "m." not in a.source]
    given = [a for a in scalars if a.source.startswith("args.")][:_GIVEN]
    for one in given:
        yield from _alone(one)
        for other in [a for a in scalars if not a.source.startswith("args.")][:_THERE]:
            if one.kind == other.kind:
                yield from _equal(one, other)


def _inner_orders(known: list[Atom]) -> Iterator[Predicate]:
    """Numbers of a record beside those of the call, and beside how many things it was called with."""
    numbers = [a for a in known if a.kind == "number"]
    counts = [
        Atom(f"len({a.source})", "number", a.cost + 2, tuple(len(v) if isinstance(v, list) else None for v in a.values))
        for a in known
        if a.kind in ("list", "objects") and "m." not in a.source
    ]
    ours = [a for a in numbers if "m." in a.source][:20]
    for index, one in enumerate(ours):
        yield from _signed(one)
        for other in [*ours[index + 1 :], *[a for a in numbers if "m." not in a.source][:20], *counts[:8]]:
            yield from _ordered(one, other)


def left_out(scope: Scope) -> Iterator[Predicate]:
    """That an argument is not there, or empty."""
    for name in dict.fromkeys(n for e in scope.examples for n in e["args"]):
        source = f"args.{name}" if name.isidentifier() and not name.startswith("_") else f"args[{literal(name)}]"
        values = scope.column(source)
        texts = all(isinstance(v, str | list | None) for v in values)
        yield _made(f"not {source}", source, [not v for v in values], [True] * len(values), 1 if texts else 3)


def _defined(values: tuple[Any, ...]) -> list[bool]:
    return [v is not UNDEFINED for v in values]


def _made(source: str, negated: str, holds: list[bool], defined: list[bool], cost: int) -> Predicate:
    known = bits(defined)
    true = bits(holds) & known
    return Predicate(source, negated, true, known & ~true, cost)


def _alone(atom: Atom) -> Iterator[Predicate]:
    values, s, cost = atom.values, atom.source, atom.cost
    defined = _defined(values)
    if any(v is None for v in values):
        yield _made(f"{s} is None", f"{s} is not None", [v is None for v in values], defined, cost)
    if atom.kind == "boolean":
        yield _made(f"not {s}", s, [not v for v in values], defined, cost)
    if atom.kind in ("text", "number"):
        counts = Counter(v for v in values if isinstance(v, str | int | float))
        if not counts:
            return
        total = sum(counts.values())
        if len(counts) <= 3 or (len(counts) <= _FEW and total >= 3 * len(counts)) or total >= 40 * len(counts):
            for constant, support in counts.most_common(_FEW):
                if support >= 2:
                    text = literal(constant)
                    given = 5 if s.startswith("args.") or (atom.kind == "number" and constant not in (0, 1)) else 1
                    given += 4 if len(counts) > 4 or (isinstance(constant, str) and _NAME.search(constant)) else 0
                    yield _made(
                        f"{s} == {text}", f"{s} != {text}", [v == constant for v in values], defined, cost + given
                    )
    if atom.kind == "text":
        yield from _signs(atom)
        if not s.startswith("args"):
            yield from _words(atom)


def _signs(atom: Atom) -> Iterator[Predicate]:
    """That a text has a sign in it that only some have."""
    known = [isinstance(v, str) for v in atom.values]
    texts = [v if isinstance(v, str) else "" for v in atom.values]
    counts = Counter(sign for v in texts for sign in set(_SIGN.findall(v)))
    for sign, times in counts.most_common(_SIGNS):
        if 2 <= times < sum(known):
            source = f"{literal(sign)} in {atom.source}"
            holds = [sign in v for v in texts]
            yield _made(source, f"{literal(sign)} not in {atom.source}", holds, known, atom.cost + 6)


def _words(atom: Atom) -> Iterator[Predicate]:
    distinct = {v for v in atom.values if isinstance(v, str)}
    if 2 <= len(distinct) <= 40:
        words = Counter(w for v in distinct for w in set(re.findall(r"[A-Za-z]{3,}", v)))
        for word, number in words.items():
            if 2 <= number < len(distinct):
                known = [isinstance(v, str) for v in atom.values]
                holds = [isinstance(v, str) and word in v for v in atom.values]
                yield _made(
                    f"{literal(word)} in {atom.source}",
                    f"{literal(word)} not in {atom.source}",
                    holds,
                    known,
                    atom.cost + 7,
                )


def _equal(one: Atom, other: Atom) -> Iterator[Predicate]:
    a, b = one.values, other.values
    hits = [x == y and x is not UNDEFINED and x is not None for x, y in zip(a, b, strict=True)]
    if any(hits):
        defined = [x is not UNDEFINED and y is not UNDEFINED for x, y in zip(a, b, strict=True)]
        both = [x == y for x, y in zip(a, b, strict=True)]
        s = f"{one.source} == {other.source}"
        yield _made(s, f"{one.source} != {other.source}", both, defined, one.cost + other.cost)


def _member(one: Atom, other: Atom) -> Iterator[Predicate]:
    defined = [x is not UNDEFINED and isinstance(y, list) for x, y in zip(one.values, other.values, strict=True)]
    holds = [d and x in y for d, x, y in zip(defined, one.values, other.values, strict=True)]
    if any(holds):
        yield _made(
            f"{one.source} in {other.source}",
            f"{one.source} not in {other.source}",
            holds,
            defined,
            one.cost + other.cost,
        )


def _list_alone(atom: Atom) -> Iterator[Predicate]:
    s = atom.source
    known = [isinstance(v, list) for v in atom.values]
    repeated = [k and len({str(i) for i in v}) != len(v) for k, v in zip(known, atom.values, strict=True)]
    if any(repeated):
        yield _made(f"len(unique({s})) != len({s})", f"len(unique({s})) == len({s})", repeated, known, atom.cost + 9)


def _lengths(atom: Atom) -> Iterator[Predicate]:
    known = [isinstance(v, list) for v in atom.values]
    sizes = Counter(len(v) for v in atom.values if isinstance(v, list))
    for size, _ in sizes.most_common(3):
        if size <= 2 and len(sizes) > 1:
            holds = [k and len(v) != size for k, v in zip(known, atom.values, strict=True)]
            text = f"len({atom.source})"
            yield _made(f"{text} != {size}", f"{text} == {size}", holds, known, atom.cost + 3)


def _sized(one: Atom, other: Atom) -> Predicate:
    pairs = list(zip(one.values, other.values, strict=True))
    known = [isinstance(x, list) and isinstance(y, list) for x, y in pairs]
    differ = [k and len(x) != len(y) for k, (x, y) in zip(known, pairs, strict=True)]
    a, b = f"len({one.source})", f"len({other.source})"
    return _made(f"{a} != {b}", f"{a} == {b}", differ, known, one.cost + other.cost + 1)


def _signed(one: Atom) -> Iterator[Predicate]:
    known = [_number(v) for v in one.values]
    less = [k and v < 0 for k, v in zip(known, one.values, strict=True)]
    more = [k and v > 0 for k, v in zip(known, one.values, strict=True)]
    yield _made(f"{one.source} < 0", f"{one.source} >= 0", less, known, one.cost + 1)
    yield _made(f"{one.source} > 0", f"{one.source} <= 0", more, known, one.cost + 1)


def _ordered(one: Atom, other: Atom) -> Iterator[Predicate]:
    pairs = list(zip(one.values, other.values, strict=True))
    both = [_number(x) and _number(y) for x, y in pairs]
    if not any(both):
        return
    gaps = [a for a in (one, other) if any(v is None for v in a.values)]
    known = [
        b or ((_number(x) or x is None) and (_number(y) or y is None)) for b, (x, y) in zip(both, pairs, strict=True)
    ]
    checks = "".join(f"{a.source} is not None and " for a in gaps)
    cost = one.cost + other.cost + 1 + len(gaps)
    for sign, opposite in (("<", ">="), (">", "<=")):
        holds = [b and (x < y if sign == "<" else x > y) for b, (x, y) in zip(both, pairs, strict=True)]
        if any(holds):
            source = f"{checks}{one.source} {sign} {other.source}"
            negated = f"not ({source})" if gaps else f"{one.source} {opposite} {other.source}"
            yield _made(source, negated, holds, known, cost)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_tables(tables: dict[str, Any], known: list[Atom], inner: bool) -> Iterator[Predicate]:
    for atom in known:
        if not atom.source.startswith("m." if inner else "args."):
            continue
        for table in tables.values():
            for name in table.fields:
                if name == table.key or not name.isidentifier():
                    continue
                column = {v for row in table.rows.values() if isinstance(v := row.get(name), str)}
                if len(column) < 2 or not any(v in column for v in atom.values if isinstance(v, str)):
                    continue
                source = f"find({literal(table.name)}, {name}={atom.source})"
                holds = [isinstance(v, str) and v in column for v in atom.values]
                defined = [v is not UNDEFINED for v in atom.values]
                yield _made(
                    source, f"not {source}", holds, defined, atom.cost + (2 if len(column) == len(table.rows) else 4)
                )


def _any_of(scope: Scope, loop: Any, tables: dict[str, Any]) -> Iterator[Predicate]:
    owners = loop.scope.owners
    size = len(scope.examples)
    for inner in predicates(loop.scope, tables, inner=True):
        if "m." not in inner.source:
            continue
        for one in (inner, inner.opposite):
            flags = [False] * size
            valued = [True] * size
            for position, owner in enumerate(owners):
                if one.true >> position & 1:
                    flags[owner] = True
                elif not one.false >> position & 1:
                    valued[owner] = False
            if not any(flags):
                continue
            source = f"any([{one.source} for m in {loop.name}])"
            made = _made(source, f"not {source}", flags, valued, one.cost + 4)
            yield Predicate(made.source, made.negated, made.true, made.false, made.cost, (loop.name, one.source))
