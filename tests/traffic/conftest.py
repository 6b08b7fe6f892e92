"""A session between an agent and the pinboard, a real MCP server that runs as a process of its own."""

from __future__ import annotations

import asyncio
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mcp_sim.responders.live.address import Address
from mcp_sim.responders.live.mcp import McpUpstream
from mcp_sim.session import Mode, Session
from mcp_sim.sessions import Sessions
from schemas.load import load_world
from schemas.types import Call, Step, Tool, World
from store.db import Database
from tests.cli.conftest import run as command  # noqa: F401 - the fixture by which commands are run

NOTES = f"{shlex.quote(sys.executable)} -m tests.traffic.notes"
"""The command of the pinboard."""


Pinboard = Callable[[], AbstractAsyncContextManager[McpUpstream]]


@dataclass
class Agent:
    """Who calls."""

    session: Session

    async def call(self, tool: str, **arguments: Any) -> Step:
        return await self.session.step(Call(tool, arguments))


@contextmanager
def running(program: str) -> Iterator[str]:
    """A server as a process of its own, on a free port; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([*shlex.split(program), str(port)]) as process:
        try:
            while process.poll() is None:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    threading.Event().wait(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.fixture(scope="session")
def pinboard_url() -> Iterator[str]:
    """The pinboard over HTTP."""
    with running(NOTES) as address:
        yield f"{address}/mcp"


@pytest.fixture(scope="session")
def shelf() -> Iterator[str]:
    """The address of the shelf, an HTTP API."""
    with running(f"{shlex.quote(sys.executable)} -m tests.traffic.shelf") as address:
        yield address


@pytest.fixture
def pinboard(pinboard_url: str) -> Pinboard:
    """The pinboard as on its first day."""

    @asynccontextmanager
    async def pinboard() -> AsyncIterator[McpUpstream]:
        upstream = McpUpstream(Address(pinboard_url), 10.0)
        try:
            await upstream.ask(Tool(name="start_over"), {})
            yield upstream
        finally:
            await upstream.aclose()

    return pinboard


def agent(world: World, mode: Mode) -> Agent:
    """An agent in a new session of this mode."""
    return Agent(Sessions(Database("sqlite://"), modes={world: mode}).create(world, perturbations=()))


def run(talk: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Let them talk."""
    asyncio.run(talk())


@pytest.fixture(scope="session")
def twin() -> World:
    """The twin of the pinboard: it pins twice, and does not know how to count."""
    return load_world(Path(__file__).parent / "twin.yaml")
