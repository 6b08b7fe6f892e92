"""What a whole service does as a habit, for the operations that nobody recorded."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    calls: int
    succeed: float
    takes_unknown: bool

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
        share = sum(plain) / len(plain) if plain else 0.0
        return cls(len(plain), wilson(share, len(plain))[0], 2 * sum(below) > len(below))

    def assume(self, api: Api, tool: str) -> None:
        """Let an operation that was never recorded keep to them."""
        effect = api.tools[tool]["effect"]
        if self.takes_unknown:
            steps = [step for step in effect.get("steps", []) if not str(step.get("as", "")).startswith("above_")]
            effect["steps"] = steps
        if not effect["confidence"] and self.succeed >= _USUAL:
            effect["confidence"] = _CONTENT
            why = f"{self.succeed:.0%} of {self.calls} recorded calls succeed at least; what it says is made up"
            api.note(f"/tools/{tool}/effect", _CONTENT, why)


def _depth(api: Api, tool: str) -> int:
    """How many parameters of a path name what is above the thing itself."""
    return len(api.parameters(tool)) - (api.plans[tool].role in ("read", "update", "delete"))
