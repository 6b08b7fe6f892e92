"""What every real service is to us, whatever it speaks."""

from __future__ import annotations

from typing import Any, Protocol

from schemas.types import Observation, Tool

TIMEOUT = 30.0
"""Seconds that a real service has for an answer, unless told otherwise."""
MOST = 16 * 2**20
"""Bytes of one answer; what is longer is turned down before it is held."""


class UpstreamFailed(Exception):
    """The real service gave no answer that can be used: one sentence that says why."""


class Upstream(Protocol):
    """A real service, connected when it is first asked, and again after a failure."""

    name: str
    """What it is called in sentences."""

    async def ask(self, tool: Tool, arguments: dict[str, Any]) -> Observation:
        """What it answers to one call, business failures included.

        Raises:
            UpstreamFailed: it hung, died, or answered what is no answer.
        """
        ...

    async def aclose(self) -> None:
        """End the connection, and the process where one was started."""
        ...
