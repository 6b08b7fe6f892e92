"""The shortest expression that explains a value in every example."""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from mcp_sim.learn.atoms import Atom, amounts, atoms, products
from mcp_sim.learn.language import UNDEFINED, column
from mcp_sim.learn.predicates import Predicate, bits, predicates
from mcp_sim.learn.scope import Scope, literal
from store.matching import same

ABSENT: Any = UNDEFINED
_PROBES = 12
_REMEMBERED = re.compile(r'^"[^"]*": "[^"]*[\d@][^"]*"$')
"""A field that is always the same text, as only one thing was ever asked for: to know it is no rule."""


@dataclass
class Found:
    """An expression, and how it fares.

    Attributes:
        source: the expression.
        hits: the examples that it explains.
        total: the examples there were.
        rivals: other expressions that explain as much.
    """

    source: str
    hits: int
    total: int
    rivals: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share of examples that it explains."""
        return self.hits / self.total if self.total else 0.0


class Search:
    """Searches expressions over one scope."""

    def __init__(self, scope: Scope, tables: dict[str, Any], inner: bool = False) -> None:
        self.scope = scope
        self.tables = tables
        self.inner = inner
        self._pool: dict[str, list[tuple[str, int]]] = {}
        self._predicates: list[Predicate] | None = None
        self._atoms: list[Atom] | None = None
        self._loops: dict[str, Search] = {}

    @property
    def atoms(self) -> list[Atom]:
        """The atoms of the scope."""
        if self._atoms is None:
            self._atoms = atoms(self.scope)
        return self._atoms

    @cached_property
    def amounts(self) -> list[Atom]:
        """What sums over the loops of the scope, and products with arguments, come to."""
        return [*amounts(self.scope), *products([a for a in self.atoms if a.kind == "number"][:30])]

    @property
    def predicates(self) -> list[Predicate]:
        """The conditions of the scope."""
        if self._predicates is None:
            self._predicates = predicates(self.scope, self.tables, self.inner)
        return self._predicates

    def loop(self, name: str) -> Search:
        """The search over the records of a loop."""
        if name not in self._loops:
            self._loops[name] = Search(self.scope.loops[name].scope, self.tables, inner=True)
        return self._loops[name]

    def value(self, target: list[Any], where: list[int], depth: int = 2, least: float = 0.98) -> Found | None:
        """The shortest expression whose values are the target in the examples `where`; UNDEFINED ones are ignored."""
        where = [i for i in where if target[i] is not UNDEFINED]
        if not where:
            return None
        ranked = self._ranked(target, where)
        if ranked and ranked[0].share >= least:
            return self._with_rivals(ranked)
        built = self._built(target, where, depth, least)
        if built is not None:
            return built
        if depth > 0:
            branched = self._branched(target, where, ranked, depth, least)
            if branched is not None:
                return branched
        return None

    def _with_rivals(self, ranked: list[Found]) -> Found:
        best = ranked[0]
        best.rivals = [f.source for f in ranked[1:6] if f.hits == best.hits]
        return best

    def _ranked(self, target: list[Any], where: list[int]) -> list[Found]:
        step = max(1, len(where) // _PROBES)
        probes = where[::step][: _PROBES * 2]
        found: list[tuple[int, int, str]] = []
        for source, cost in self._forms(target, where):
            values = self.scope.column(source)
            if any(_equal(values[i], target[i]) for i in probes):
                hits = sum(_equal(values[i], target[i]) for i in where)
                found.append((hits, cost, source))
        if all(isinstance(target[i], int | float) and not isinstance(target[i], bool) for i in where):
            for source, cost, value in self._sums():
                if any(_equal(value(i), target[i]) for i in probes):
                    hits = sum(_equal(value(i), target[i]) for i in where)
                    found.append((hits, cost, source))
        found.sort(key=lambda f: (-f[0], f[1], len(f[2])))
        return [Found(source, hits, len(where)) for hits, _, source in found[:40]]

    def _forms(self, target: list[Any], where: list[int]) -> Iterator[tuple[str, int]]:
        values = [target[i] for i in where]
        scalars = Counter(literal(v) for v in values if isinstance(v, str | int | float | bool | None))
        for constant, support in scalars.most_common(4):
            if support >= max(2, 0.05 * len(where)) or support == len(where):
                yield constant, 1
        if all(v == [] for v in values):
            yield "[]", 1
        if all(v == {} for v in values):
            yield "{}", 1
        kinds = {type(v) for v in values}
        numeric = kinds <= {int, float}
        for atom in self.atoms:
            if _fits(atom.kind, kinds):
                yield atom.source, atom.cost
        if list in kinds:
            for atom in self.atoms:
                if atom.kind == "list":
                    yield f"sorted({atom.source})", atom.cost + 2
                    yield f"unique({atom.source})", atom.cost + 3
                if atom.kind == "object":
                    yield f"values({atom.source})", atom.cost + 3
                    yield f"keys({atom.source})", atom.cost + 3
            yield from self._of_loops()
        if dict in kinds:
            rows = [b.name for b in self.scope.bindings if b.depth == 1 and b.table is not None]
            if len(rows) > 1 and self.scope.variable is None:
                yield " or ".join(rows), 6
        if str in kinds:
            for atom in self.atoms:
                if atom.kind in ("number", "boolean"):
                    yield f"str({atom.source})", atom.cost + 2
                if atom.kind == "text":
                    yield f"lower({atom.source})", atom.cost + 3
                    yield f"upper({atom.source})", atom.cost + 3
        if numeric and values:
            yield from self._numbers()

    def _of_loops(self) -> Iterator[tuple[str, int]]:
        for loop in self.scope.loops.values():
            for atom in self.loop(loop.name).atoms:
                if "m." in atom.source:
                    yield f"[{atom.source} for m in {loop.name}]", atom.cost + 3

    def _numbers(self) -> Iterator[tuple[str, int]]:
        numbers = [a for a in self.atoms if a.kind == "number"][:24]
        for atom in self.atoms:
            if atom.kind in ("list", "objects"):
                yield f"len({atom.source})", atom.cost + 2
        for atom in [*numbers, *self.amounts]:
            for form, cost in ((f"abs({atom.source})", 2), (f"round({atom.source}, 2)", 2), (f"-{atom.source}", 2)):
                yield form, atom.cost + cost
            yield f"round(abs({atom.source}), 2)", atom.cost + 3
            yield f"abs(round({atom.source}, 2))", atom.cost + 4
        for atom in self.amounts:
            yield atom.source, atom.cost

    def _sums(self) -> Iterator[tuple[str, int, Callable[[int], Any]]]:
        """Sums, differences and products of two numbers, plain and rounded, with their value in each example."""
        numbers = [a for a in self.atoms if a.kind == "number"][:24]
        pool = [*numbers, *self.amounts]
        for first, one in enumerate(pool):
            for second, other in enumerate(pool):
                if first == second or min(first, second) >= len(numbers):
                    continue
                cost = one.cost + other.cost + 2
                for sign, operation, both_ways in _OPERATIONS:
                    if both_ways and first > second:
                        continue
                    source = f"{one.source} {sign} {other.source}"
                    yield source, cost, partial(_combined, operation, one.values, other.values, None)
                    yield f"round({source}, 2)", cost + 2, partial(_combined, operation, one.values, other.values, 2)

    def _built(self, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
        """A value put together from parts: objects, lists that grow, lists of records."""
        values = [target[i] for i in where]
        if all(isinstance(v, dict) for v in values):
            return self.composed(target, where, depth, least)
        if all(isinstance(v, list) for v in values):
            return self.listed(target, where, depth, least)
        return None

    def composed(self, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
        """An object of which every field has an expression; or one of the scope with some fields changed."""
        changed = self._changed_object(target, where, depth, least)
        if changed is not None:
            return changed
        chosen = self._chosen_field(target, where, least)
        if chosen is not None:
            return chosen
        names = list(dict.fromkeys(n for i in where for n in target[i]))
        if len(names) > 24 or any(sum(n in target[i] for i in where) < least * len(where) for n in names):
            return None
        parts, hits = [], len(where)
        for name in names:
            found = self._field(name, target, where, depth, least)
            if found is None:
                return None
            hits = min(hits, found.hits)
            parts.append(f"{literal(name)}: {found.source}")
        if sum(bool(_REMEMBERED.search(part)) for part in parts) > 2:
            return None
        return Found("{" + ", ".join(parts) + "}", hits, len(where))

    def _field(self, name: str, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
        """An expression for a field of objects: the argument of its name, if that is it, else the shortest one."""
        inner = [v.get(name, UNDEFINED) if isinstance(v, dict) else UNDEFINED for v in target]
        given = next((a for a in self.atoms if a.source == f"args.{name}"), None)
        if given is not None and all(_equal(given.values[i], inner[i]) for i in where):
            return Found(given.source, len(where), len(where))
        return self.value(inner, where, depth, least)

    def _chosen_field(self, target: list[Any], where: list[int], least: float) -> Found | None:
        """An object of one field, whose name an argument gives."""
        if any(len(target[i]) != 1 for i in where) or len({n for i in where for n in target[i]}) < 2:
            return None
        names: list[Any] = [UNDEFINED] * len(target)
        values: list[Any] = [UNDEFINED] * len(target)
        for i in where:
            names[i], values[i] = next(iter(target[i].items()))
        name = self.value(names, where, 0, least)
        value = self.value(values, where, 0, least) if name is not None else None
        if name is None or value is None:
            return None
        return Found(f"{{{name.source}: {value.source}}}", min(name.hits, value.hits), len(where))

    def _changed_object(self, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
        best: tuple[float, Atom] | None = None
        for atom in self.atoms:
            if atom.kind != "object":
                continue
            shared = [_shared(b, target[i]) for i in where if isinstance(b := atom.values[i], dict)]
            if len(shared) == len(where) and min(shared) > 0 and (best is None or sum(shared) > best[0]):
                best = (sum(shared), atom)
        if best is None:
            return None
        base = best[1]
        gone = {k for i in where for k in base.values[i] if k not in target[i]}
        if any(k in target[i] for k in gone for i in where):
            return None
        source = base.source if not gone else f"without({base.source}, {', '.join(map(literal, sorted(gone)))})"
        given = [
            a.source.removeprefix("args.")
            for a in self.atoms
            if a.source.startswith("args.")
            and all(_equal(a.values[i], target[i].get(a.source[5:], UNDEFINED)) for i in where)
        ]
        names = list(
            dict.fromkeys(
                k
                for i in where
                for k, v in target[i].items()
                if k not in base.values[i] or not same(v, base.values[i][k])
            )
        )
        if not names:
            return Found(source, len(where), len(where))
        names += [name for name in given if name not in names]
        if len(names) > 12:
            return self._changed_item(base, target, where, depth, least)
        parts, hits = [], len(where)
        for name in names:
            found = self._field(name, target, where, depth, least)
            if found is None:
                return self._changed_item(base, target, where, depth, least)
            hits = min(hits, found.hits)
            parts.append(f"{literal(name)}: {found.source}")
        if {*names} >= {k for i in where for k in target[i]}:
            return Found(f"{{{', '.join(parts)}}}", hits, len(where))
        merged = f"merge({source}, {{{', '.join(parts)}}})"
        return self._where_it_holds(merged, source, target, where, least)

    def _changed_item(self, base: Atom, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
        """One item of a map changed, whose key an expression gives."""
        keys: list[Any] = [UNDEFINED] * len(target)
        for i in where:
            changed = [k for k, v in target[i].items() if k not in base.values[i] or not same(v, base.values[i][k])]
            if len(changed) > 1:
                return None
            if changed:
                keys[i] = changed[0]
        changing = [i for i in where if keys[i] is not UNDEFINED]
        key = self.value(keys, changing, 0, least)
        if key is None:
            return None
        names = self.scope.column(key.source)
        items: list[Any] = [UNDEFINED] * len(target)
        for i in changing:
            items[i] = target[i].get(names[i], UNDEFINED) if isinstance(names[i], str) else UNDEFINED
        here = f"at({base.source}, {key.source})"
        item = self._item(here, items, changing, depth, least)
        if item is None:
            return None
        return self._where_it_holds(
            f"merge({base.source}, {{{key.source}: {item}}})", base.source, target, where, least
        )

    def _item(self, here: str, items: list[Any], where: list[int], depth: int, least: float) -> str | None:
        """An item of a map, as it was but for some fields; or made anew."""
        before = self.scope.column(here)
        where = [i for i in where if isinstance(items[i], dict)]
        if not where or not all(isinstance(before[i], dict) for i in where):
            found = self.value(items, where, depth, least) if where else None
            return None if found is None else found.source
        changed = dict.fromkeys(
            f for i in where for f, v in items[i].items() if f not in before[i] or not same(before[i][f], v)
        )
        known = self.atoms
        self._atoms = [*(self._number(f"at({here}, {literal(f)})") for f in changed), *known]
        parts = []
        for name in changed:
            found = self._field(name, items, where, depth, least)
            if found is None:
                break
            parts.append(f"{literal(name)}: {found.source}")
        self._atoms = known
        return f"merge({here}, {{{', '.join(parts)}}})" if len(parts) == len(changed) else None

    def _number(self, source: str) -> Atom:
        return Atom(source, "number", 1, tuple(self.scope.column(source)))

    def _where_it_holds(
        self, source: str, otherwise: str, target: list[Any], where: list[int], least: float
    ) -> Found | None:
        """An expression, or another one under a condition where it does not give the target."""
        values, others = self.scope.column(source), self.scope.column(otherwise)
        good = [i for i in where if _equal(values[i], target[i])]
        plain = [i for i in where if _equal(others[i], target[i])]
        if len(good) >= least * len(where):
            return Found(source, len(good), len(where))
        if len(set(good) | set(plain)) < least * len(where):
            return None
        condition = self.separates(bitset(set(good) - set(plain)), bitset(set(plain) - set(good)))
        if condition is None:
            return None
        whole = f"{source} if {condition.source} else {otherwise}"
        return Found(whole, len(set(good) | set(plain)), len(where))

    def listed(self, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
        """A list: an old one with items behind it or changed, or one item for every record of a loop."""
        for atom in self.atoms:
            if atom.kind not in ("list", "objects"):
                continue
            old = atom.values
            if all(
                isinstance(old[i], list) and len(old[i]) < len(target[i]) and target[i][: len(old[i])] == old[i]
                for i in where
            ):
                if not any(old[i] for i in where):
                    continue
                tail: list[Any] = [UNDEFINED] * len(target)
                for i in where:
                    tail[i] = target[i][len(old[i]) :]
                found = self.value(tail, where, depth, least)
                if found is not None:
                    return Found(f"{atom.source} + {found.source}", found.hits, len(where))
        sizes = {len(target[i]) for i in where}
        if len(sizes) == 1 and 0 < (size := next(iter(sizes))) <= 4:
            parts = []
            hits = len(where)
            for k in range(size):
                one = [v[k] if isinstance(v, list) and len(v) > k else UNDEFINED for v in target]
                part = self.value(one, where, depth, least)
                if part is None:
                    break
                hits = min(hits, part.hits)
                parts.append(part.source)
            else:
                return Found(f"[{', '.join(parts)}]", hits, len(where))
        return self._mapped(target, where, depth, least)

    def _mapped(self, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
        chosen = set(where)
        for loop in self.scope.loops.values():
            counts = Counter(loop.scope.owners)
            if not all(counts[i] == len(target[i]) for i in where) or not any(counts[i] for i in where):
                continue
            place: Counter[int] = Counter()
            inner: list[Any] = []
            for owner in loop.scope.owners:
                inner.append(target[owner][place[owner]] if owner in chosen else UNDEFINED)
                place[owner] += 1
            records = [k for k, owner in enumerate(loop.scope.owners) if owner in chosen]
            found = self.loop(loop.name).value(inner, records, depth, least)
            if found is not None:
                share = found.share
                return Found(f"[{found.source} for m in {loop.name}]", round(share * len(where)), len(where))
        return None

    def _branched(
        self, target: list[Any], where: list[int], ranked: list[Found], depth: int, least: float
    ) -> Found | None:
        """`a if condition else b`: two expressions, and a condition that tells their examples apart."""
        everything: int = sum(1 << i for i in where)
        covers: list[tuple[Found, int]] = []
        for found in ranked[:12]:
            values = self.scope.column(found.source)
            mask = sum(1 << i for i in where if _equal(values[i], target[i]))
            if mask:
                covers.append((found, mask))
        for position, (one, covered) in enumerate(covers):
            rest = everything & ~covered
            others = [(b, mask) for b, mask in covers[position + 1 :] if not rest & ~mask]
            for other, mask in others:
                condition = self.separates(covered & ~mask, rest)
                if condition is not None:
                    return Found(f"{one.source} if {condition.source} else {other.source}", len(where), len(where))
        for one, covered in covers[:4]:
            rest_examples = [i for i in where if not covered >> i & 1]
            if len(rest_examples) >= len(where) or depth < 1 or not rest_examples:
                continue
            condition = self.separates(covered, everything & ~covered)
            if condition is None:
                continue
            other_found = self.value(target, rest_examples, depth - 1, least)
            if other_found is not None:
                source = f"{one.source} if {condition.source} else {other_found.source}"
                return Found(source, len(where), len(where))
        return None

    def separates(self, inside: int, outside: int) -> Predicate | None:
        """The simplest condition that holds in all examples of `inside` and in none of `outside`."""
        for predicate in self.predicates:
            for one in (predicate, predicate.opposite):
                if not inside & ~one.true and not outside & ~one.false:
                    return one
        wrong = max(1, (inside | outside).bit_count() // 100) if (inside | outside).bit_count() > 60 else 0
        if wrong:
            for predicate in self.predicates:
                for one in (predicate, predicate.opposite):
                    if (inside & ~one.true).bit_count() + (outside & ~one.false).bit_count() <= wrong:
                        return one
        return None


_OPERATIONS: tuple[tuple[str, Callable[[Any, Any], Any], bool], ...] = (
    ("+", operator.add, True),
    ("-", operator.sub, False),
    ("*", operator.mul, True),
)


def _combined(
    operation: Callable[[Any, Any], Any], one: Sequence[Any], other: Sequence[Any], places: int | None, at: int
) -> Any:
    x, y = one[at], other[at]
    if not (isinstance(x, int | float) and isinstance(y, int | float)):
        return UNDEFINED
    found = operation(x, y)
    return found if places is None else round(found, places)


def _shared(before: dict[str, Any], after: dict[str, Any]) -> float:
    """How much of one object is in another: fields that are the same, and a little for those that changed."""
    kept = sum(1.0 if same(before[name], value) else 0.3 for name, value in after.items() if name in before)
    return kept - 0.1 * len(before.keys() - after.keys())


def bitset(members: Iterable[int]) -> int:
    """A set of positions as one number."""
    return sum(1 << i for i in members)


def _fits(kind: str, kinds: set[type]) -> bool:
    allowed: dict[str, set[type]] = {
        "text": {str}, "number": {int, float}, "boolean": {bool}, "object": {dict}, "list": {list}, "objects": {list},
        "null": {type(None)},
    }  # fmt: skip
    return bool(allowed.get(kind, set()) & kinds)


def _equal(one: Any, other: Any) -> bool:
    if one is UNDEFINED:
        return False
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    return same(one, other)


__all__ = ["ABSENT", "Found", "Search", "bits", "column"]
