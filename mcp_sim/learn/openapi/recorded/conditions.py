"""Conditions that recorded errors share across operations: how two arguments stand to one another, what is left out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mcp_sim.learn.openapi.recorded.errors import said, shape
from mcp_sim.learn.openapi.recorded.history import Example
from mcp_sim.learn.openapi.recorded.templates import UNKNOWN, Path, at_path, expression, leaves_of
from schemas.rows import key_text

_LEAST = 2
_MOST_PATHS = 40


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition under which a service refuses, and what it says then.

    Attributes:
        needs: the arguments that a tool must have for it.
        source: the expression that has to hold for the call to go on.
        text, status: what is said then.
        support: how many errors it explains.
    """

    needs: frozenset[str]
    source: str
    text: str
    status: int
    support: int


Relation = tuple[str, Callable[[Any, Any], bool]]
_RELATIONS: tuple[Relation, ...] = (
    (">", lambda one, other: one > other),
    (">=", lambda one, other: one >= other),
    ("!=", lambda one, other: key_text(one) != key_text(other)),
)


def conditions(examples: dict[str, list[Example]]) -> list[Condition]:
    """What explains errors of one text, each seen more than once, and no success of any operation."""
    fine = [one for of in examples.values() for one in of if not one.call.is_error]
    groups: dict[tuple[int, str], list[Example]] = defaultdict(list)
    for of in examples.values():
        for one in of:
            if one.call.is_error and not one.unknown and 400 <= one.status < 500:
                groups[one.status, shape(one)].append(one)
    found: dict[str, Condition] = {}
    for of in sorted(groups.values(), key=len, reverse=True):
        if len(of) >= _LEAST:
            condition = next(_explaining(of, fine), None)
            if condition is not None:
                found.setdefault(condition.source, condition)
    return list(found.values())


def _explaining(of: list[Example], fine: list[Example]) -> Iterator[Condition]:
    told = said(of)
    if told is None:
        return
    paths = [path for path, _ in leaves_of(of[0].arguments)][:_MOST_PATHS]
    for one in paths:
        for other in paths:
            if one == other:
                continue
            for sign, relation in _RELATIONS:
                if sign == "!=" and not _names_the_same(one, other):
                    continue
                if all(_holds(relation, one, other, example) for example in of) and not any(
                    _holds(relation, one, other, example) for example in fine
                ):
                    left, right = expression(one), expression(other)
                    left, right = (f"str({left})", f"str({right})") if sign == "!=" else (left, right)
                    source = f"{expression(one)} is None or {expression(other)} is None or not ({left} {sign} {right})"
                    yield Condition(frozenset((one[0], other[0])), source, *told, len(of))


def _names_the_same(one: Path, other: Path) -> bool:
    """Whether an argument of the path and one of the body may mean one thing."""
    return len(one) == 1 and len(other) > 1 and other[-1] in (one[0], "id") and one[0].endswith("id")


def _holds(relation: Callable[[Any, Any], bool], one: Path, other: Path, example: Example) -> bool:
    left, right = at_path(example.arguments, one), at_path(example.arguments, other)
    is_comparable = _measure(left) is not None and _measure(left) == _measure(right)
    return (is_comparable or _names_the_same(one, other)) and UNKNOWN not in (left, right) and relation(left, right)


def _measure(value: Any) -> str | None:
    """What a value measures, if there is a before and an after."""
    if isinstance(value, str):
        return "time" if re.match(r"\d{4}-\d\d", value) else None
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else None
