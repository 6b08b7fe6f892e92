"""What a server does wrongly: each function sends an answer, or part of one, or none, in its own bad way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import cycle, islice

from tests.worldmodel.adversary import tokens
from tests.worldmodel.adversary.chance import Dice
from tests.worldmodel.adversary.connection import EVENTS, JSON, Exchange
from tests.worldmodel.adversary.fault import Fault
from tests.worldmodel.adversary.reply import DONE, Card, Reply, Said, error_body, error_event

_ENDLESS = tokens.pieces(" and the crew checks the airlock once more,")
_BATCH = 16
"""Endless tokens that are sent at once."""

KEEP_ALIVE = b": keep-alive\n\n"
"""What vLLM sends, if told to, where no token comes: a comment, which a client has to pass over."""

_HTML = b"""<!DOCTYPE html>
<html><head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take, in seconds.

    Attributes:
        first_token: before the first token of an answer that is slow to begin.
        token: between the tokens of an answer that drips.
        endless: between sixteen tokens of one that never ends.
        retry_after: what the client is told to wait.
        interval: tokens that come at once in an answer that drips.
    """

    first_token: float = 0.5
    token: float = 0.02
    endless: float = 0.001
    retry_after: int = 1
    interval: int = 1


@dataclass(frozen=True, slots=True)
class Mishap:
    """What a mishap happens to.

    Attributes:
        released: set when everything that waits shall go on.
        swap: puts another model behind the same name.
    """

    exchange: Exchange
    reply: Reply
    dice: Dice
    pace: Pace
    released: asyncio.Event
    swap: Callable[[], Card]

    @property
    def streams(self) -> bool:
        """Whether the client asked for a stream."""
        return self.reply.request.stream

    async def pause(self, seconds: float | None) -> None:
        """Wait so long, or for ever, or until released."""
        try:
            await asyncio.wait_for(self.released.wait(), seconds)
        except TimeoutError:
            return

    def send(self) -> None:
        """The honest answer."""
        send(self.exchange, self.reply)


def send(exchange: Exchange, reply: Reply) -> None:
    """The answer, as it should be sent."""
    if reply.request.stream:
        exchange.begin_stream()
        exchange.pieces(*reply.events())
        exchange.end_stream()
    else:
        exchange.answer(reply.body())


async def endless_text(it: Mishap) -> None:
    """Words without end: to the limit of tokens, or until the client hangs up; released, it stops as at a limit."""
    words, sent, room = cycle(_ENDLESS), 0, it.reply.room
    if it.streams:
        it.exchange.begin_stream()
        it.exchange.pieces(it.reply.event({"role": "assistant", "content": ""}))
        while sent != room and not (room is None and it.released.is_set()):
            batch = list(islice(words, _BATCH if room is None else min(_BATCH, room - sent)))
            it.exchange.pieces(*it.reply.tokens(batch))
            sent += len(batch)
            await it.exchange.drained()
            await asyncio.sleep(it.pace.endless)
        it.reply.said = [Said("", "", "length", sent, 0)]
        it.exchange.pieces(it.reply.event({"content": ""}, finish="length"), *it.reply.ending())
        it.exchange.end_stream()
        return
    if room is None:
        await it.pause(None)
    text = "".join(islice(words, room or 0))
    it.reply.said = [Said("", text, "length", room or 0, 0) for _ in it.reply.said]
    it.exchange.answer(it.reply.body())


async def hang(it: Mishap) -> None:
    """No byte until released."""
    await it.pause(None)
    it.send()


async def slow_first_token(it: Mishap) -> None:
    """A stream begins, and nothing but a sign of life comes for a while; an answer in one piece comes late."""
    if not it.streams:
        await it.pause(it.pace.first_token)
        it.send()
        return
    it.exchange.begin_stream()
    it.exchange.pieces(KEEP_ALIVE)
    await it.pause(it.pace.first_token)
    it.exchange.pieces(*it.reply.events())
    it.exchange.end_stream()


async def drip(it: Mishap) -> None:
    """A token now and then; without a stream, a sixteenth of the body."""
    if it.streams:
        it.exchange.begin_stream()
        for event in it.reply.events(it.pace.interval):
            it.exchange.pieces(event)
            await it.pause(it.pace.token * it.pace.interval)
        it.exchange.end_stream()
        return
    body = it.reply.body()
    it.exchange.begin(len(body))
    step = 1 + len(body) // 16
    for start in range(0, len(body), step):
        it.exchange.raw(body[start : start + step])
        await it.pause(it.pace.token)
    it.exchange.complete()


async def drop_before_headers(it: Mishap) -> None:
    """The connection closes without a word."""
    it.exchange.drop()


async def drop_mid_stream(it: Mishap) -> None:
    """The connection closes between two events."""
    events = it.reply.events()
    it.exchange.begin_stream()
    it.exchange.pieces(*events[: max(1, len(events) // 2)])
    it.exchange.drop()


async def drop_mid_json(it: Mishap) -> None:
    """The connection closes in the middle of JSON: of the body, or of an event."""
    if it.streams:
        first, second, *_ = it.reply.events()
        it.exchange.begin_stream()
        it.exchange.pieces(first, second[: len(second) // 2])
    else:
        body = it.reply.body()
        it.exchange.begin(len(body))
        it.exchange.raw(body[: len(body) // 2])
    it.exchange.drop()


async def reset(it: Mishap) -> None:
    """The connection is reset without a word."""
    it.exchange.reset()


async def too_many_requests(it: Mishap) -> None:
    """429, and when to come again."""
    body = error_body(429, "Rate limit reached: too many requests", "TooManyRequestsError")
    it.exchange.answer(body, 429, headers=b"retry-after: %d\r\n" % it.pace.retry_after)


async def server_error(it: Mishap) -> None:
    """500."""
    it.exchange.answer(error_body(500, "EngineCore encountered an issue", "InternalServerError"), 500)


async def unavailable(it: Mishap) -> None:
    """503, from a balancer that knows no JSON."""
    it.exchange.answer(b"no healthy upstream", 503, b"text/plain")


async def html_page(it: Mishap) -> None:
    """A page for people, with status 200."""
    it.exchange.answer(_HTML, content_type=b"text/html")


async def wrong_content_type(it: Mishap) -> None:
    """The right answer under the wrong name."""
    if not it.streams:
        it.exchange.answer(it.reply.body(), content_type=b"text/plain; charset=utf-8")
        return
    it.exchange.begin_stream(JSON)
    it.exchange.pieces(*it.reply.events())
    it.exchange.end_stream()


async def malformed_sse(it: Mishap) -> None:
    """An event is torn, has no name, is not text; or the end never comes, though the body ends."""
    first, second, *rest = it.reply.events()
    ways = (
        [first, second[: len(second) // 2] + b"\n\n", *rest],
        [first, second.removeprefix(b"data: "), *rest],
        [first, b"data: \x00\xff\xfe\n\n", second, *rest],
        [first],
    )
    it.exchange.begin_stream()
    it.exchange.pieces(*it.dice.choice(ways))
    it.exchange.end_stream()


async def error_in_stream(it: Mishap) -> None:
    """The engine fails after the first event: too late for a status, so vLLM sends the error as an event."""
    first, *_ = it.reply.events()
    it.exchange.begin_stream()
    it.exchange.pieces(first, error_event(500, "Internal server error", "InternalServerError"), DONE)
    it.exchange.end_stream()


async def invalid_utf8(it: Mishap) -> None:
    """Half a character in the bytes of the body."""
    broken = (b'"role":"assistant"', b'"role":"assistant","note":"\xc3\x28"')
    if not it.streams:
        it.exchange.answer(it.reply.body().replace(*broken))
        return
    it.exchange.begin_stream(EVENTS)
    it.exchange.pieces(*[event.replace(*broken) for event in it.reply.events()])
    it.exchange.end_stream()


async def changed_model(it: Mishap) -> None:
    """The right answer, of a model that was put behind the same name just now, and stays there."""
    it.reply.card = it.swap()
    it.send()


MISHAPS: dict[Fault, Callable[[Mishap], Awaitable[None]]] = {
    Fault.ENDLESS_TEXT: endless_text,
    Fault.HANG: hang,
    Fault.SLOW_FIRST_TOKEN: slow_first_token,
    Fault.DRIP: drip,
    Fault.DROP_BEFORE_HEADERS: drop_before_headers,
    Fault.DROP_MID_STREAM: drop_mid_stream,
    Fault.DROP_MID_JSON: drop_mid_json,
    Fault.RESET: reset,
    Fault.TOO_MANY_REQUESTS: too_many_requests,
    Fault.SERVER_ERROR: server_error,
    Fault.UNAVAILABLE: unavailable,
    Fault.HTML_PAGE: html_page,
    Fault.WRONG_CONTENT_TYPE: wrong_content_type,
    Fault.MALFORMED_SSE: malformed_sse,
    Fault.ERROR_IN_STREAM: error_in_stream,
    Fault.INVALID_UTF8: invalid_utf8,
    Fault.CHANGED_MODEL: changed_model,
}
