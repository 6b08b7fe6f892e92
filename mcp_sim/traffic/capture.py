"""The mode `capture`: the real service answers every call."""

from __future__ import annotations

from mcp_sim.session import Twin
from mcp_sim.traffic.real import Real
from schemas.types import Call, Step
from store.view import EntityView


class Capture:
    """Hands every call on; what is written down is the affair of the real service's recorder."""

    def __init__(self, real: Real) -> None:
        self._real = real

    async def step(self, call: Call, view: EntityView, twin: Twin, /) -> Step:  # noqa: ARG002 - there is none
        """The real step."""
        return await self._real.step(call, view, "captured")
