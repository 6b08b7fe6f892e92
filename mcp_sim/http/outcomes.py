"""Which errors an operation can answer with, read from its effect."""

from __future__ import annotations

from mcp_sim.http.operation import Operation
from schemas.effects import WRITES, Append, Delete, Edit, Link, Read, Require, Unlink, Update, walk

NOT_FOUND = "There is no such thing."


def refusals(operation: Operation) -> dict[int, list[str]]:
    """The error statuses of an operation, each with what it means."""
    found: dict[int, list[str]] = {400: ["An argument is missing, unknown or not valid."]}

    def note(status: int, text: str) -> None:
        texts = found.setdefault(status, [])
        if text not in texts:
            texts.append(text)

    for step in walk(operation.effect.steps):
        match step:
            case Require():
                note(step.status, step.error)
            case Read() if not step.optional:
                note(404, step.missing or NOT_FOUND)
            case Update() | Delete() | Append() | Edit() | Link() | Unlink():
                note(404, getattr(step, "missing", None) or NOT_FOUND)
        if isinstance(step, Delete):
            note(409, step.restricted or "Other rows still refer to it.")
        if isinstance(step, WRITES):
            note(409, "It would break a rule of the data: a reference, a unique or an immutable field.")
    if operation.has_body:
        note(413, "The body is too large.")
        note(415, "The body is not JSON.")
    return found
