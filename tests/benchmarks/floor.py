"""What one MCP call costs the server, beside the bare SDK: interleaved rounds, so that noise hits all alike."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import orjson
import uvloop
from mcp_types import CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, PROTOCOL_VERSION_META_KEY

from tests.benchmarks.connection import Connections
from tests.benchmarks.peers.mcp_sim import McpSim
from tests.benchmarks.process import ServerProcess, free_port, serving

ERA = "2026-07-28"
META = {
    PROTOCOL_VERSION_META_KEY: ERA,
    CLIENT_INFO_META_KEY: {"name": "benchmark", "version": "1"},
    CLIENT_CAPABILITIES_META_KEY: {},
}
CROWD = 8


class Refused(Exception):
    """A call that was not answered as it should be."""


@dataclass(frozen=True)
class Errand:
    """One kind of call, made again and again."""

    name: str
    tool: str
    arguments: Callable[[int], dict[str, Any]]
    """What the n-th call is given."""
    cpu_target: float | None = None
    """At most this many times the floor's CPU."""


FLOOR = Errand("bare SDK, trivial tool", "greet", lambda _: {"name": "Ada"})
OURS = (
    Errand("mcp-sim, effect read", "get_order", lambda n: {"id": f"O-{n % 200 + 1:05}"}, 2.0),
    Errand(
        "mcp-sim, effect create",
        "create_order",
        lambda n: {"user_id": f"U-{n % 50 + 1:05}", "item": "lamp", "quantity": 2},
        3.0,
    ),
    Errand("mcp-sim, effect update", "update_order", lambda n: {"id": "O-00009", "quantity": n % 1000 + 1}, 3.0),
)
P99_TARGET = 3.0


@dataclass
class Samples:
    """What was seen of one errand."""

    cpu: list[float] = field(default_factory=list)
    """Seconds of server CPU per call, one number per round."""
    alone: list[float] = field(default_factory=list)
    """Seconds per call at one connection."""
    crowded: list[float] = field(default_factory=list)
    """Seconds per call at eight connections."""


@dataclass(frozen=True)
class Cost:
    """One row of the table, in microseconds; ratios are to the floor, round by round."""

    name: str
    cpu: float
    cpu_ratio: float
    cpu_target: float | None
    p50: float
    p99: float
    crowd_p50: float
    crowd_p99: float
    crowd_p99_ratio: float
    crowd_p99_target: float | None


def measure(*, rounds: int = 12, calls: int = 250) -> list[Cost]:
    """The floor and our errands, each with `calls` per round at one connection and again at eight.

    Raises:
        NotRunning: a server did not start.
        Refused: a call failed.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        bare, ours = Path(folder, "bare"), Path(folder, "ours")
        bare.mkdir()
        ours.mkdir()
        port = free_port()
        script = Path(__file__).with_name("bare_server.py")
        floor = servers.enter_context(serving([sys.executable, str(script), str(port)], bare, port))
        peer, port = McpSim(), free_port()
        sim = servers.enter_context(serving(peer.command(port, ours), ours, port))
        courses = [_Course(floor, FLOOR), *(_Course(sim, errand) for errand in OURS)]
        uvloop.run(_run(courses, rounds, calls))
    return [_cost(course, courses[0].samples) for course in courses]


class _Course:
    """One errand at one server."""

    def __init__(self, server: ServerProcess, errand: Errand) -> None:
        self.errand = errand
        self.samples = Samples()
        self._server = server
        self._n = 0
        self._headers = {
            "Accept": "application/json, text/event-stream",
            "Mcp-Protocol-Version": ERA,
            "Mcp-Method": "tools/call",
            "Mcp-Name": errand.tool,
        }

    async def round(self, calls: int) -> None:
        connections = Connections(self._server.port)
        await self._calls(connections, 5)
        before = self._server.cpu()
        self.samples.alone += await self._calls(connections, calls)
        self.samples.cpu.append((self._server.cpu() - before) / calls)
        crowd = await asyncio.gather(*(self._calls(connections, max(calls // CROWD, 1)) for _ in range(CROWD)))
        self.samples.crowded += [seconds for one in crowd for seconds in one]
        connections.close()

    async def _calls(self, connections: Connections, calls: int) -> list[float]:
        taken = []
        for _ in range(calls):
            body = self._body()
            started = time.perf_counter()
            answer = await connections.send("POST", "/mcp", body, self._headers)
            taken.append(time.perf_counter() - started)
            if answer.status != 200 or b'"isError":false' not in answer.body:
                raise Refused(f"{self.errand.name}: {answer.status} {answer.body[:200].decode(errors='replace')}")
        return taken

    def _body(self) -> bytes:
        self._n += 1
        params = {"name": self.errand.tool, "arguments": self.errand.arguments(self._n), "_meta": META}
        return orjson.dumps({"jsonrpc": "2.0", "id": self._n, "method": "tools/call", "params": params})


async def _run(courses: list[_Course], rounds: int, calls: int) -> None:
    for n in range(rounds):
        # Each round starts with another errand, so that none always follows the same neighbour.
        for course in courses[n % len(courses) :] + courses[: n % len(courses)]:
            await course.round(calls)


def _cost(course: _Course, floor: Samples) -> Cost:
    errand, samples = course.errand, course.samples
    p50, p99 = _percentiles(samples.alone)
    crowd_p50, crowd_p99 = _percentiles(samples.crowded)
    return Cost(
        name=errand.name,
        cpu=1e6 * median(samples.cpu),
        cpu_ratio=median(mine / base for mine, base in zip(samples.cpu, floor.cpu, strict=True)),
        cpu_target=errand.cpu_target,
        p50=p50,
        p99=p99,
        crowd_p50=crowd_p50,
        crowd_p99=crowd_p99,
        crowd_p99_ratio=crowd_p99 / _percentiles(floor.crowded)[1],
        crowd_p99_target=None if errand is FLOOR else P99_TARGET,
    )


def _percentiles(seconds: list[float]) -> tuple[float, float]:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return 1e6 * cuts[49], 1e6 * cuts[98]
