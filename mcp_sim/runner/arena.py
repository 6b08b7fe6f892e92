"""Where agents meet their sessions: one HTTP server, an address for each that nobody can guess, and nothing else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from secrets import token_hex

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mcp_sim.errors import UnknownSession
from mcp_sim.http.errors import MAX_BODY, HttpError, handlers
from mcp_sim.http.guard import Guard
from mcp_sim.http.mcp import McpFace
from mcp_sim.http.request import MCP_PATH
from mcp_sim.runner.gate import Gate, Tally
from mcp_sim.server import build_server
from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.perturbations import Perturbation
from schemas.types import World

HOST = "127.0.0.1"


class Arena:
    """The sessions that are being played; use `arena`.

    There is no control API here, and no list of sessions: an agent reaches its own session and no other.
    """

    def __init__(self, sessions: Sessions, address: str) -> None:
        self._sessions = sessions
        self._address = address
        self._gates: dict[str, Gate] = {}

    @asynccontextmanager
    async def playing(
        self, world: World, seed: int, perturbations: tuple[Perturbation, ...] | None, tally: Tally
    ) -> AsyncIterator[tuple[Session, str]]:
        """A fresh session and its address, which leads nowhere afterwards."""
        session = self._sessions.create(world, seed=seed, session_id=token_hex(16), perturbations=perturbations)
        face = McpFace(build_server(self._sessions), self._sessions)  # with it goes all that clients have opened
        async with face.run():
            self._gates[session.id] = Gate(face, tally)
            try:
                yield session, self._address + MCP_PATH.format(session=session.id)
            finally:
                del self._gates[session.id]

    async def enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request as an ASGI application."""
        gate = self._gates.get(scope["path_params"]["session"])
        if gate is None:
            raise UnknownSession("there is no such session, or it is over")
        await gate(scope, receive, send)


@asynccontextmanager
async def arena(sessions: Sessions) -> AsyncIterator[Arena]:
    """An arena on a free port of this machine, in the running event loop."""
    with _listener() as listener:
        found = Arena(sessions, f"http://{HOST}:{listener.getsockname()[1]}")
        server = _Server(_config(found))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield found
        finally:
            server.should_exit = True
            await asyncio.wait([serving])


class _Entrance:
    """An application for a route that takes every method, as MCP does."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._arena.enter(scope, receive, send)


class _Nowhere:
    """Every other path; what else a server of sessions offers is not for agents to know."""

    async def __call__(self, *_: object) -> None:
        raise HttpError(404, "unknown_path", "nothing is here")


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Catch none."""
        yield


def _listener() -> socket.socket:
    # With the protocol left open, asyncio would not turn off Nagle's algorithm, and each answer would take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.bind((HOST, 0))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def _config(arena: Arena) -> uvicorn.Config:
    app = Starlette(
        routes=[Route(MCP_PATH, _Entrance(arena)), Route("/{path:path}", _Nowhere())],
        middleware=[
            Middleware(Guard, host=HOST, token=None),
            Middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY),
        ],
        exception_handlers=handlers(control=[], faces=[]),
    )
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",  # what agents do to their connections is no news
        access_log=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
