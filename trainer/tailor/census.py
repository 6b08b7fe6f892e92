"""What is counted while recordings are read for the first time: the tools of each domain and how they are called."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from schemas.recorded import RecordedCall
from schemas.rows import key_text, scalars

_SAMPLES = 8
_VALUES = 20_000


@dataclass(slots=True)
class ToolUse:
    """How one tool is called.

    Attributes:
        calls: how often, by whether it reads or writes.
        kinds: the JSON types of each argument.
        always: the arguments that no call left out.
        samples: the arguments of some calls.
    """

    calls: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    always: set[str] = field(default_factory=set)
    samples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def reads(self) -> bool | None:
        """Whether it only reads; None where the recording does not say."""
        if self.calls["write"]:
            return False
        return True if self.calls["read"] and not self.calls["unknown"] else None

    def take(self, call: RecordedCall) -> None:
        """Take in one call."""
        self.always = set(call.arguments) if not self.calls else self.always & call.arguments.keys()
        self.calls[call.kind] += 1
        for name, value in call.arguments.items():
            self.kinds.setdefault(name, set()).add(_kind(value))
        if len(self.samples) < _SAMPLES and not call.is_error:
            self.samples.append(call.arguments)

    def add(self, other: ToolUse) -> ToolUse:
        """Both together."""
        kinds = {name: self.kinds.get(name, set()) | other.kinds.get(name, set()) for name in self.kinds | other.kinds}
        always = self.always & other.always if self.calls and other.calls else self.always | other.always
        return ToolUse(self.calls + other.calls, kinds, always, (self.samples + other.samples)[:_SAMPLES])


@dataclass(slots=True)
class Domain:
    """The calls of one domain: how each tool is used, and the texts that arguments hold."""

    tools: dict[str, ToolUse] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)
    calls: int = 0

    def take(self, call: RecordedCall) -> None:
        """Take in one call."""
        self.calls += 1
        self.tools.setdefault(call.tool, ToolUse()).take(call)
        if len(self.values) < _VALUES:
            self.values.update(key_text(value) for value in scalars(call.arguments) if isinstance(value, str))


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case None:
            return "null"
    return "object"
