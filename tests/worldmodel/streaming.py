"""Answers as servers stream them, made by hand, and a server without a network that gives them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import orjson


def said(*texts: str, finish: str | None = "stop", **further: Any) -> bytes:
    """The events of an answer, without the end."""
    parts = [{"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]} for text in texts]
    if finish:
        parts.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}], **further})
    return b"".join(b"data: " + orjson.dumps(part) + b"\n\n" for part in parts)


def streamed(*pieces: bytes) -> httpx.Response:
    """An answer in these pieces."""

    async def sent() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=sent())


FINE = said("fine") + b"data: [DONE]\n\n"


class Stub(httpx.MockTransport):
    """Offers one model, and answers each question as a function says that is given the body: with a text, or itself.

    Attributes:
        bodies: what was asked so far.
    """

    def __init__(self, answer: Callable[[dict[str, Any]], str | httpx.Response], **told: Any) -> None:
        super().__init__(self._handle)
        self.bodies: list[dict[str, Any]] = []
        self.told = {"id": "stub", "object": "model", **told}
        self._answer = answer

    def _handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/models"):
            return httpx.Response(200, json={"object": "list", "data": [self.told]})
        body = orjson.loads(request.content)
        self.bodies.append(body)
        answer = self._answer(body)
        if isinstance(answer, httpx.Response):
            return answer
        return streamed(said(answer) + b"data: [DONE]\n\n")


def refused(status: int, message: str) -> httpx.Response:
    """A refusal in the form of vLLM."""
    return httpx.Response(status, json={"error": {"message": message, "type": "BadRequestError", "code": status}})
