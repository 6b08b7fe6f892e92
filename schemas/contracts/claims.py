"""What clauses say about rows in the end, against one another and against what is there at the start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from schemas.contracts.patterns import Common
from schemas.contracts.rows import Absent, HowMany, RowIs, RowsOf, Unchanged
from schemas.contracts.wording import shown, title
from schemas.document import Finding, Pointer
from schemas.rows import key_text
from schemas.types import Row, World

Placed = tuple[Pointer, Common]


def conflicts(world: World, clauses: Sequence[Placed]) -> Iterator[Finding]:
    """Clauses over rows of which no two can hold at once, as far as keys and equal fields tell."""
    before: list[tuple[Pointer, RowsOf]] = []
    for at, clause in clauses:
        if not isinstance(clause, RowsOf) or clause.entity not in world.entities:
            continue
        for _, other in before:
            reason = _conflict(world, clause, other) or _conflict(world, other, clause)
            if reason is not None:
                yield Finding(at, f"never together with '{title(other)}': {reason}")
        before.append((at, clause))


def _conflict(world: World, one: RowsOf, other: RowsOf) -> str | None:
    if one.entity != other.entity:
        return None
    match one, other:
        case RowIs(), RowIs() if one.key is not None and _same_key(one, other):
            both = [name for name in one.fields if name in other.fields and one.fields[name] != other.fields[name]]
            if both:
                return f"{both[0]} is either {shown(one.fields[both[0]])} or {shown(other.fields[both[0]])}"
        case RowIs(), (Absent() | HowMany()) if _is_in(world, one, other):
            if isinstance(other, Absent):
                return "one wants the row that the other wants gone"
            if other.exactly == 0 or other.at_most == 0:
                return "one wants a row where the other wants none"
        case RowIs(), Unchanged() if one.key is not None and _seed(world, one) is not None:
            return _stays(world, one, other)
        case Unchanged(), Absent() if one.key is not None and _is_in(world, one, other):
            return "one wants the row that the other wants gone"
        case HowMany(), HowMany() if (one.key, one.match, one.where) == (other.key, other.match, other.where):
            if _least(one) > _most(other):
                return f"at least {_least(one)} against at most {_most(other):g}"
    return None


def _stays(world: World, wanted: RowIs, unchanged: Unchanged) -> str | None:
    seed = _seed(world, wanted)
    if seed is None or unchanged.where is not None or not (_same_key(wanted, unchanged) or _covers(seed, unchanged)):
        return None
    for name, value in wanted.fields.items():
        if name in (unchanged.fields or (name,)) and seed.get(name) != value:
            return f"{name} is {shown(seed.get(name))} at the start, not {shown(value)}"
    return None


def _covers(row: Row, clause: RowsOf) -> bool:
    return clause.key is None and all(row.get(name) == value for name, value in clause.match.items())


def _same_key(one: RowsOf, other: RowsOf) -> bool:
    return one.key is not None and other.key is not None and key_text(one.key) == key_text(other.key)


def _is_in(world: World, one: RowsOf, other: RowsOf) -> bool:
    """Whether the row that a clause wants is among those that another speaks of."""
    said: dict[str, Any] = dict(one.match)
    if isinstance(one, RowIs):
        said |= one.fields
    if one.key is not None:
        said[world.entities[one.entity].key] = one.key
    demanded: dict[str, Any] = dict(other.match)
    if other.key is not None:
        demanded[world.entities[other.entity].key] = other.key
    known = all(name in said and said[name] == value for name, value in demanded.items())
    return known and other.where in (None, one.where) and (bool(demanded) or other.where is None)


def _seed(world: World, clause: RowsOf) -> Row | None:
    key = world.entities[clause.entity].key
    rows = world.rows.get(clause.entity, ())
    wanted = None if clause.key is None else key_text(clause.key)
    return next((row for row in rows if key_text(row[key]) == wanted), None)


def _least(clause: HowMany) -> int:
    return clause.exactly if clause.exactly is not None else clause.at_least or 0


def _most(clause: HowMany) -> float:
    most = clause.exactly if clause.exactly is not None else clause.at_most
    return float("inf") if most is None else most
