"""Which calls are told apart: what would let a modal error, or a memorised row, carry a score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from schemas.canonical import canonical
from schemas.recorded import Kind, RecordedCall
from schemas.rows import scalars
from schemas.types import Tool


class Seen:
    """Calls that a twin was learned from, by tool and arguments."""

    def __init__(self, calls: Iterable[RecordedCall]) -> None:
        self._calls = {_asked(call) for call in calls}

    def __contains__(self, call: RecordedCall) -> bool:
        return _asked(call) in self._calls


class Touched:
    """What the successful writes of one trajectory have spoken of so far."""

    def __init__(self) -> None:
        self._values: set[Any] = set()
        self._wrote = False

    def reads_it(self, call: RecordedCall, kind: Kind) -> bool:
        """Whether a call reads what was changed: its arguments share a value with a write, or it has none at all."""
        if kind != "read" or not self._wrote:
            return False
        asked = list(_values(call.arguments))
        return not asked or any(value in self._values for value in asked)

    def take(self, call: RecordedCall, kind: Kind) -> None:
        """Take in a call that has been answered."""
        if kind == "write" and not call.is_error:
            self._wrote = True
            self._values.update(_values(call.arguments))


def kind_of(call: RecordedCall, tool: Tool | None) -> Kind:
    """Whether a call reads or writes: as its recording says, else as the twin declares."""
    if call.kind != "unknown" or tool is None:
        return call.kind
    if tool.annotations.read_only is not None:
        return "read" if tool.annotations.read_only else "write"
    if tool.effect is None:
        return "unknown"
    return "write" if tool.writes else "read"


def _asked(call: RecordedCall) -> bytes:
    try:
        return call.tool.encode() + b"\0" + canonical(call.arguments)
    except TypeError:  # an integer beyond 64 bits, which no call holds twice
        return repr((call.tool, call.arguments)).encode()


def _values(value: Any) -> Iterator[Any]:
    """The texts and numbers that may name something: no truth values, no single letters or digits."""
    for found in scalars(value):
        if (isinstance(found, str) and len(found) > 1) or (
            isinstance(found, int | float) and not isinstance(found, bool) and abs(found) > 9
        ):
            yield found
