"""HTTP to the OpenAI-compatible servers that serve a world model: streamed, bounded, retried, and given up in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import orjson
from httpx_sse import EventSource, SSEError
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from mcp_sim.worldmodel.settings import Settings
from mcp_sim.worldmodel.wire import Message

LONGEST = 200_000
"""Characters of one answer; what goes on beyond is cut off."""
_TRIES = 3
_REST = 5.0
"""Seconds for which a server that failed is left alone while another one is up."""
_CONNECT = 5.0


Spent = dict[str, Any]
"""What one request took: its id at the server, tokens by kind, seconds, the failures that were over at the next try."""


class Unanswered(Exception):
    """No answer came; the message is one sentence for the Step."""


class TooLong(Unanswered):
    """The server found the question longer than its context."""


class Unsupported(Unanswered):
    """The server does not take the schema of the answer."""


class BadRoles(Unanswered):
    """The chat template of the server does not take the roles of the messages."""


class _Passing(Exception):
    """A failure that may be over soon."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: the text, whether it was cut off, and what it cost."""

    text: str
    cut_off: bool
    model: str
    spent: Spent


@dataclass
class Server:
    """One replica: how busy it is, and until when it is left alone."""

    base: str
    under_way: int = 0
    resting_until: float = 0.0
    failures: int = 0


@dataclass
class _Usage:
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    def take(self, usage: Any) -> None:
        if isinstance(usage, dict):
            details = usage.get("prompt_tokens_details")
            self.prompt_tokens = _count(usage.get("prompt_tokens"))
            self.completion_tokens = _count(usage.get("completion_tokens"))
            self.cached_tokens = _count(details.get("cached_tokens")) if isinstance(details, dict) else 0


@dataclass
class Client:
    """Asks the servers of one world model, the least busy first; calls wait in the order in which they came."""

    settings: Settings
    transport: httpx.AsyncBaseTransport | None = None
    servers: list[Server] = field(init=False)

    def __post_init__(self) -> None:
        self.servers = [Server(base) for base in self.settings.urls]
        self._room = asyncio.Semaphore(self.settings.concurrency * len(self.servers))
        headers = {"authorization": f"Bearer {self.settings.api_key}"} if self.settings.api_key else {}
        self._http = httpx.AsyncClient(
            headers=headers,
            transport=self.transport,
            timeout=httpx.Timeout(self.settings.pause, connect=_CONNECT, read=self.settings.first_token),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=self.settings.concurrency),
            trust_env=False,
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def models(self) -> dict[str, dict[str, Any]]:
        """What the servers offer: model name to its description, the first server that offers it winning.

        Raises:
            Unanswered: none of the servers answers; the message says why.
        """
        found: dict[str, dict[str, Any]] = {}
        problems = []
        for server in self.servers:
            try:
                response = await self._http.get(f"{server.base}/models", timeout=_CONNECT)
                if response.status_code != 200:
                    problems.append(f"{server.base} answers {_refused(response.status_code, response.content)}")
                    continue
                for model in response.json()["data"]:
                    found.setdefault(str(model["id"]), model)
            except httpx.HTTPError as error:
                problems.append(f"{server.base}: {_reason(error)}")
            except (ValueError, KeyError, TypeError):
                problems.append(f"{server.base} is no OpenAI-compatible server: its /models is not understood")
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
            after=lambda state: failed.append(str(state.outcome and state.outcome.exception())),
            retry=retry_if_exception(lambda error: isinstance(error, _Passing) and _in_time(error, deadline)),
            wait=lambda state: max(_backoff(state), _after(state.outcome)),
            reraise=True,
        )
        try:
            async with asyncio.timeout(max(deadline - time.monotonic(), 0)):
                async for attempt in patience:
                    with attempt:
                        answer = await self._once(content)
            return replace(answer, spent={**answer.spent, "failed": failed}) if failed else answer
        except _Passing:
            raise Unanswered("; then ".join(failed)) from None
        except TimeoutError:
            raise Unanswered("; then ".join([*failed, "no answer before the deadline of the call"])) from None

    async def _once(self, content: bytes) -> Answer:
        async with self._room, self._server() as server:
            started = time.perf_counter()
            try:
                async with self._http.stream(
                    "POST",
                    f"{server.base}/chat/completions",
                    content=content,
                    headers={"content-type": "application/json"},
                ) as response:
                    if response.status_code != 200:
                        raise _refusal(response, await _beginning(response))
                    answer = await _read(response, self.settings.pause, started)
            except httpx.HTTPError as error:
                _failed(server)
                raise _Passing(f"{server.base}: {_reason(error)}") from None
            except _Passing:
                _failed(server)
                raise
            server.failures, server.resting_until = 0, 0.0
            return answer

    @asynccontextmanager
    async def _server(self) -> AsyncIterator[Server]:
        now = time.monotonic()
        server = min(self.servers, key=lambda found: (found.resting_until > now, found.under_way))
        server.under_way += 1
        try:
            yield server
        finally:
            server.under_way -= 1


