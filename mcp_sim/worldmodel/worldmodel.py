"""A world model: the servers that run it, what they are asked, and what is remembered of their answers."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcp_sim.worldmodel.client import Answer, BadRoles, Client, Unanswered, Unsupported
from mcp_sim.worldmodel.prompt import Prompt
from mcp_sim.worldmodel.settings import Settings
from mcp_sim.worldmodel.wire import Message
from schemas.canonical import canonical
from schemas.types import Completion, View
from schemas.validate import nearest

_IN_A_ROW = 3
"""Failures after which the world model is left alone for a while."""
_REST = 5.0
_OPEN_SERVERS = ("vllm", "sglang")
"""Owners of models, as servers name them, that understand more than the OpenAI API has."""
_MARGIN = 64
_log = logging.getLogger("mcp_sim")


@dataclass(frozen=True, slots=True)
class Asked:
    """How a question is asked.

    Attributes:
        kind: the class of the tool, `read` or `write`.
        attempt: how many proposals for the same call came before.
        deadline: the value of `time.monotonic()` by which the answer has to be there.
        length: how many times the usual number of tokens the answer may have.
    """

    kind: str
    attempt: int
    deadline: float
    length: int = 1


class WorldModel:
    """Asks the servers, and gives the same answer again to the same question.

    Attributes:
        model: the name of the model on the servers; empty until they were reached, unless it was given.
        share: the part of the usual length that a prompt may have, because the model's context is small.
    """

    def __init__(self, settings: Settings, client: Client | None = None, recorded: Iterable[Completion] = ()) -> None:
        self.settings = settings
        self.client = Client(settings) if client is None else client
        self.model = settings.model
        self.share = 1.0
        self._recorded = {completion.prompt: completion for completion in recorded}
        self._fingerprints = list(dict.fromkeys(completion.model for completion in self._recorded.values()))
        self._fingerprint: str | None = None
        self._understands_more = False
        self._takes_system = True
        self._unsupported: set[bytes] = set()
        self._failures = 0
        self._last = ""
        self._rests_until = 0.0
        self._connecting = asyncio.Lock()

    async def connect(self) -> None:
        """Find out which model the servers offer, and what it can do.

        Raises:
            Unanswered: no server can be reached, or none offers the model.
        """
        models = await self.client.models()
        name = self.model or next(iter(models))
        if name not in models:
            raise Unanswered(
                f"no server offers the model '{name}'{nearest(name, models)}; offered: {', '.join(models)}"
            )
        found = models[name]
        context = found.get("max_model_len")
        if isinstance(context, int):
            longest = max(self.settings.answer_tokens.values())
            self.share = min(1.0, max(context - longest - _MARGIN, context // 4) / self.settings.prompt_tokens)
        self.model = name
        self._understands_more = found.get("owned_by") in _OPEN_SERVERS
        self._fingerprint = _fingerprint(name, {word: found.get(word) for word in ("root", "max_model_len")})

    async def try_out(self) -> None:
        """Connect and let go again.

        Raises:
            Unanswered: no server can be reached, or none offers the model.
        """
        try:
            await self.connect()
        finally:
            await self.close()

    async def ready(self, deadline: float) -> None:
        """Be connected, if a server can be reached; recorded answers need none.

        Raises:
            Unanswered: none can.
        """
        if self._fingerprint is not None or self._fingerprints:
            return
        async with self._connecting:
            if self._fingerprint is None:
                self._patience()
                try:
                    async with asyncio.timeout(max(deadline - time.monotonic(), 0)):
                        await self.connect()
                except TimeoutError:
                    self._note("no server answers")
                    raise Unanswered("no server answers") from None
                except Unanswered as error:
                    self._note(str(error))
                    raise

    async def complete(self, prompt: Prompt, view: View, asked: Asked, spent: list[dict[str, float]]) -> Completion:
        """The answer to a prompt: the remembered one, or a fresh one.

        Raises:
            Unanswered: there is none.
        """
        sampling = self._sampling(asked)
        for fingerprint in [self._fingerprint] if self._fingerprint is not None else self._fingerprints:
            key = prompt.key(model=fingerprint, attempt=asked.attempt, sampling=sampling)
            kept = self._recorded.get(key) or view.recall(key)
            if kept is not None:
                spent.append({"recalled": 1})
                return kept
        if self._fingerprint is None:
            raise Unanswered("no such question was recorded, and no server is connected")
        self._patience()
        try:
            answer = await self._fresh(prompt, asked, sampling)
        except Unanswered as error:
            self._note(str(error))
            raise
        self._failures = 0
        spent.append(answer.spent)
        if answer.model:
            self._fingerprint = _fingerprint(self.model, {"system_fingerprint": answer.model})
        key = prompt.key(model=self._fingerprint, attempt=asked.attempt, sampling=sampling)
        return Completion(key, answer.text, self._fingerprint, answer.cut_off)

    async def close(self) -> None:
        """Let go of the connections."""
        await self.client.close()

    async def _fresh(self, prompt: Prompt, asked: Asked, sampling: dict[str, Any]) -> Answer:
        shape = canonical(prompt.schema)
        while True:
            more = dict(sampling)
            if prompt.schema is not None and self.settings.structured and shape not in self._unsupported:
                form = {"name": "observation", "schema": prompt.schema, "strict": True}
                more["response_format"] = {"type": "json_schema", "json_schema": form}
            messages = prompt.messages if self._takes_system else _without_system(prompt.messages)
            try:
                return await self.client.complete(self.model, messages, deadline=asked.deadline, **more)
            except Unsupported as error:
                if "response_format" not in more:
                    raise
                _log.warning("the server keeps no answer to this schema, so answers are only checked: %s", error)
                self._unsupported.add(shape)
            except BadRoles:
                if not self._takes_system:
                    raise
                _log.warning("the chat template has no system role, so its message goes before the first turn")
                self._takes_system = False

    def _sampling(self, asked: Asked) -> dict[str, Any]:
        thinks = self.settings.thinking.get(asked.kind, False)
        tokens = self.settings.answer_tokens.get(asked.kind, 1024) * asked.length
        sampling = {"max_tokens": tokens + (self.settings.thinking_tokens if thinks else 0), **self.settings.sampling}
        if self._understands_more:
            sampling["chat_template_kwargs"] = {"enable_thinking": thinks}
        else:
            sampling.pop("top_k", None)
        return sampling

    def _patience(self) -> None:
        """After failures in a row, nobody is asked for a while: the calls go on without waiting."""
        if self._failures >= _IN_A_ROW and time.monotonic() < self._rests_until:
            raise Unanswered(f"not asked, because it failed {self._failures} times in a row ({self._last})")

    def _note(self, reason: str) -> None:
        self._failures += 1
        self._last = reason.partition(" (")[0]
        self._rests_until = time.monotonic() + _REST


def _fingerprint(name: str, told: dict[str, Any]) -> str:
    return f"{name}#{hashlib.sha256(canonical(told)).hexdigest()[:16]}"


def _without_system(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    system, first, *rest = messages
    return (Message(role="user", content=f"{system['content']}\n\n{first['content']}"), *rest)
