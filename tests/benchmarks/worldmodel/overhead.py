"""What mcp-sim itself takes on a call that the world model answers, beside asking the same server directly."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean, median

import httpx
import uvloop
from rich.table import Table

from mcp_sim.session import Session
from schemas.types import Call
from tests.benchmarks.floor import Refused
from tests.benchmarks.worldmodel.endpoint import Endpoint, endpoint
from tests.benchmarks.worldmodel.engine import Engine, engine, is_first_try
from tests.benchmarks.worldmodel.workload import Workload, shop
from tests.worldmodel.adversary import Pace

AIM = 0.05
PACE = Pace(first_token=0.15, token=0.005, interval=8)
"""About what one GPU gives a small mixture of experts, streamed as `mcp-sim worldmodel serve` has it."""
ONE_BY_ONE = replace(PACE, interval=1)
"""The same from a server that nobody told to send tokens together."""
CONNECTIONS = (1, 8, 32)


@dataclass
class Load:
    """One number of connections, in seconds; one CPU figure per round.

    Attributes:
        cpu: CPU time of the process that runs the engine, per call.
        bare: the same per direct call: what an HTTP client needs anyway.
        direct: wall time of each direct call.
        wall: wall time of each call through the engine.
        first_tries: calls that the first answer of the model settled.
    """

    connections: int
    cpu: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    direct: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    first_tries: int = 0

    @property
    def share(self) -> float:
        """Our CPU time beside the wall time of a direct call, the usual one: a busy machine makes some slow."""
        return fmean(self.cpu) / median(self.direct)

    @property
    def added(self) -> float:
        """The same without what an HTTP client needs anyway."""
        return (fmean(self.cpu) - fmean(self.bare)) / median(self.direct)


@dataclass(frozen=True)
class Overhead:
    """Every number of connections, at one server."""

    loads: list[Load]
    words: str


def measure(real: Endpoint | None, *, rounds: int = 3, calls: int = 12, lived: int = 12, pace: Pace = PACE) -> Overhead:
    """So many rounds of about so many calls through the engine, each followed by the same questions asked directly.

    The sessions have `lived` for some steps before, so that their prompts are of the usual length.

    Raises:
        NotRunning: there is no server.
        Refused: a direct call was not answered.
    """
    with tempfile.TemporaryDirectory() as folder, endpoint(real, Path(folder), pace) as at:
        return Overhead(uvloop.run(_measure(at, Path(folder), rounds, calls, lived)), at.words)


async def _measure(at: Endpoint, folder: Path, rounds: int, calls: int, lived: int) -> list[Load]:
    loads = [Load(connections) for connections in CONNECTIONS]
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=CONNECTIONS[-1])
    async with engine(at, folder) as found, httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as bare:
        desks = [await _desk(found, seed, lived) for seed in range(CONNECTIONS[-1])]
        await _through(found, desks, 1, Load(0))
        gc.collect()
        gc.freeze()  # as `mcp-sim serve` does
        for _ in range(rounds):
            for load in loads:
                each = max(calls // load.connections, 2)
                first = len(found.overheard)
                await _through(found, desks[: load.connections], each, load)
                await _direct(bare, f"{at.url}/v1/chat/completions", found.overheard[first:], load)
    return loads


Desk = tuple[Session, Workload]


async def _desk(found: Engine, seed: int, lived: int) -> Desk:
    """A session that has lived for so many steps, without the world model."""
    trade = shop()
    session, workload = found.sessions.create(trade.world), Workload(trade, seed)
    while session.view().n <= lived:
        call = workload.next(session.view())
        if call.tool not in trade.imagined:
            workload.saw(await found.step(session, call))
    return session, workload


async def _through(found: Engine, desks: Sequence[Desk], calls: int, load: Load) -> None:
    """Calls through the engine, at all desks at once."""

    async def work(session: Session, asked: Sequence[Call]) -> None:
        for call in asked:
            started = time.perf_counter()
            await session.call(call)
            load.wall.append(time.perf_counter() - started)

    drawn = [[workload.imagined(session.view()) for _ in range(calls)] for session, workload in desks]
    before = time.process_time()
    await asyncio.gather(*(work(session, asked) for (session, _), asked in zip(desks, drawn, strict=True)))
    load.cpu.append((time.process_time() - before) / (calls * len(desks)))
    steps = [step for session, _ in desks for step in session.view().recent(calls)]
    load.first_tries += sum(map(is_first_try, steps))


async def _direct(bare: httpx.AsyncClient, url: str, bodies: Sequence[bytes], load: Load) -> None:
    """The same questions, by as many connections."""
    waiting = list(bodies)

    async def work() -> None:
        while waiting:
            body = waiting.pop()
            started = time.perf_counter()
            async with bare.stream("POST", url, content=body, headers={"content-type": "application/json"}) as answer:
                async for _ in answer.aiter_bytes():
                    pass
            load.direct.append(time.perf_counter() - started)
            if answer.status_code != 200:
                raise Refused(f"a direct call was answered with {answer.status_code}")

    before = time.process_time()
    await asyncio.gather(*(work() for _ in range(load.connections)))
    load.bare.append((time.process_time() - before) / len(bodies))


def table(found: Overhead) -> Table:
    """One row for each number of connections."""
    shown = Table(
        title="A call that the world model answers, beside the same question asked directly, milliseconds",
        caption=f"At {found.words}.\nCPU: all that the process of the engine uses for a call, its HTTP client included; "
        "of a bare client: the same, for one that asks\nthe same and looks at nothing; direct: the wall time of that.",
        title_justify="left",
        caption_justify="left",
    )
    for heading in (
        "connections", "calls", "first try", "CPU", "of a bare client", "direct, p50", "CPU / direct",
        "without the client", "through mcp-sim, p50",
    ):  # fmt: skip
        shown.add_column(heading, justify="right")
    for load in found.loads:
        shown.add_row(
            str(load.connections),
            f"{len(load.wall):,}",
            f"{load.first_tries / len(load.wall):.0%}",
            f"{1e3 * fmean(load.cpu):,.1f}",
            f"{1e3 * fmean(load.bare):,.1f}",
            f"{1e3 * median(load.direct):,.0f}",
            f"[{'green' if load.share <= AIM else 'red'}]{load.share:.1%}[/] (≤ {AIM:.0%})",
            f"{load.added:.1%}",
            f"{1e3 * median(load.wall):,.0f}",
        )
    return shown
