"""An answer that comes as a stream of server-sent events, one for each token, put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import orjson

from mcp_sim.worldmodel.refusal import Passing, message_of, one_line, refusal

LONGEST = 200_000
"""Characters of one answer, thinking included; what goes on beyond is cut off."""
_LINE = 1_000_000
"""Bytes of one event."""
_END = b"[DONE]"
_FAREWELL = 0.2
"""Seconds for which the end of the body is awaited after the end of the answer, so that the connection can stay."""
_FIELDS = (b"event:", b"id:", b"retry:", b":")
_GIVEN_UP = frozenset({"abort", "error", "content_filter"})
"""Reasons with which servers end an answer that is not whole."""

Spent = dict[str, Any]
"""What one request took: its id at the server, tokens by kind, seconds, the failures that were over at the next try."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: the text, whether it was cut off, and what it cost."""

    text: str
    cut_off: bool
    model: str
    spent: Spent


@dataclass(slots=True)
class Hearing:
    """What was heard of an answer so far.

    Attributes:
        ended: why the server stopped; empty while it goes on.
        model: the server's name for model and configuration.
        first: seconds from the start to the first token of the answer, its thinking left out.
        began: whether there was any token.
        over: whether the server said that nothing more comes.
    """

    started: float = field(default_factory=time.perf_counter)
    texts: list[str] = field(default_factory=list)
    length: int = 0
    began: bool = False
    ended: str = ""
    over: bool = False
    model: str = ""
    name: str = ""
    first: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    def take(self, data: bytes) -> bool:
        """Hear one event; whether it held a token.

        Raises:
            Unanswered: the server gave up, or this is no event of a chat.
        """
        if data == _END:
            self.over, self.ended = True, self.ended or "stop"
            return False
        part = _part(data)
        self.model = str(part.get("system_fingerprint") or self.model)
        self.name = str(part.get("id") or self.name)
        self._count(part.get("usage"))
        before = self.length
        choices = part.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self._choose(choice)
        self.began = self.began or self.length > before
        return self.length > before

    def answer(self) -> Answer:
        """All of it."""
        text = "".join(self.texts).replace("\0", "\ufffd")  # no database keeps NUL
        return Answer(text, self.ended == "length", self.model, self.spent())

    def spent(self) -> Spent:
        """What it took."""
        seconds = self._seconds()
        return {
            "id": self.name,
            "prompt_tokens": self.prompt_tokens,
            "cached_tokens": self.cached_tokens,
            "completion_tokens": self.completion_tokens,
            "first_token": self.first or seconds,
            "seconds": seconds,
        }

    def _choose(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        text = delta.get("content")
        if isinstance(text, str) and text:
            self.first = self.first or self._seconds()
            self.texts.append(text)
            self.length += len(text)
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(thought, str):
            self.length += len(thought)
        self.ended = str(choice.get("finish_reason") or self.ended)
        if self.ended in _GIVEN_UP:
            raise Passing(f"gave the answer up ({self.ended})")
        if self.length > LONGEST:
            self.over, self.ended = True, "length"

    def _count(self, usage: Any) -> None:
        if isinstance(usage, dict):
            details = usage.get("prompt_tokens_details")
            self.prompt_tokens = _count(usage.get("prompt_tokens"))
            self.completion_tokens = _count(usage.get("completion_tokens"))
            self.cached_tokens = _count(details.get("cached_tokens")) if isinstance(details, dict) else 0

    def _seconds(self) -> float:
        return round(time.perf_counter() - self.started, 6)


async def hear(response: httpx.Response, hearing: Hearing, limit: asyncio.Timeout, pause: float) -> None:
    """Hear a streamed answer to its end, putting the limit off with every token.

    Raises:
        Unanswered: it is none, or is not whole.
        httpx.HTTPError: the connection broke.
    """
    now = asyncio.get_running_loop().time
    async with aclosing(_events(response)) as events:
        async for data in events:
            if hearing.over:
                continue
            if hearing.take(data) or hearing.ended:
                limit.reschedule(now() + (_FAREWELL if hearing.over else pause))
            if hearing.length > LONGEST:
                return
    if not hearing.ended:
        raise Passing("broke off the answer")


async def _events(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The data of every event. A line that is none is no comment, as for browsers: it was a token, which is lost."""
    rest = b""
    async with aclosing(cast(AsyncGenerator[bytes, None], response.aiter_bytes())) as pieces:
        async for piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if data := _data(line.rstrip(b"\r"), response):
                    yield data
            if len(rest) > _LINE:
                raise Passing("sends events without an end")
    if data := _data(rest, response):
        yield data


def _data(line: bytes, response: httpx.Response) -> bytes:
    if line.startswith(b"data:"):
        return line[5:].strip()
    if line and not line.startswith(_FIELDS):
        kind = one_line(response.headers.get("content-type", ""))
        raise Passing(f"answers with what is no stream of events ({kind or 'of no type'})")
    return b""


def _part(data: bytes) -> dict[str, Any]:
    try:
        part = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise Passing("sends events that are not JSON") from None
    if not isinstance(part, dict):
        raise Passing("sends events that are no JSON objects")
    if part.get("error"):
        raise _given_up(part)
    return part


def _given_up(part: dict[str, Any]) -> Exception:
    """An error where it was too late for a status: it names the status that it would have had."""
    status = part["error"].get("code") if isinstance(part["error"], dict) else None
    if isinstance(status, int) and 400 <= status < 500:
        return refusal(status, orjson.dumps(part), {})
    return Passing(f"broke off the answer: {message_of(part)}")


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
