"""A model on OpenAI-compatible servers, as a function from messages to text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from mcp_sim.worldmodel.client import Client, Unanswered
from mcp_sim.worldmodel.settings import Settings
from mcp_sim.worldmodel.wire import Message
from mcp_sim.worldmodel.worldmodel import OPEN_SERVERS
from schemas.validate import nearest

Predictor = Callable[[tuple[Message, ...]], Awaitable[str]]
"""Whatever answers a chat; raises Unanswered where it cannot."""


class Served:
    """One model behind its servers; connections are made at the first question.

    Raises:
        Unanswered: when called, if no answer came: no server, no such model, a refusal, silence.
    """

    def __init__(self, settings: Settings, *, tokens: int = 4096, thinking: bool | None = None) -> None:
        """Prepare.

        Args:
            settings: the servers, the model, the sampling, the deadline of a question.
            tokens: the most that an answer may have.
            thinking: whether it is to think first, where the server lets one choose; None: as it is used to.
        """
        self.settings = settings
        self.model = settings.model
        self._client = Client(settings)
        self._tokens = tokens
        self._thinking = thinking
        self._more: dict[str, Any] = {}
        self._connected = False
        self._connecting = asyncio.Lock()

    async def __call__(self, messages: Sequence[Message]) -> str:
        """The answer to a chat."""
        await self.connect()
        deadline = time.monotonic() + self.settings.deadline
        asked = {"max_tokens": self._tokens, **self._more}
        return (await self._client.complete(self.model, tuple(messages), deadline=deadline, **asked)).text

    async def connect(self) -> None:
        """Find the model.

        Raises:
            Unanswered: no server answers, or none offers it.
        """
        async with self._connecting:
            if self._connected:
                return
            offered = await self._client.models()
            name = self.settings.model or next(iter(offered))
            if name not in offered:
                raise Unanswered(
                    f"no server offers the model '{name}'{nearest(name, offered)}; offered: {', '.join(offered)}"
                )
            self.model = name
            knows_more = offered[name].get("owned_by") in OPEN_SERVERS
            self._more = {
                word: value for word, value in self.settings.sampling.items() if knows_more or word != "top_k"
            }
            if knows_more and self._thinking is not None:
                self._more["chat_template_kwargs"] = {"enable_thinking": self._thinking}
            self._connected = True

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()
