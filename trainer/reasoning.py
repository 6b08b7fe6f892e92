"""What a world model could have thought before an answer, told from the engine's own facts: no teacher is asked."""

from __future__ import annotations

from typing import Any

from schemas.canonical import canonical
from trainer.record import Record

_MOST = 8
"""Rows and changes that are told."""


def reasoning(record: Record) -> str:
    """Short sentences: the call, the rows it names, the condition that decided, what changes. Empty without facts."""
    facts = record.facts
    if "tool" not in facts:
        return ""
    called = canonical(facts.get("arguments", {})).decode()
    said = [f"{facts['tool']} {called}."]
    for entity, key, exists in facts.get("named", ())[:_MOST]:
        said.append(f"{entity} {key} is there." if exists else f"There is no {entity} {key}.")
    if facts.get("is_error"):
        said.append(_refused(facts))
    elif facts.get("kind") == "write":
        said.append(_changed(facts.get("changes", ())))
    else:
        said.append("It only reads.")
    return " ".join(said)


def _refused(facts: dict[str, Any]) -> str:
    guard = facts.get("guard")
    return f"Refused: not {guard}." if guard else "Refused."


def _changed(changes: Any) -> str:
    told = [_change(change) for change in changes[:_MOST]]
    more = len(changes) - len(told)
    return " ".join([*told, *([f"And {more} more."] if more else [])]) if told else "Nothing changes."


def _change(change: dict[str, Any]) -> str:
    match change["op"]:
        case "create":
            return f"A new {change['entity']}."
        case "delete":
            return f"{change['entity']} {change['key']} goes."
    return f"{change['entity']} {change['key']} changes: {', '.join(change['fields'])}."
