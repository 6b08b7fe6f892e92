"""What a whole service does as a habit, for the operations that nobody recorded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from mcp_sim.fidelity import wilson
from mcp_sim.learn.openapi.api import Api
from mcp_sim.learn.openapi.recorded.history import Example

_USUAL = 0.6
"""The share of calls, surely, that has to succeed for an answer that is made up to be better than none."""
_CONTENT = 0.05
"""How sure the content of such an answer is."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Habits of a service.

    Attributes:
        calls: those recorded that name nothing unknown in their paths; `succeed`: the share that succeeded, at least.
        takes_unknown: whether calls below things that no answer has shown mostly succeed.
        open_above: the entities below whose unknown rows they do.
    """

    calls: int
    succeed: float
    takes_unknown: bool
    open_above: frozenset[str]

    @classmethod
    def of(cls, api: Api, examples: dict[str, list[Example]]) -> Habits:
        """The habits that these examples show."""
        plain = [not one.call.is_error for of in examples.values() for one in of if not one.unknown]
        below = [
            not one.call.is_error
            for tool, of in examples.items()
            for one in of
            if one.unknown & set(api.parameters(tool)[: _depth(api, tool)])
        ]
        above: Counter[str] = Counter()
        for tool, of in examples.items():
            for one in of:
                for step in _above(api, tool):
                    if step["key"].removeprefix("args.") in one.unknown:
                        above[step["read"]] += -1 if one.call.is_error else 1
        share = sum(plain) / len(plain) if plain else 0.0
        taken = frozenset(entity for entity, balance in above.items() if balance > 0)
        return cls(len(plain), wilson(share, len(plain))[0], 2 * sum(below) > len(below), taken)

    def assume(self, api: Api, tool: str) -> None:
        """Let an operation that was never recorded keep to them."""
        effect = api.tools[tool]["effect"]
        open_ones = [step for step in _above(api, tool) if self.takes_unknown or step["read"] in self.open_above]
        effect["steps"] = [step for step in effect.get("steps", []) if step not in open_ones]
        if not effect["confidence"] and self.succeed >= _USUAL:
            effect["confidence"] = _CONTENT
            why = f"{self.succeed:.0%} of {self.calls} recorded calls succeed at least; what it says is made up"
            api.note(f"/tools/{tool}/effect", _CONTENT, why)


def _above(api: Api, tool: str) -> list[dict[str, Any]]:
    """The steps of a tool that want the things above it to be there."""
    return [step for step in api.tools[tool]["effect"].get("steps", []) if str(step.get("as", "")).startswith("above_")]


def _depth(api: Api, tool: str) -> int:
    """How many parameters of a path name what is above the thing itself."""
    return len(api.parameters(tool)) - (api.plans[tool].role in ("read", "update", "delete"))
