"""The one shape of every source of answers."""

from __future__ import annotations

from typing import Any, Protocol

import orjson

from schemas.types import Call, Draft, Observation, View


class Responder(Protocol):
    """Proposes what to say and what to change; commits nothing."""

    name: str

    async def respond(self, call: Call, view: View) -> Draft:
        """A Draft for this call. No database transaction is open meanwhile."""
        ...


def answer(content: Any, status: int = 200) -> Observation:
    """An Observation of JSON, mirrored as text."""
    return Observation(orjson.dumps(content).decode(), content, status=status)


def refusal(text: str, status: int) -> Observation:
    """An Observation that tells the agent what went wrong."""
    return Observation(text, is_error=True, status=status)
