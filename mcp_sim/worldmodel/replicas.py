"""The servers of one world model, all alike: the least busy of those that are well takes the next call in the queue."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class Server:
    """One replica.

    Attributes:
        under_way: requests that it has to answer now.
        well: whether it did not fail since it last answered.
        due: while it is not, the value of `time.monotonic()` from which it may be looked after.
    """

    base: str
    under_way: int = 0
    well: bool = True
    due: float = 0.0


class Replicas:
    """Gives every call a place at a server, first come, first served, and never more than `limit` at each.

    A server that failed is left alone for `rest` seconds while another one is well; then `look` asks it how it is, and
    it gets calls again once it is well. While none is well, calls go to them all the same.
    """

    def __init__(
        self, bases: Iterable[str], limit: int, rest: float, look: Callable[[Server], Awaitable[bool]]
    ) -> None:
        self.servers = [Server(base) for base in bases]
        self._limit = limit
        self._rest = rest
        self._look = look
        self._waiting: deque[asyncio.Future[Server]] = deque()
        self._looking: dict[Server, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Server]:
        """A place at a server for as long as the block runs; waits for its turn."""
        self._look_after()
        server = await self._turn()
        try:
            yield server
        finally:
            self._leave(server)

    def failed(self, server: Server, after: float = 0.0) -> None:
        """Leave a server alone for a while, or for as long as it asks for."""
        server.well = False
        server.due = time.monotonic() + max(self._rest, after)

    def recovered(self, server: Server) -> None:
        """A server answered."""
        if not server.well:
            server.well, server.due = True, 0.0
            self._seat()

    def any_well(self) -> bool:
        """Whether there is a server that did not fail since it last answered."""
        return any(server.well for server in self.servers)

    async def close(self) -> None:
        """Look after nobody any more."""
        tasks = list(self._looking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _turn(self) -> Server:
        server = None if self._waiting else self._free()
        if server is not None:
            server.under_way += 1
            return server
        turn: asyncio.Future[Server] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(turn.result())
            raise

    def _leave(self, server: Server) -> None:
        server.under_way -= 1
        self._seat()

    def _seat(self) -> None:
        """Give places to those who wait, as long as there are any."""
        while self._waiting:
            if self._waiting[0].done():  # its call was given up
                self._waiting.popleft()
                continue
            server = self._free()
            if server is None:
                return
            server.under_way += 1
            self._waiting.popleft().set_result(server)

    def _free(self) -> Server | None:
        among = [server for server in self.servers if server.well] or self.servers
        server = min(among, key=lambda found: (found.under_way, found.due))
        return server if server.under_way < self._limit else None

    def _look_after(self) -> None:
        if not self.any_well():
            return
        now = time.monotonic()
        for server in self.servers:
            looking = self._looking.get(server)
            if not server.well and server.due <= now and (looking is None or looking.done()):
                self._looking[server] = asyncio.create_task(self._ask_after(server))

    async def _ask_after(self, server: Server) -> None:
        if await self._look(server):
            self.recovered(server)
        else:
            self.failed(server)
