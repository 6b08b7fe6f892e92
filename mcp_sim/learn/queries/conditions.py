"""Conditions on the rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from mcp_sim.learn.sources import attribute, literal
from mcp_sim.learn.tables import POSITION, Row, Table

WORDS = 5
"""What a search for words costs; several of them may be alternatives."""
_ORDERS: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = (
    (">=", lambda x, y: bool(x >= y)),
    ("<=", lambda x, y: bool(x <= y)),
)


@dataclass(frozen=True)
class Condition:
    """A condition on one row: an expression over `r`, and what it means."""

    source: str
    holds: Callable[[Row, Row], bool]
    argument: str | None
    cost: int


def of_argument(table: Table, name: str) -> Iterator[Condition]:
    """Every condition that compares a field with an argument."""
    argument = attribute("args", name)
    for field in table.fields:
        if field == POSITION:
            continue
        here = attribute("r", field)
        yield Condition(f"{here} == {argument}", partial(_equals, field, name), name, 2)
        for sign, test in _ORDERS:
            yield Condition(
                f"{here} {sign} {argument}",
                partial(_ordered, field, name, test),
                name,
                3,
            )
        yield Condition(
            f"lower({argument}) in lower({here})",
            partial(_found_in, field, name),
            name,
            WORDS,
        )
        yield Condition(
            f"{argument} in {here}",
            partial(_has, field, name),
            name,
            4,
        )


def constant(field: str, value: str | bool) -> Condition:
    """A field that has always the same value."""
    return Condition(f"{attribute('r', field)} == {literal(value)}", partial(_is, field, value), None, 3)


def any_of(words: list[Condition], given: list[tuple[Row, Row]], name: str) -> Condition | None:
    """The fewest of these conditions of which one holds for every row."""
    left = list(given)
    taken: list[Condition] = []
    while left:
        best = max(words, key=lambda c: sum(c.holds(r, a) for r, a in left), default=None)
        if best is None or not any(best.holds(r, a) for r, a in left):
            return None
        taken.append(best)
        left = [(r, a) for r, a in left if not best.holds(r, a)]
    source = " or ".join(c.source for c in taken)
    return Condition(f"({source})", lambda r, a: any(c.holds(r, a) for c in taken), name, 4)


def _is(field: str, value: Any, row: Row, _: Row) -> bool:
    return bool(row.get(field) == value)


def _equals(field: str, name: str, row: Row, arguments: Row) -> bool:
    return bool(row.get(field) == arguments[name])


def _ordered(field: str, name: str, test: Callable[[Any, Any], bool], row: Row, arguments: Row) -> bool:
    return _comparable(row.get(field), arguments[name]) and test(row[field], arguments[name])


def _found_in(field: str, name: str, row: Row, arguments: Row) -> bool:
    return str(arguments[name]).lower() in str(row.get(field)).lower()


def _has(field: str, name: str, row: Row, arguments: Row) -> bool:
    return isinstance(row.get(field), list) and arguments[name] in row[field]


def _comparable(one: Any, other: Any) -> bool:
    return (isinstance(one, str) and isinstance(other, str)) or (
        isinstance(one, int | float) and isinstance(other, int | float)
    )
