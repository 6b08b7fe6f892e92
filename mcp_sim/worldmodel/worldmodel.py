"""A world model: the servers that run it, what they are asked, and what is remembered of their answers."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcp_sim.worldmodel.client import Answer, BadRoles, Client, NoSuchModel, Spent, TooLong, Unanswered, Unsupported
from mcp_sim.worldmodel.prompt import Prompt
from mcp_sim.worldmodel.settings import Kind, Settings
from mcp_sim.worldmodel.stream import Hearing
from mcp_sim.worldmodel.wire import Message
from schemas.canonical import canonical
from schemas.types import Completion, View
from schemas.validate import nearest

_IN_A_ROW = 3
"""Failures after which the world model is left alone for a while."""
_REST = 5.0
OPEN_SERVERS = ("vllm", "sglang", "mcp-sim")
"""Owners of models, as servers name them, that understand more than the OpenAI API has."""
_MARGIN = 64
SHORTER = 0.6
"""A prompt that is too long is made so much shorter, again and again: so a replay finds the length that fitted."""
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

    kind: Kind
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
        self._recorded: dict[str, Completion] = {}
        for completion in recorded:
            self._recorded.setdefault(completion.prompt, completion)
        self._fingerprints = tuple(dict.fromkeys(completion.model for completion in self._recorded.values()))
        self._fingerprint: str | None = None
        self._understands_more = False
        self._longest: int | None = None
        self._takes_system = True
        self._unsupported: set[bytes] = set()
        self._failures = 0
        self._last = ""
        self._rests_until = 0.0
        self._connecting = asyncio.Lock()

    def connected(self) -> bool:
        """Whether a server was reached since the start."""
        return self._fingerprint is not None

    async def connect(self) -> None:
        """Find out which model the servers offer, and what it can do.

        Raises:
            Unanswered: no server can be reached, or none offers the model.
        """
        models = await self.client.models()
        name = self.settings.model or next(iter(models))
        if name not in models:
            raise Unanswered(
                f"no server offers the model '{name}'{nearest(name, models)}; offered: {', '.join(models)}"
            )
        found = models[name]
        context = found.get("max_model_len")
        self._longest = None
        if isinstance(context, int) and context > 0:
            self._longest = max(context // 2, 1)
            longest = max(self.settings.answer_tokens.values())
            self.share = self._share(max(context - longest - _MARGIN, context // 4))
        self.model = name
        self._understands_more = found.get("owned_by") in OPEN_SERVERS
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

    async def ready(self, deadline: float) -> str:
        """Be connected, if a server can be reached; why not, or nothing."""
        if self.connected():
            return ""
        if not self.settings.urls:
            return "no such question was recorded, and no server is connected"
        try:
            async with asyncio.timeout(max(deadline - time.monotonic(), 0)), self._connecting:
                if not self.connected():
                    if patience := self._patience():
                        return patience
                    await self.connect()
        except TimeoutError:
            return self._note("no server answers in time")
        except Unanswered as error:
            return self._note(str(error))
        return ""

    async def complete(self, prompt: Prompt, view: View, asked: Asked, spent: list[Spent]) -> Completion:
        """The answer to a prompt: the remembered one, a fresh one, or one that says why there is none.

        Raises:
            TooLong: the servers found the prompt too long.
        """
        unready = await self.ready(asked.deadline)
        sampling = self._sampling(asked)
        for fingerprint in dict.fromkeys((*filter(None, [self._fingerprint]), *self._fingerprints)):
            key = prompt.key(model=fingerprint, attempt=asked.attempt, sampling=sampling)
            kept = self._recorded.get(key) or view.recall(key)
            if kept is not None:
                spent.append({"recalled": 1})
                return kept
        if self._recorded and not self.settings.urls:
            raise TooLong(unready)  # or so it was, when the answer was recorded
        known = self._fingerprint or self.model
        failure = unready or self._patience()
        if not failure:
            silence = Hearing()
            try:
                answer = await self._fresh(prompt, asked, sampling)
            except TooLong:
                raise
            except Unanswered as error:
                failure = self._note(str(error))
                spent.append({**silence.spent(), "failed": [failure]})
                if isinstance(error, NoSuchModel):
                    self._fingerprint = None  # another model may be served now, so the next call connects again
            else:
                self._failures = 0
                spent.append(answer.spent)
                if answer.model:
                    known = self._fingerprint = _fingerprint(self.model, {"system_fingerprint": answer.model})
                key = prompt.key(model=known, attempt=asked.attempt, sampling=sampling)
                return Completion(key, answer.text, known, answer.cut_off)
        return self.no_answer(prompt, asked, failure)

    def no_answer(self, prompt: Prompt, asked: Asked, failure: str) -> Completion:
        """What is kept of a question that nobody answered."""
        known = self._fingerprint or self.model
        return Completion(
            prompt.key(model=known, attempt=asked.attempt, sampling=self._sampling(asked)), "", known, failure=failure
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self.client.close()

    async def _fresh(self, prompt: Prompt, asked: Asked, sampling: dict[str, Any]) -> Answer:
        shape = canonical(prompt.schema)
        while True:
            more = self._understood(sampling)
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

    def _share(self, tokens: int) -> float:
        """The share of the usual length at which a prompt has no more tokens than that."""
        share = 1.0
        while share * self.settings.prompt_tokens > tokens:
            share *= SHORTER
        return share

    def _sampling(self, asked: Asked) -> dict[str, Any]:
        thinks = self.settings.thinking[asked.kind]
        tokens = self.settings.answer_tokens[asked.kind] * asked.length
        tokens += self.settings.thinking_tokens if thinks else 0
        thinking = {"chat_template_kwargs": {"enable_thinking": thinks}}
        return {"max_tokens": tokens, **self.settings.sampling, **thinking}

    def _understood(self, sampling: dict[str, Any]) -> dict[str, Any]:
        """The part of it that the servers take."""
        more = () if self._understands_more else ("top_k", "chat_template_kwargs")
        understood = {name: value for name, value in sampling.items() if name not in more}
        if self._longest is not None:
            understood["max_tokens"] = min(understood["max_tokens"], self._longest)
        return understood

    def _patience(self) -> str:
        """After failures in a row, nobody is asked for a while: the calls go on without waiting."""
        if self._failures >= _IN_A_ROW and time.monotonic() < self._rests_until:
            return f"not asked, because it failed {self._failures} times in a row ({self._last})"
        return ""

    def _note(self, reason: str) -> str:
        self._failures += 1
        self._last = reason
        self._rests_until = time.monotonic() + _REST
        return reason


def _fingerprint(name: str, told: dict[str, Any]) -> str:
    return f"{name}#{hashlib.sha256(canonical(told)).hexdigest()[:16]}"


def _without_system(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    system, first, *rest = messages
    return (Message(role="user", content=f"{system['content']}\n\n{first['content']}"), *rest)
