"""Every session of a test run, on one thread of its own: with an MCP endpoint as soon as one is asked for."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from mcp_sim.sessions import Sessions
from store.db import Database

Found = TypeVar("Found")


class Host:
    """Sessions in memory, and the loop that they run on. To be used as a context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mcp-sim sandbox", daemon=True)
        self._address: str | None = None
        self._stop: Callable[[], None] | None = None
        self._serving: Future[None] | None = None

    def __enter__(self) -> Host:
        self._thread.start()
        self._database, self.sessions = self.done(self._open)
        return self

    def __exit__(self, *_: object) -> None:
        if self._stop is not None and self._serving is not None:
            self._stop()
            self._serving.result()
        self.done(self._database.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def submit(self, work: Coroutine[Any, Any, Found]) -> Future[Found]:
        """Have something done on the thread of the sessions."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def done(self, act: Callable[[], Found]) -> Found:
        """What an ordinary function returns, called there."""

        async def work() -> Found:
            return act()

        return self.submit(work()).result()

    @property
    def address(self) -> str:
        """Where the sessions are served over HTTP; from the first time on, until the run is over."""
        if self._address is None:
            self._address = self._serve()
        return self._address

    def _serve(self) -> str:
        import uvicorn  # noqa: PLC0415 - half a second that in-process agents need not wait

        from mcp_sim.http import create_app  # noqa: PLC0415 - only when it is wanted

        # Named TCP, or else its connections would hold small answers back for others to join them.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            create_app(self.sessions, {}),
            log_config=None,
            access_log=False,
            lifespan="on",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)

        def stop() -> None:
            server.should_exit = True

        self._stop = stop
        self._serving = self.submit(server.serve(sockets=[listener]))
        return f"http://127.0.0.1:{port}"

    @staticmethod
    def _open() -> tuple[Database, Sessions]:
        database = Database("sqlite://")
        return database, Sessions(database)
