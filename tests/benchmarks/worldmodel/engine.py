"""mcp-sim in this process, asking a world model; what it asks is overheard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from mcp_sim.worldmodel.client import Client, Unanswered
from mcp_sim.worldmodel.settings import Settings
from mcp_sim.worldmodel.worldmodel import WorldModel
from schemas.types import Call, Step
from store.db import Database
from tests.benchmarks.process import NotRunning
from tests.benchmarks.worldmodel.endpoint import Endpoint


class Overheard(httpx.AsyncHTTPTransport):
    """A usual connection that keeps the bodies of what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and keep its body."""
        if request.method == "POST":
            self.bodies.append(request.content)
        return await super().handle_async_request(request)


class Engine:
    """Sessions in a database of their own, with a world model behind them.

    Attributes:
        file: the SQLite file, for readers of their own.
        overheard: the bodies of the questions so far.
    """

    def __init__(self, endpoint: Endpoint, folder: Path) -> None:
        self.file = folder / "worldmodel.db"
        self._transport = Overheard()
        self.overheard = self._transport.bodies
        settings = Settings(urls=(endpoint.url,), model=endpoint.model)
        self.worldmodel = WorldModel(settings, Client(settings, self._transport))
        self._database = Database(f"sqlite:///{self.file}")
        self.sessions = Sessions(self._database, self.worldmodel)

    async def step(self, session: Session, call: Call) -> Step:
        """The step that a call became."""
        await session.call(call)
        return session.view().recent(1)[0]

    async def close(self) -> None:
        """Let go of everything."""
        await self.worldmodel.close()
        self._database.close()


@asynccontextmanager
async def engine(endpoint: Endpoint, folder: Path) -> AsyncIterator[Engine]:
    """An engine that is connected, for as long as the block runs.

    Raises:
        NotRunning: the server cannot be reached, or has no such model.
    """
    found = Engine(endpoint, folder)
    try:
        try:
            await found.worldmodel.connect()
        except Unanswered as error:
            raise NotRunning(str(error)) from None
        yield found
    finally:
        await found.close()


def text(body: bytes) -> str:
    """The messages of a question, one after the other."""
    messages: list[dict[str, Any]] = orjson.loads(body)["messages"]
    return "".join(f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n" for message in messages)


def is_first_try(step: Step) -> bool:
    """Whether the world model answered, and its first answer held."""
    return step.responder == "worldmodel" and not step.attempts and bool(step.completions)
