"""What expressions are built of: the values that the names of a scope hold, as columns over its examples."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.scope import Scope
from mcp_sim.learn.scope.loops import ARGUMENTS
from mcp_sim.learn.shapes import kind_of, shape
from mcp_sim.learn.sources import at_path, literal, safe_path
from mcp_sim.learn.tables import POSITION, Path

_MOST = 160


@dataclass(frozen=True)
class Atom:
    """An expression, what kind of values it has, and what it costs."""

    source: str
    kind: str
    cost: int
    values: tuple[Any, ...]


def atoms(scope: Scope) -> list[Atom]:
    """Every atom of a scope, the simplest first."""
    if scope.known_atoms is not None:
        return scope.known_atoms
    scope.known_atoms = _atoms(scope)
    return scope.known_atoms


def _atoms(scope: Scope) -> list[Atom]:
    found: dict[str, Atom] = {}
    for source, cost in _sources(scope):
        if source in found:
            continue
        values = tuple(scope.column(source))
        counts = Counter(kind_of(v) for v in values if v is not UNDEFINED and v is not None)
        kinds = set(counts)
        if len(kinds) > 1 and counts.most_common(1)[0][1] >= 0.9 * counts.total():
            kinds = {counts.most_common(1)[0][0]}
        if len(kinds) == 1 or kinds == {"list", "objects"}:
            kind = "objects" if "objects" in kinds else next(iter(kinds))
            found[source] = Atom(source, kind, cost, values)
    different: dict[tuple[Any, ...], Atom] = {}
    for atom in sorted(found.values(), key=lambda atom: atom.cost):
        different.setdefault(tuple(map(_mark, atom.values)), atom)
    return list(different.values())[:_MOST]


def _mark(value: Any) -> Any:
    """The same for the same value; of objects and lists, for the very same one."""
    return (type(value), value) if isinstance(value, str | int | float | None) else id(value)


def _sources(scope: Scope) -> Iterator[tuple[str, int]]:
    if scope.variable is not None:
        records = [names["m"] for names in scope.examples]
        inner = {b.name for b in scope.bindings}
        for path in shape(records):
            if path[0] not in inner:
                yield at_path("m", path), 2 * len(path)
        for binding in scope.bindings:
            yield from _below(scope, f"m.{binding.name}", 3)
    for path in shape(names["args"] for names in scope.examples):
        yield at_path("args", path), 2 * len(path)
    yield from _chosen_fields(scope)
    yield from _of_last(scope)
    bound = {b.name for b in scope.bindings} if scope.variable is None else set()
    names = scope.examples[0] if scope.examples else {}
    for name in names:
        if name in ("args", "rows", "m", "now"):
            continue
        if name in bound or any(isinstance(e.get(name), dict) for e in scope.examples[:50]):
            yield from _below(scope, name, 3 if scope.variable is None else 4)


def _of_last(scope: Scope) -> Iterator[tuple[str, int]]:
    """What the last record of a list of arguments holds: services do leave a loop with it in hand."""
    names = scope.examples[0] if scope.examples else {}
    for name, value in names.items():
        if name.startswith(ARGUMENTS) and isinstance(value, list):
            records = [e[name][-1] for e in scope.examples[:200] if e[name]]
            for path in shape(records):
                if len(path) > 1:
                    yield f"at(last({name}), {', '.join(map(literal, path))})", 5 + len(path)


def _chosen_fields(scope: Scope) -> Iterator[tuple[str, int]]:
    """The field of a row that an argument names."""
    if scope.variable is not None:
        return
    for binding in scope.bindings:
        if binding.table is None:
            continue
        fields = {f for v in scope.column(binding.name) if isinstance(v, dict) for f in v}
        for name in dict.fromkeys(n for e in scope.examples for n in e["args"]):
            values = [v for e in scope.examples if isinstance(v := e["args"].get(name), str)]
            if values and sum(v in fields for v in values) >= 0.5 * len(values) and name.isidentifier():
                yield f"at({binding.name}, args.{name})", 5


def _below(scope: Scope, source: str, cost: int) -> Iterator[tuple[str, int]]:
    values = [v for v in scope.column(source) if isinstance(v, dict)]
    yield source, cost
    form = shape(values)
    safe = source.startswith("m.") or any(b.name == source and b.depth > 1 for b in scope.bindings)
    reach = safe_path if safe else at_path
    for path, kinds in form.items():
        if path[-1] == POSITION:
            continue
        yield reach(source, path), cost + len(path)
        if kinds["objects"]:
            for end in (0, -1):
                items = [at_path_of(v, path, end) for v in values[:100]]
                for inner, inner_kinds in shape(items).items():
                    if len(inner) == 1 and not inner_kinds["object"] and not inner_kinds["objects"]:
                        yield (
                            f"at({source}, {', '.join(map(literal, path))}, {end}, {literal(inner[0])})",
                            cost + len(path) + 3,
                        )


def at_path_of(value: Any, path: Path, end: int) -> Any:
    """The first or last item of the list at a path."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value[end] if isinstance(value, list) and value else None


def amounts(scope: Scope) -> list[Atom]:
    """Numbers that sums over loops give: of a field, and of differences and products of two."""
    found: dict[tuple[Any, ...], Atom] = {}
    for loop in scope.loops.values():
        inner = [a for a in atoms(loop.scope) if a.kind == "number" and "m." in a.source][:8]
        forms = [(a.source, a.cost, list(a.values)) for a in inner]
        forms += [
            (f"{a.source} - {b.source}", a.cost + b.cost, _each(operator.sub, a, b))
            for a in inner
            for b in inner
            if a is not b
        ]
        forms += [
            (f"{a.source} * {b.source}", a.cost + b.cost, _each(operator.mul, a, b))
            for k, a in enumerate(inner)
            for b in inner[k + 1 :]
        ]
        for form, cost, values in forms:
            sums = _summed(values, loop.scope.owners, len(scope.examples))
            if any(v is not UNDEFINED for v in sums):
                found.setdefault(sums, Atom(f"sum([{form} for m in {loop.name}])", "number", cost + 3, sums))
    return list(found.values())


def products(numbers: list[Atom]) -> list[Atom]:
    """Numbers that arguments give, times others: what so many of something come to."""
    found = []
    for one in [a for a in numbers if a.source.startswith("args.")][:3]:
        for other in [a for a in numbers if a is not one][:12]:
            values = tuple(_each(operator.mul, one, other))
            if any(v is not UNDEFINED for v in values):
                found.append(Atom(f"{one.source} * {other.source}", "number", one.cost + other.cost + 2, values))
    return found


def _each(operation: Callable[[Any, Any], Any], one: Atom, other: Atom) -> list[Any]:
    return [
        operation(x, y) if _is_number(x) and _is_number(y) else UNDEFINED
        for x, y in zip(one.values, other.values, strict=True)
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _summed(values: list[Any], owners: list[int], size: int) -> tuple[Any, ...]:
    sums: list[Any] = [0] * size
    for value, owner in zip(values, owners, strict=True):
        if not _is_number(value) or sums[owner] is UNDEFINED:
            sums[owner] = UNDEFINED
        else:
            sums[owner] += value
    return tuple(sums)


__all__ = ["Atom", "amounts", "atoms", "products"]
