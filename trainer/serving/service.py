"""What the endpoint does: requests are checked, wait for their turn, and are answered whole or as a stream."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from threading import Event
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from mcp_sim.http.endpoints import read
from mcp_sim.http.errors import HttpError
from mcp_sim.http.request import json_object
from trainer.serving.engine import Ended, Engine, Task
from trainer.serving.wanted import Wanted

OWNER = "mcp-sim"


class Service:
    """One model under its name; one thread computes, the requests wait for it."""

    def __init__(self, engine: Engine, name: str, waiting: int) -> None:
        self._engine, self._name, self._waiting = engine, name, waiting
        self._under_way = 0
        self._closing = Event()
        self._thread = ThreadPoolExecutor(1, "generation")

    async def health(self, _: Request) -> Response:
        """Whether it is there."""
        return JSONResponse({"status": "ok"})

    async def models(self, _: Request) -> Response:
        """The one model. Its root names the weights, so that no answer of others is taken for one of theirs."""
        model = {
            "id": self._name,
            "object": "model",
            "owned_by": OWNER,
            "root": f"{self._name}@{self._engine.version}",
            "max_model_len": self._engine.context,
        }
        return JSONResponse({"object": "list", "data": [model]})

    async def complete(self, request: Request) -> Response:
        """Answer a chat."""
        wanted = read(Wanted, await json_object(request), "invalid_body")
        if wanted.model != self._name:
            raise HttpError(404, "unknown_model", f"there is no model '{wanted.model}' here; there is '{self._name}'")
        if self._under_way >= self._waiting:
            told = f"{self._under_way} requests are under way, and no more can wait; come again in a second"
            raise HttpError(429, "too_many_requests", told, {"Retry-After": "1"})
        task = self._engine.prepare(wanted)
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": self._name}
        if wanted.stream:
            return StreamingResponse(self._events(task, head), media_type="text/event-stream")
        return JSONResponse(await self._whole(request, task, head))

    def close(self) -> None:
        """Let go of whatever is under way."""
        self._closing.set()
        self._thread.shutdown(cancel_futures=True)

    async def _whole(self, request: Request, task: Task, head: dict[str, Any]) -> dict[str, Any]:
        texts = [""] * task.wanted.n
        choices: list[dict[str, Any]] = []
        tokens = 0
        async with aclosing(self._said(task)) as said:
            async for number, part in said:
                if isinstance(part, Ended):
                    tokens += part.tokens
                    message = {"role": "assistant", "content": texts[number]}
                    choices.append({"index": number, "message": message, "finish_reason": part.reason})
                else:
                    texts[number] += part
                    if await request.is_disconnected():
                        break
        return {**head, "object": "chat.completion", "choices": choices, "usage": _usage(task, tokens)}

    async def _events(self, task: Task, head: dict[str, Any]) -> AsyncIterator[bytes]:
        head = {**head, "object": "chat.completion.chunk"}
        tokens = 0
        async with aclosing(self._said(task)) as said:
            async for number, part in said:
                if isinstance(part, Ended):
                    tokens += part.tokens
                    choice = {"index": number, "delta": {}, "finish_reason": part.reason}
                else:
                    choice = {"index": number, "delta": {"content": part}, "finish_reason": None}
                yield _event({**head, "choices": [choice]})
        if task.wanted.stream_options.include_usage:
            yield _event({**head, "choices": [], "usage": _usage(task, tokens)})
        yield b"data: [DONE]\n\n"

    async def _said(self, task: Task) -> AsyncGenerator[tuple[int, str | Ended]]:
        """The pieces of one answer after the other, each with its end; when nobody listens any more, it stops."""
        left = Event()
        self._under_way += 1
        try:
            for number in range(task.wanted.n):
                async with aclosing(self._answer(task, number, left)) as answer:
                    async for part in answer:
                        yield number, part
        finally:
            left.set()
            self._under_way -= 1

    async def _answer(self, task: Task, number: int, left: Event) -> AsyncGenerator[str | Ended]:
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()

        def hear(piece: str | None) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        def stopped() -> bool:
            return left.is_set() or self._closing.is_set()

        def compute() -> Ended:
            try:
                return self._engine.answer(task, number, hear, stopped)
            finally:
                hear(None)

        ended = loop.run_in_executor(self._thread, compute)
        while (piece := await pieces.get()) is not None:
            yield piece
        yield await ended


def _usage(task: Task, tokens: int) -> dict[str, int]:
    asked = len(task.prompt)
    return {"prompt_tokens": asked, "completion_tokens": tokens, "total_tokens": asked + tokens}


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(data) + b"\n\n"
