"""Calls, answers and faults in a few words, safe to show anywhere."""

from __future__ import annotations

import json
import re
from typing import Any

from schemas.types import Acted, Call, LedgerEntry, Observation, Step

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]")
"""Control characters but tab and new line, and those that turn the direction of writing."""


def printable(text: str) -> str:
    """The text with everything spelled out that a terminal would obey, or that is no character at all."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), whole)


def brief(text: str, room: int = 160) -> str:
    """The text on one line, its end left out where it is longer than `room` characters."""
    line = " ".join(printable(text[: 4 * room]).split())
    return line if len(line) <= room and len(text) <= 4 * room else f"{line[: room - 1]}…"


def shortened(text: str, room: int) -> str:
    """Beginning and end of a text, and between them how much is left out."""
    if len(text) <= room:
        return printable(text)
    head, tail = text[: room * 3 // 4], text[len(text) - room // 4 :]
    return f"{printable(head)}\n… {len(text) - len(head) - len(tail):,} characters left out …\n{printable(tail)}"


def value(given: Any, room: int = 60) -> str:
    """A JSON value on one line."""
    return brief(as_json(given), room)


def as_json(given: Any, indent: int | None = None) -> str:
    """A JSON value as text, whatever stands in its texts."""
    return json.dumps(given, ensure_ascii=False, indent=indent, separators=(",", ":") if indent is None else None)


def arguments(call: Call, room: int = 60) -> str:
    """The arguments of a call: `id="ORD-1", amount=5`."""
    return ", ".join(f"{brief(name, room)}={value(given, room)}" for name, given in call.arguments.items())


def called(call: Call) -> str:
    """The call: `refund_order(order_id="ORD-1")`."""
    return f"{call.tool}({brief(arguments(call), 200)})"


def answered(observation: Observation, room: int = 160) -> str:
    """What the agent saw: `429 Too many requests`, or the beginning of the answer."""
    told = brief(observation.text, room)
    return f"{observation.status} {told}" if observation.is_error else told


def acted(one: Acted) -> str:
    """A perturbation by its name and kind: `lost receipts (timeout)`."""
    return f"{one.name} ({one.kind})" if one.name and one.name != one.kind else one.kind


def told(step: Step) -> str:
    """A step on one line: `step 7  refund_order(...)  ->  504 The request timed out  [lost receipts (timeout)]`."""
    waited = f"  after waiting {step.call.waited:g} s" if step.call.waited else ""
    faults = f"  [{', '.join(map(acted, step.perturbations))}]" if step.perturbations else ""
    return f"step {step.n}  {called(step.call)}{waited}  ->  {answered(step.observation)}{brief(faults, 120)}"


BLAMED = {"agent": "the agent", "fault": "an injected fault", "simulator": "the simulator"}


def owed(entry: LedgerEntry) -> str:
    """An entry of the ledger on one line: `step 7  checkout: 504, owed to an injected fault: The request timed out`."""
    went = f"{entry.status}, owed to {BLAMED[entry.blame]}" if entry.is_error else "answered, but not as it was"
    return f"step {entry.step}  {entry.tool}: {went}: {brief(entry.message)}"