async def _read(response: httpx.Response, pause: float, started: float) -> Answer:
    """The streamed answer, put together."""
    kind = response.headers.get("content-type", "")
    if "text/event-stream" not in kind:
        raise _Passing(f"the server answers with '{kind or 'nothing'}' where a stream of events is due")
    texts: list[str] = []
    length, ended, model, name, usage, first = 0, "", "", "", _Usage(), 0.0
    try:
        async with aclosing(EventSource(response).aiter_sse()) as events:
            while True:
                try:
                    async with asyncio.timeout(None if not texts else pause):
                        event = await anext(events)
                except StopAsyncIteration:
                    break
                except TimeoutError:
                    raise _Passing(f"the answer stopped for more than {pause:g} seconds") from None
                if event.data.strip() == "[DONE]":
                    ended = ended or "stop"
                    break
                part = _part(event.data)
                model = str(part.get("system_fingerprint") or model)
                name = str(part.get("id") or name)
                usage.take(part.get("usage"))
                for choice in part.get("choices") or ():
                    text = (choice.get("delta") or {}).get("content")
                    if isinstance(text, str):
                        first = first or time.perf_counter()
                        texts.append(text)
                        length += len(text)
                    ended = choice.get("finish_reason") or ended
                if length > LONGEST:
                    ended = "length"
                    break
    except SSEError as error:
        raise _Passing(f"the answer is no stream of events: {error}") from None
    if not ended:
        raise _Passing("the answer broke off")
    now = time.perf_counter()
    spent = {
        "id": name,
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
        "first_token": round((first or now) - started, 6),
        "seconds": round(now - started, 6),
    }
    return Answer("".join(texts), ended == "length", model, spent)


def _part(data: str) -> dict[str, Any]:
    try:
        part = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise _Passing("the answer is no stream of JSON") from None
    if not isinstance(part, dict):
        raise _Passing("the answer is no stream of JSON objects")
    if "error" in part:
        raise _Passing(f"the server broke off: {_message(part)}")
    return part


async def _beginning(response: httpx.Response) -> bytes:
    found = b""
    async for piece in response.aiter_bytes():
        found += piece
        if len(found) > 10_000:
            break
    return found


def _refusal(response: httpx.Response, body: bytes) -> Exception:
    said = _refused(response.status_code, body)
    if response.status_code in (408, 409, 425, 429) or response.status_code >= 500:
        return _Passing(f"the server answers {said}", _seconds(response.headers.get("retry-after")))
    if "context length" in said or "maximum context" in said:
        return TooLong(f"the server answers {said}")
    if any(word in said for word in ("schema", "grammar", "structured", "response_format")):
        return Unsupported(f"the server answers {said}")
    if "role" in said.lower() and any(word in said.lower() for word in ("system", "alternate", "support")):
        return BadRoles(f"the server answers {said}")
    return Unanswered(f"the server answers {said}")


def _refused(status: int, body: bytes) -> str:
    try:
        text = _message(orjson.loads(body))
    except orjson.JSONDecodeError:
        text = body.decode(errors="replace").strip().partition("\n")[0]
    return f"{status}: {text[:300]}" if text else str(status)


def _message(body: Any) -> str:
    if isinstance(body, dict):
        inner = body.get("error", body)
        return str(inner.get("message", inner)) if isinstance(inner, dict) else str(inner)
    return str(body)


def _reason(error: httpx.HTTPError) -> str:
    match error:
        case httpx.ReadTimeout():
            return "no answer began in time"
        case httpx.ConnectTimeout():
            return "no connection in time"
        case httpx.ConnectError():
            return f"no connection ({error})"
        case httpx.RemoteProtocolError() | httpx.ReadError():
            return "the connection broke off"
    return str(error) or type(error).__name__


def _failed(server: Server) -> None:
    server.failures += 1
    server.resting_until = time.monotonic() + _REST


def _seconds(text: str | None) -> float:
    try:
        return max(float(text or 0), 0.0)
    except ValueError:
        return 0.0


_backoff = wait_exponential_jitter(multiplier=0.05, max=2.0, jitter=0.05)


def _after(outcome: Any) -> float:
    error = outcome.exception() if outcome else None
    return error.after if isinstance(error, _Passing) else 0.0


def _in_time(error: _Passing, deadline: float) -> bool:
    return time.monotonic() + error.after < deadline


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
