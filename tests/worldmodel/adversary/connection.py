"""HTTP/1.1 by hand, because a library would not let us break it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

import httptools

JSON = b"application/json"
EVENTS = b"text/event-stream; charset=utf-8"

_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
_RESET = struct.pack("ii", 1, 0)


class Exchange:
    """One request and the answer to it, which may be any bytes."""

    __slots__ = (
        "_connection", "body", "content_type", "is_complete", "keeps_alive", "method", "on_end", "request_id",
        "target", "task",
    )  # fmt: skip

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.method = b""
        self.target = b""
        self.content_type = b""
        self.request_id = b""
        self.body = b""
        self.keeps_alive = True
        self.is_complete = False
        self.on_end: Callable[[bool], None] | None = None
        """Told once how it ended: whether the client went away before the answer was complete."""
        self.task: asyncio.Task[None] | None = None

    def answer(self, body: bytes, status: int = 200, content_type: bytes = JSON, headers: bytes = b"") -> None:
        """The whole answer."""
        self._connection.write(self._head(b"content-length: %d\r\n" % len(body), status, content_type, headers) + body)
        self.complete()

    def begin(self, length: int, content_type: bytes = JSON) -> None:
        """The head of an answer of so many bytes, which follow or do not."""
        self._connection.write(self._head(b"content-length: %d\r\n" % length, 200, content_type))

    def begin_stream(self, content_type: bytes = EVENTS) -> None:
        """The head of an answer in pieces."""
        self._connection.write(self._head(b"transfer-encoding: chunked\r\n", 200, content_type))

    def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        self._connection.write(data)

    def pieces(self, *pieces: bytes) -> None:
        """Pieces of a streamed answer."""
        self._connection.write(b"".join([b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]))

    def end_stream(self) -> None:
        """The end of a streamed answer."""
        self._connection.write(b"0\r\n\r\n")
        self.complete()

    async def drained(self) -> None:
        """Wait until the client has taken most of what was sent."""
        await self._connection.writable.wait()

    def complete(self) -> None:
        """The answer is out."""
        self._end(gone=False)
        self._connection.next(self)

    def drop(self) -> None:
        """Close the connection, politely, whatever is missing."""
        self._end(gone=False)
        self._connection.close()

    def reset(self) -> None:
        """Close the connection, rudely."""
        self._end(gone=False)
        self._connection.reset()

    def abandon(self) -> None:
        """The client is gone."""
        self._end(gone=True)
        if self.task is not None:
            self.task.cancel()

    def _end(self, *, gone: bool) -> None:
        self.is_complete = True
        if self.on_end is not None:
            self.on_end(gone)
            self.on_end = None

    def _head(self, length: bytes, status: int, content_type: bytes, headers: bytes = b"") -> bytes:
        closing = b"" if self.keeps_alive else b"connection: close\r\n"
        return b"HTTP/1.1 %d %b\r\nserver: adversary\r\n%bcontent-type: %b\r\n%b%b\r\n" % (
            status, _REASONS[status], length, content_type, headers, closing,
        )  # fmt: skip


class Connection(asyncio.Protocol):
    """A client's connection. Requests that come at once are answered one after the other."""

    def __init__(self, serve: Callable[[Exchange], None], among: set[Connection]) -> None:
        self._serve = serve
        self._among = among
        self._parser = httptools.HttpRequestParser(self)
        self._coming = Exchange(self)
        self._parts: list[bytes] = []
        self._waiting: deque[Exchange] = deque()
        self.writable = asyncio.Event()
        self.writable.set()

    def write(self, data: bytes) -> None:
        """Send bytes, or forget them where nobody listens."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def next(self, answered: Exchange) -> None:
        """Go on after an answer."""
        if not answered.keeps_alive:
            self.close()
        if self._waiting:
            self._waiting.popleft()
        if self._waiting and not self._transport.is_closing():
            asyncio.get_running_loop().call_soon(self._serve, self._waiting[0])

    def close(self) -> None:
        """Close when everything is sent."""
        self._transport.close()

    def abort(self) -> None:
        """Close now."""
        self._transport.abort()

    def reset(self) -> None:
        """Close now, and let the client know by an error."""
        sock = cast(socket.socket, self._transport.get_extra_info("socket"))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it
        self._among.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._among.discard(self)
        self.writable.set()
        if self._waiting and not self._waiting[0].is_complete:
            self._waiting[0].abandon()
        self._waiting.clear()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.close()

    def on_url(self, url: bytes) -> None:
        self._coming.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        match name.lower():
            case b"content-type":
                self._coming.content_type = value
            case b"x-request-id":
                self._coming.request_id = value
            case b"expect":
                self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, part: bytes) -> None:
        self._parts.append(part)

    def on_message_complete(self) -> None:
        exchange, self._coming = self._coming, Exchange(self)
        exchange.method = self._parser.get_method()
        exchange.keeps_alive = self._parser.should_keep_alive()
        exchange.body = b"".join(self._parts)
        self._parts.clear()
        self._waiting.append(exchange)
        if len(self._waiting) == 1:
            self._serve(exchange)
