"""HTTP to the OpenAI-compatible servers that serve a world model: streamed, bounded, retried, and given up in time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import orjson
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from mcp_sim.worldmodel.refusal import (
    BadRoles,
    NoSuchModel,
    Passing,
    TooLong,
    Unanswered,
    Unsupported,
    blame,
    refusal,
    unreached,
)
from mcp_sim.worldmodel.replicas import Replicas, Server
from mcp_sim.worldmodel.settings import Settings
from mcp_sim.worldmodel.stream import LONGEST, Answer, Hearing, Spent, hear
from mcp_sim.worldmodel.wire import Message

__all__ = [
    "LONGEST",
    "Answer",
    "BadRoles",
    "Client",
    "NoSuchModel",
    "Server",
    "Spent",
    "TooLong",
    "Unanswered",
    "Unsupported",
]

Model = dict[str, Any]
"""What a server tells of one of its models."""

_TRIES = 3
_CONNECT = 5.0
"""Seconds for a connection, and for questions that cost a server nothing."""
_IDLE = 3.0
"""Seconds for which a connection is kept unused: fewer than servers keep theirs, or they close it under a call."""
_REFUSED = 10_000
"""Bytes that are read of a refusal."""
_LATE = "no answer came before the deadline of the call"
_NO_HEALTH = (401, 403, 404, 405)
_backoff = wait_exponential_jitter(multiplier=0.05, max=2.0, jitter=0.05)


@dataclass
class Client:
    """Asks the servers of one world model, the least busy first; calls wait in the order in which they came.

    Attributes:
        rest: seconds for which a server that failed is left alone while another one is well.
    """

    settings: Settings
    transport: httpx.AsyncBaseTransport | None = None
    rest: float = 5.0
    replicas: Replicas = field(init=False)

    def __post_init__(self) -> None:
        self.replicas = Replicas(self.settings.urls, self.settings.concurrency, self.rest, self._is_well)
        signed = {"authorization": f"Bearer {self.settings.api_key}"} if self.settings.api_key else {}
        self._http = httpx.AsyncClient(
            headers={"accept-encoding": "identity", **signed},
            transport=self.transport,
            timeout=httpx.Timeout(None, connect=_CONNECT),
            limits=httpx.Limits(
                max_connections=None,
                max_keepalive_connections=self.settings.concurrency * len(self.settings.urls),
                keepalive_expiry=_IDLE,
            ),
            trust_env=False,
        )

    @property
    def servers(self) -> list[Server]:
        """The replicas."""
        return self.replicas.servers

    async def close(self) -> None:
        """Let go of the connections."""
        await self.replicas.close()
        await self._http.aclose()

    async def models(self) -> dict[str, Model]:
        """What the servers offer: model name to its description, the first server that offers it winning.

        Raises:
            Unanswered: none of the servers answers; the message says why.
        """
        found: dict[str, Model] = {}
        problems = []
        for answered in await asyncio.gather(*map(self._offered, self.servers)):
            if isinstance(answered, Unanswered):
                problems.append(str(answered))
            else:
                found = {**answered, **found}
        if not found:
            raise Unanswered("; ".join(problems) or "no server offers a model")
        return found

    async def complete(self, model: str, messages: tuple[Message, ...], *, deadline: float, **asked: Any) -> Answer:
        """The answer to a chat, by `time.monotonic() == deadline` or not at all.

        Raises:
            Unanswered: there was none: no server, a refusal, silence, an answer that broke off.
        """
        body = {
            "model": model,
            "messages": messages,
            "stream": True,
            "stream_options": {"include_usage": True},
            **asked,
        }
        content = orjson.dumps(body)
        failed: list[str] = []
        patience = AsyncRetrying(
            stop=stop_after_attempt(_TRIES),
            retry=retry_if_exception(lambda error: isinstance(error, Passing) and self._is_worth(error, deadline)),
            wait=self._pause,
            reraise=True,
        )
        left = deadline - time.monotonic()
        if left <= 0:
            raise Unanswered(_LATE)
        try:
            async with asyncio.timeout(left):
                async for attempt in patience:
                    with attempt:
                        answer = await self._once(content, failed)
            return replace(answer, spent={**answer.spent, "failed": failed}) if failed else answer
        except Passing:
            raise Unanswered(_told(failed)) from None
        except TimeoutError:
            raise Unanswered(_told([*failed, _LATE])) from None

    async def _once(self, content: bytes, failed: list[str]) -> Answer:
        async with self.replicas.place() as server:
            try:
                answer = await self._asked(server, content)
            except Unanswered as problem:
                blame(problem, server.base, self.settings.api_key)
                if isinstance(problem, Passing):
                    self.replicas.failed(server, problem.after)
                    failed.append(str(problem))
                else:
                    self.replicas.recovered(server)
                raise
            self.replicas.recovered(server)
            return answer

    async def _asked(self, server: Server, content: bytes) -> Answer:
        """The answer of one server.

        Raises:
            Unanswered: there is none.
        """
        hearing = Hearing()
        try:
            async with (
                asyncio.timeout(self.settings.first_token) as limit,
                self._http.stream(
                    "POST",
                    f"{server.base}/chat/completions",
                    content=content,
                    headers={"content-type": "application/json", "accept": "text/event-stream"},
                ) as response,
            ):
                if response.status_code != 200:
                    raise refusal(response.status_code, await _beginning(response), response.headers)
                await hear(response, hearing, limit, self.settings.pause)
        except TimeoutError:
            if not hearing.ended:
                raise Passing(self._silence(hearing)) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if not hearing.ended:
                raise unreached(error) from None
        return hearing.answer()

    def _silence(self, hearing: Hearing) -> str:
        if hearing.began:
            return f"stopped in its answer for more than {self.settings.pause:g} seconds"
        return f"began no answer within {self.settings.first_token:g} seconds"

    async def _offered(self, server: Server) -> dict[str, Model] | Unanswered:
        """The models of one server, or why they are not known."""
        try:
            try:
                async with asyncio.timeout(_CONNECT):
                    response = await self._http.get(f"{server.base}/models")
            except TimeoutError:
                raise Passing(f"does not answer within {_CONNECT:g} seconds") from None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise unreached(error) from None
            if response.status_code != 200:
                raise refusal(response.status_code, response.content[:_REFUSED], response.headers)
            try:
                offered = {str(model["id"]): dict(model) for model in orjson.loads(response.content)["data"]}
            except (ValueError, KeyError, TypeError):
                raise Passing("is no OpenAI-compatible server: what it says of its models is not understood") from None
        except Unanswered as problem:
            blame(problem, server.base, self.settings.api_key)
            self.replicas.failed(server)
            return problem
        self.replicas.recovered(server)
        return offered

    async def _is_well(self, server: Server) -> bool:
        """Whether a server says that it is well, or, where it does not know that question, what it offers."""
        try:
            async with asyncio.timeout(_CONNECT):
                response = await self._http.get(f"{server.base.removesuffix('/v1')}/health")
                if response.status_code in _NO_HEALTH:
                    response = await self._http.get(f"{server.base}/models")
        except (TimeoutError, httpx.HTTPError):
            return False
        return response.status_code == 200

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return max(_backoff(state), self._wanted(error) if isinstance(error, Passing) else 0.0)

    def _wanted(self, error: Passing) -> float:
        """Seconds to wait because the server wants it; none if there is another server."""
        return 0.0 if self.replicas.any_well() else error.after

    def _is_worth(self, error: Passing, deadline: float) -> bool:
        return time.monotonic() + self._wanted(error) < deadline


async def _beginning(response: httpx.Response) -> bytes:
    found = b""
    async for piece in response.aiter_bytes():
        found += piece
        if len(found) >= _REFUSED:
            break
    return found


def _told(failed: list[str]) -> str:
    """One sentence: what went wrong, one after the other, and how often."""
    times = Counter(failed)
    return "; then ".join(f"{told} ({count} times)" if count > 1 else told for told, count in times.items())
