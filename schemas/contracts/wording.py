"""Clauses and patterns in words, as reports and errors name them."""

from __future__ import annotations

from typing import Any

import orjson

from schemas.contracts.clauses import AllOf, AnyOf, Not
from schemas.contracts.conduct import Budget, Python
from schemas.contracts.order import Absence, Between, Choice, Exactly, ExclusiveChoice, Existence
from schemas.contracts.patterns import Common, Pattern
from schemas.contracts.rows import Answer, HowMany, May, NothingElse, RowIs, RowsOf, State

_LONG = 60


def title(clause: Common) -> str:
    """What a clause is called: its name, or what it says in short."""
    return clause.name or _short(_said(clause), 100)


def calls(pattern: Pattern) -> str:
    """A pattern of calls in words: `checkout(cart_id=CRT-0001) that succeeds`."""
    text = " or ".join(pattern.tools) if pattern.tools != ("*",) else "any call"
    if pattern.args:
        text += f"({fields(pattern.args)})"
    if pattern.ok is not None:
        text += " that succeeds" if pattern.ok else " that fails"
    return text if pattern.where is None else f"{text} where {_short(pattern.where, _LONG)}"


def rows(clause: RowsOf, noun: str = "") -> str:
    """The rows of a clause in words: `refund with order_id=ORD-00005`."""
    text = f"{clause.entity}{noun}" if clause.key is None else f"{clause.entity} {clause.key}"
    if clause.match:
        text += f" with {fields(clause.match)}"
    return text if clause.where is None else f"{text} where {_short(clause.where, _LONG)}"


def fields(values: dict[str, Any]) -> str:
    """Fields and their values: `status=paid, total_cents=5`."""
    return ", ".join(f"{name}={shown(value)}" for name, value in values.items())


def shown(value: Any) -> str:
    """A value in short; a text without quotes."""
    return _short(value if isinstance(value, str) else orjson.dumps(value, default=repr).decode(), _LONG)


def _said(clause: Common) -> str:
    verb = clause.verb
    match clause:
        case RowIs():
            return f"row {rows(clause)}" + (f": {fields(clause.fields)}" if clause.fields else "")
        case HowMany():
            bounds = {"is": clause.exactly, "at least": clause.at_least, "at most": clause.at_most}
            return f"count of {rows(clause)} " + " ".join(f"{word} {n}" for word, n in bounds.items() if n is not None)
        case RowsOf():
            return f"{verb} {rows(clause)}"
        case State():
            return clause.state
        case Answer():
            return clause.answer
        case May():
            return f"may change {clause.may}" + (f" {clause.key}" if clause.key is not None else "")
        case NothingElse():
            return "nothing else changes"
        case Existence() | Absence() | Exactly():
            return f"{verb}({calls(getattr(clause, verb))}{f', {clause.n}' if clause.n > 1 else ''})"
        case Between():
            return f"{verb}({', '.join(map(calls, clause.pair))})"
        case Choice() | ExclusiveChoice():
            return f"{verb}({', '.join(map(calls, getattr(clause, verb)))})"
        case Budget():
            given = clause.budget.model_dump(exclude_none=True)
            return "budget: " + ", ".join(f"{name} {limit:g}" for name, limit in given.items())
        case Python():
            return clause.python
        case AnyOf() | AllOf():
            word = " or " if isinstance(clause, AnyOf) else " and "
            return word.join(map(title, clause.parts))
        case Not():
            return f"not: {title(clause.clause)}"
    pattern = getattr(clause, verb)
    return f"{verb}({calls(pattern)})" if pattern != Pattern() else verb


def _short(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"
