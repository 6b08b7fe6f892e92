"""The shortest expression that explains a value in every example."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from mcp_sim.learn.atoms import Atom, amounts, atoms, products
from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.predicates import Predicate, left_out, predicates
from mcp_sim.learn.scope import Scope
from mcp_sim.learn.search.branches import branched
from mcp_sim.learn.search.cases import Case, cased, in_shapes
from mcp_sim.learn.search.entries import tabled
from mcp_sim.learn.search.forms import constant, forms, sums
from mcp_sim.learn.search.found import Found, bitset, equal
from mcp_sim.learn.search.linear import linear
from mcp_sim.learn.search.lists import listed
from mcp_sim.learn.search.objects import composed
from mcp_sim.learn.search.pieces import in_forms, pieced
from mcp_sim.learn.search.texts import text_of

_PROBES = 12
_FEWER = 5
_PER_CONDITION = 5
"""Examples that there are at least for every condition."""
_OPTIONS = 12
"""Expressions that may stand under conditions together."""


class Search:
    """Searches expressions over one scope.

    Attributes:
        pools: numbers that sums are made of, by the examples in which they are sought and the atoms that there are.
    """

    def __init__(self, scope: Scope, tables: dict[str, Any], inner: bool = False) -> None:
        self.scope = scope
        self.tables = tables
        self.inner = inner
        self.balances: list[Predicate] = []
        self.pools: dict[Any, list[Atom]] = {}
        self.blamed: dict[str, list[Predicate]] = {}
        self._loops: dict[str, Search] = {}
        self._known: dict[Any, Found | None] = {}

    @cached_property
    def atoms(self) -> list[Atom]:
        """The atoms of the scope."""
        return atoms(self.scope)

    @cached_property
    def amounts(self) -> list[Atom]:
        """What sums over the loops of the scope, and products with arguments, come to."""
        return [*amounts(self.scope), *products([a for a in self.atoms if a.kind == "number"][:30])]

    @cached_property
    def predicates(self) -> list[Predicate]:
        """The conditions of the scope."""
        return predicates(self.scope, self.tables, self.inner)

    @cached_property
    def left_out(self) -> list[Predicate]:
        """For each argument that some calls leave out, the condition that it is not there."""
        return [p for p in left_out(self.scope) if p.true]

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
        asked = (depth, least, tuple(where), repr([target[i] for i in where]))
        if asked not in self._known:
            self._known[asked] = self._value(target, where, depth, least)
        return self._known[asked]

    def name(self, name: str, source: str) -> str:
        """Name the value of an expression, if that can be done; the expression by which it is to be had."""
        self.scope.bind(name, source, None, 1)
        binding = next((b for b in self.scope.bindings if b.source == source), None)
        if binding is None or self.inner:
            return source
        self.atoms = atoms(self.scope)
        self.forget()
        return binding.name

    def forget(self) -> None:
        """Search anew, as there are other atoms."""
        self._known.clear()
        self.pools.clear()

    def _value(self, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
        ranked = self._ranked(target, where)
        if ranked and ranked[0].share >= least:
            return self._with_rivals(ranked)
        if depth > 0 and all(_is_number(target[i]) for i in where):
            summed = linear(self, target, where, least)
            if summed is not None:
                return summed
        if all(isinstance(target[i], bool) for i in where):
            return self._decided(target, where)
        built = self._built(target, where, depth, least)
        if built is not None or (depth > 0 and (built := constant(self, target, where)) is not None):
            return built
        if depth > 0:
            return self._told_apart(target, where, ranked, depth, least)
        return None

    def _told_apart(
        self, target: list[Any], where: list[int], ranked: list[Found], depth: int, least: float
    ) -> Found | None:
        """Expressions under conditions, as few as will do: many conditions for few examples are no rule."""
        found = in_shapes(self, target, where, depth - 1, least) or branched(self, target, where, ranked, depth, least)
        if found is None or _conditions(found) > 1:
            others = [tabled(self, target, where, least), self._in_cases(target, where, ranked, least)]
            found = min((f for f in [found, *others] if f is not None), key=lambda f: len(f.source), default=None)
        return found if found is not None and _conditions(found) <= max(1, len(where) // _PER_CONDITION) else None

    def _in_cases(self, target: list[Any], where: list[int], ranked: list[Found], least: float) -> Found | None:
        """Several expressions under conditions; of texts, several forms."""
        options = [Case(f.source, self._covered(f.source, target, where)) for f in ranked[:_OPTIONS]]
        found = cased(self, options, target, where, least) if len(options) > 1 else None
        if found is None and all(isinstance(target[i], str) for i in where):
            return in_forms(self, {i: target[i] for i in where}, least)
        return found

    def _covered(self, source: str, target: list[Any], where: list[int]) -> int:
        values = self.scope.column(source)
        return bitset(i for i in where if equal(values[i], target[i]))

    def field(
        self, name: str, target: list[Any], where: list[int], depth: int = 2, least: float = 0.98
    ) -> Found | None:
        """An expression for a field: the argument of its name, if that is it, else the shortest one."""
        given = next((a for a in self.atoms if a.source == f"args.{name}"), None)
        where = [i for i in where if target[i] is not UNDEFINED]
        if given is not None and where and all(equal(given.values[i], target[i]) for i in where):
            return Found(given.source, len(where), len(where))
        return self.value(target, where, depth, least)

    def _with_rivals(self, ranked: list[Found]) -> Found:
        best = ranked[0]
        best.rivals = [f.source for f in ranked[1:6] if f.hits == best.hits]
        return best

    def _ranked(self, target: list[Any], where: list[int]) -> list[Found]:
        step = max(1, len(where) // _PROBES)
        probes = where[::step][: _PROBES * 2]
        found: list[tuple[int, int, str]] = []
        for source, cost in forms(self, target, where):
            if any(equal(self.scope.at(source, i), target[i]) for i in probes):
                values = self.scope.column(source)
                hits = sum(equal(values[i], target[i]) for i in where)
                found.append((hits, cost, source))
        if all(isinstance(target[i], int | float) and not isinstance(target[i], bool) for i in where):
            for source, cost, value in sums(self):
                if any(value(i) == target[i] for i in probes[:_FEWER]):
                    hits = sum(equal(value(i), target[i]) for i in where)
                    found.append((hits, cost, source))
        found.sort(key=lambda f: (-f[0], f[1], len(f[2])))
        return [Found(source, hits, len(where)) for hits, _, source in found[:40]]

    def _built(self, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
        """A value put together from parts: objects, lists that grow, lists of records."""
        values = [target[i] for i in where]
        if all(isinstance(v, dict) for v in values):
            return composed(self, target, where, depth, least)
        if all(isinstance(v, list) for v in values):
            return listed(self, target, where, depth, least)
        if depth > 0 and all(isinstance(v, str) for v in values):
            texts = {i: target[i] for i in where}
            return text_of(self, texts, least) or pieced(self, texts, least)
        return None

    def _decided(self, target: list[Any], where: list[int]) -> Found | None:
        """A condition that is the target."""
        inside = sum(1 << i for i in where if target[i])
        outside = sum(1 << i for i in where if not target[i])
        rule = self.separates(inside, outside) if inside and outside else None
        return None if rule is None else Found(rule.source, len(where), len(where))

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


def _conditions(found: Found) -> int:
    return found.source.count(" if ")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
