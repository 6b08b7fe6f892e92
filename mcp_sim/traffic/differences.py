"""What two answers to one call have not in common, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mcp_sim.fidelity import NOT_JSON, Leaf, leaves, parsed, same_text
from schemas.types import Observation

ABSENT: Final = "absent"
"""What stands for a value that is not there."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: its JSON Pointer, and what each side says there; `left` or `right` is None where it says nothing.

    A side says the JSON of its value as text, so that null is not nothing.
    """

    pointer: str
    left: str | None
    right: str | None

    def __str__(self) -> str:
        place = self.pointer or "the answer"
        left, right = (ABSENT if side is None else _short(side) for side in (self.left, self.right))
        return f"{place}: {left}, not {right}"


def json_differences(left: Any, right: Any) -> list[Difference]:
    """The fields in which two JSON values differ, in the order of their pointers."""
    found: dict[str, list[str | None]] = {}
    ours, theirs = leaves(left), leaves(right)
    for side, missing in ((0, ours - theirs), (1, theirs - ours)):
        for leaf in missing:
            found.setdefault(_pointer(leaf), [None, None])[side] = _value(leaf)
    return [Difference(pointer, *sides) for pointer, sides in sorted(found.items())]


def answer_differences(real: Observation, twin: Observation) -> list[Difference]:
    """The fields in which two observations differ, as a client would see them."""
    found: list[Difference] = []
    if real.is_error != twin.is_error:
        words = {True: "error", False: "success"}
        return [
            Difference("is_error", words[real.is_error], words[twin.is_error]),
            *([] if real.text.strip() == twin.text.strip() else [Difference("text", real.text, twin.text)]),
        ]
    if real.structured_content is not None and not real.is_error:  # an error is its text alone
        found += _under("structured", json_differences(real.structured_content, twin.structured_content))
    if same_text(real.text, twin.text) or (_is_nothing(real.text) and _is_nothing(twin.text)):
        return found
    ours, theirs = parsed(real.text), parsed(twin.text)
    if isinstance(ours, dict | list) and theirs is not NOT_JSON:
        return found + _under("text", json_differences(ours, theirs))
    return [*found, Difference("text", real.text, twin.text)]


def _is_nothing(text: str) -> bool:
    """Whether a text says nothing: there is none, or it is null."""
    return text.strip() in ("", "null")


def _under(name: str, found: list[Difference]) -> list[Difference]:
    return [Difference(f"{name}{one.pointer}", one.left, one.right) for one in found]


def _pointer(leaf: Leaf) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in leaf[0])


def _value(leaf: Leaf) -> str:
    _, kind, value = leaf
    match kind:
        case "object":
            return "{}"
        case "list":
            return "[]"
        case "null":
            return "null"
        case "boolean":
            return "true" if value else "false"
        case "text":
            return repr(value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:120]}…"
