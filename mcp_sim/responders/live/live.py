"""A real service as a responder."""

from __future__ import annotations

from mcp_sim.responders.base import Effort, NoDraft
from mcp_sim.responders.live.upstream import Upstream, UpstreamFailed
from schemas.types import Call, Draft, Tool, View

LIVE = "live"
"""The responder of a step that a real service answered."""


class Live:
    """Answers a call of one tool with what the real service says; changes nothing."""

    name = LIVE
    tries = 1
    invents = False

    def __init__(self, tool: Tool, upstream: Upstream) -> None:
        self._tool = tool
        self._upstream = upstream

    async def respond(self, call: Call, view: View, effort: Effort, /) -> Draft:  # noqa: ARG002 - nothing of ours says what it knows
        """The real answer.

        Raises:
            NoDraft: there is none; why, in one sentence.
        """
        try:
            return Draft(await self._upstream.ask(self._tool, call.arguments))
        except UpstreamFailed as error:
            raise NoDraft("unanswered", str(error), final=True) from None
