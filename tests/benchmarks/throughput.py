"""Requests per second on one workload, at one connection and at eight: interleaved rounds over all servers."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from statistics import median
from typing import Any

import orjson
import uvloop

from tests.benchmarks.connection import Answer, Connections, NoAnswer
from tests.benchmarks.dialect import Wanted
from tests.benchmarks.packages import Missing
from tests.benchmarks.peers.base import Face, Peer
from tests.benchmarks.process import NotRunning, ServerProcess, free_port, serving

CROWD = 8
VISIT = 8
"""Requests in one visit."""


@dataclass(frozen=True)
class Throughput:
    """One row of the table: requests per second, the share of right answers, server CPU."""

    peer: str
    version: str
    alone: float
    crowded: float | None
    """None when it gave up under eight connections."""
    right: float
    cpu: float
    """Microseconds of server CPU per request."""


@dataclass
class _Entrant:
    peer: Peer
    server: ServerProcess
    alone: list[float] = field(default_factory=list)
    crowded: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    gave_up: str = ""
    right: int = 0
    asked: int = 0

    async def round(self, workers: int, visits: int, *, counts: bool) -> None:
        """So many visits by each worker."""
        connections = Connections(self.server.port)
        requests = workers * visits * VISIT
        before, started = self.server.cpu(), time.perf_counter()
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(workers):
                    tasks.create_task(self._visits(connections, visits))
        except* NoAnswer as error:
            self.gave_up = str(error.exceptions[0])
        speed = requests / (time.perf_counter() - started)
        connections.close()
        if counts and not self.gave_up:
            (self.alone if workers == 1 else self.crowded).append(speed)
            self.cpu.append((self.server.cpu() - before) / requests)

    async def _visits(self, connections: Connections, visits: int) -> None:
        visitor = _Visitor(connections, self.peer)
        for _ in range(visits):
            right = await visitor.visit()
            self.right += right
            self.asked += VISIT


class _Visitor:
    """Someone who signs up, orders, looks, changes and leaves nothing behind."""

    def __init__(self, connections: Connections, face: Face) -> None:
        self._connections = connections
        self._face = face

    async def visit(self) -> int:
        """Eight requests; how many were answered rightly."""
        mark = token_hex(6)
        fresh = {"name": f"Visitor {mark}", "email": f"{mark}@accounts.example", "age": 30}
        user = await self._send("POST", "users", fresh)
        user_key = _key(user)
        order = await self._send("POST", "orders", {"user_id": user_key, "item": f"lamp {mark}", "quantity": 2})
        order_key = _key(order)
        page = self._face.dialect.query(Wanted({"user_id": user_key}, page=1, size=10))
        answers = [
            user,
            order,
            await self._send("GET", f"users/{user_key}"),
            await self._send("GET", f"orders/{order_key}"),
            await self._send("GET", f"orders?{page}"),
            await self._send("PATCH", f"orders/{order_key}", {"status": "paid"}),
        ]
        gone = [await self._send("DELETE", f"orders/{order_key}"), await self._send("DELETE", f"users/{user_key}")]
        right = sum(answer.status < 300 and mark.encode() in answer.body for answer in answers)
        return right + sum(answer.status < 300 for answer in gone)

    async def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        data = None if body is None else orjson.dumps(body)
        return await self._connections.send(method, f"{self._face.root}/{path}", data)


def measure(
    peers: Sequence[Peer], *, rounds: int = 8, visits: int = 32, warm_up: int = 64
) -> tuple[list[Throughput], list[str]]:
    """The row of each server that ran, and what became of the others. Visits are per round."""
    problems: list[str] = []
    with ExitStack() as stack:
        entrants = []
        for peer in peers:
            folder, port = Path(stack.enter_context(tempfile.TemporaryDirectory())), free_port()
            try:
                server = stack.enter_context(serving(peer.command(port, folder), folder, port))
            except (NotRunning, Missing) as error:
                problems.append(f"{peer.name} did not run: {error}")
            else:
                entrants.append(_Entrant(peer, server))
        uvloop.run(_run(entrants, rounds, visits, warm_up))
    problems += [f"{entrant.peer.name} gave up: {entrant.gave_up}" for entrant in entrants if not entrant.alone]
    return [_row(entrant) for entrant in entrants if entrant.alone], problems


async def _run(entrants: list[_Entrant], rounds: int, visits: int, warm_up: int) -> None:
    plan = [(1, warm_up)] + [(1, visits), (CROWD, max(visits // CROWD, 1))] * rounds
    for n, (workers, each) in enumerate(plan):
        for entrant in entrants:
            if not entrant.gave_up:
                await entrant.round(workers, each, counts=n > 0)


def _row(entrant: _Entrant) -> Throughput:
    return Throughput(
        peer=entrant.peer.name,
        version=entrant.peer.version,
        alone=median(entrant.alone),
        crowded=median(entrant.crowded) if entrant.crowded and not entrant.gave_up else None,
        right=entrant.right / entrant.asked,
        cpu=1e6 * median(entrant.cpu),
    )


def _key(answer: Answer) -> str:
    found = answer.json
    return str(found.get("id")) if isinstance(found, dict) else ""
