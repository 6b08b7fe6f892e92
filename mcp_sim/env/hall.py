"""Where the sessions of many environments run side by side: one database, one thread, one server if it is wanted."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import cache
from typing import Any, TypeVar

from mcp_sim.sessions import Sessions
from mcp_sim.worldmodel.worldmodel import WorldModel
from store.db import Database

Found = TypeVar("Found")
_HOST = "127.0.0.1"


class Hall:
    """Runs sessions in a thread of its own, so that any number of threads may call, with an event loop or without.

    Args:
        db: where sessions are kept, as a SQLAlchemy URL; default: in memory.
        worldmodel: what answers where no effect does.
    """

    def __init__(self, db: str = "sqlite://", worldmodel: WorldModel | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mcp-sim sessions", daemon=True)
        self._thread.start()
        self._serving: _Serving | None = None
        self._lock = threading.Lock()
        self._db: Database = self.do(lambda: Database(db))
        self.sessions: Sessions = self.do(lambda: Sessions(self._db, worldmodel))

    def run(self, coroutine: Coroutine[Any, Any, Found]) -> Found:
        """What a coroutine gives, in the thread of the sessions."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def do(self, function: Callable[[], Found]) -> Found:
        """What a function gives, in the thread of the sessions."""
        done: Future[Found] = Future()

        def carry_out() -> None:
            try:
                done.set_result(function())
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(carry_out)
        return done.result()

    def address(self, session_id: str) -> str:
        """Where an MCP client finds a session, over Streamable HTTP; the server starts when this is first asked."""
        with self._lock:
            if self._serving is None:
                self._serving = self.run(_serve(self.sessions))
        return f"http://{_HOST}:{self._serving.port}/sessions/{session_id}/mcp"

    def close(self) -> None:
        """End the server, if there is one, and the sessions; nothing of them is left but what the database keeps."""
        if self._loop.is_closed():
            return
        if self._serving is not None:
            self.run(self._serving.end())
        self.do(self._db.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@cache
def common_hall() -> Hall:
    """The one that environments share which are given none."""
    return Hall()


class _Serving:
    """A server that runs."""

    def __init__(self, server: Any, task: asyncio.Task[None], port: int) -> None:
        self.port = port
        self._server = server
        self._task = task

    async def end(self) -> None:
        """Stop, without waiting for clients that stay connected."""
        self._server.should_exit = self._server.force_exit = True
        await self._task


async def _serve(sessions: Sessions) -> _Serving:
    import uvicorn  # noqa: PLC0415 - only who asks for an address waits for what serves

    from mcp_sim.http.app import create_app  # noqa: PLC0415 - only when it is wanted

    listening = socket.create_server((_HOST, 0))
    config = uvicorn.Config(create_app(sessions, {}, host=_HOST), log_level="warning", lifespan="on", ws="none")
    server = uvicorn.Server(config)
    task = asyncio.get_running_loop().create_task(_unsignalled(server, [listening]))
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.005)
    return _Serving(server, task, listening.getsockname()[1])


async def _unsignalled(server: Any, sockets: list[socket.socket]) -> None:
    """Serve in a thread that gets no signals."""
    await server._serve(sockets=sockets)
