"""What the size of a world and the depth of a history cost: ratios within one run, on SQLite in a file."""

from __future__ import annotations

import asyncio
import gc
import random
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table
from sqlalchemy import Column, Integer, MetaData, Text, create_engine, event, insert
from sqlalchemy import Table as SqlTable

from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.load import load_pack
from schemas.types import Call, World
from store.db import Database

SIZES = (1_000, 100_000, 1_000_000)
HOT = 500


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure, what it is compared with, and how it compares."""

    name: str
    figure: str
    beside: str
    ratio: float | None
    aim: str


def measure(sizes: tuple[int, ...] = SIZES, rounds: int = 300) -> list[Measure]:
    """Every figure. A world of a million rows takes minutes to write."""
    found: list[Measure] = []
    opened: dict[int, float] = {}
    timed: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            with _world(Path(folder), size) as (sessions, world, url):
                opened[size] = _opening(sessions, world, rounds // 3)
                timed[size] = _calls(sessions.open("trunk"), size, rounds)
                if size == sizes[0]:
                    found += _branches(sessions, url, rounds)
                    found.append(_idle(sessions, world))
                    found.append(_commit(sessions, url, Path(folder), rounds))
    small, large = sizes[0], sizes[-1]
    figures = [
        Measure(
            f"open a session, {size:,} rows", _us(opened[size]), _us(opened[small]), opened[size] / opened[small],
            "<= 2.0 at the largest, and < 20 ms",
        )
        for size in sizes[1:]
    ]  # fmt: skip
    for name in timed[small]:
        aim = "<= 2.0" if "random" in name else "<= 1.5"
        ratio = timed[large][name] / timed[small][name]
        figures.append(Measure(f"{name}, {large:,} rows", _us(timed[large][name]), _us(timed[small][name]), ratio, aim))
    return figures + found


def table(measures: list[Measure]) -> Table:
    """The figures as a table for people."""
    shown = Table("memory", "p50", "beside", "ratio", "aim", title="What size and depth cost")
    for row in measures:
        shown.add_row(row.name, row.figure, row.beside, "" if row.ratio is None else f"{row.ratio:.2f}", row.aim)
    return shown


@contextmanager
def _world(folder: Path, size: int) -> Iterator[tuple[Sessions, World, str]]:
    shops, items = max(size // 1000, 1), size - max(size // 1000, 1)
    pack = load_pack(_PACK)
    seed: dict[str, tuple[dict[str, Any], ...]] = {
        "shop": tuple({"id": f"S{n:07}", "name": f"shop {n}"} for n in range(shops)),
        "item": tuple(
            {"id": f"I{n:07}", "shop_id": f"S{n % shops:07}", "also_id": None, "tag_ids": [], "price": n % 977}
            for n in range(items)
        ),
    }
    world = World(name="sized", packs=(pack.model_copy(update={"seed": seed}),))
    db = Database(f"sqlite:///{folder / f'{size}.db'}")
    sessions = Sessions(db)
    sessions.create(world, session_id="trunk")
    gc.collect()
    gc.freeze()  # as `mcp-sim serve` does
    yield sessions, world, db.url
    db.close()


def _opening(sessions: Sessions, world: World, rounds: int) -> float:
    return _median(lambda n: sessions.create(world, session_id=f"o{n}"), rounds)


def _calls(session: Session, size: int, rounds: int) -> dict[str, float]:
    items = size - max(size // 1000, 1)
    hot = [f"I{n:07}" for n in range(min(HOT, items))]
    chance = random.Random(1)
    anywhere = [f"I{chance.randrange(items):07}" for _ in range(rounds)]

    async def timed(tool: str, arguments: Callable[[int], dict[str, Any]]) -> float:
        costs = []
        for n in range(rounds):
            started = time.perf_counter()
            observation = await session.call(Call(tool, arguments(n)))
            costs.append(time.perf_counter() - started)
            assert not observation.is_error, observation.text
        return median(costs)

    async def run() -> dict[str, float]:
        await timed("get_item", lambda n: {"id": hot[n % len(hot)]})
        return {
            "read, hot set": await timed("get_item", lambda n: {"id": hot[n % len(hot)]}),
            "read, random": await timed("get_item", lambda n: {"id": anywhere[n]}),
            "write, hot set": await timed("price_item", lambda n: {"id": hot[n % len(hot)], "price": fresh()}),
            "write, random": await timed("price_item", lambda n: {"id": anywhere[n], "price": fresh()}),
            "first page of a list, with its count": await timed("list_items", lambda n: {"limit": 20}),
            "page of a filtered list, with its count": await timed("list_items", lambda n: {"shop_id": "S0000000", "limit": 20}),
        }  # fmt: skip

    return asyncio.run(run())


def _branches(sessions: Sessions, url: str, rounds: int) -> list[Measure]:
    async def grow(session: Session, steps: int) -> None:
        for n in range(steps):
            await session.call(Call("price_item", {"id": f"I{n % 900:07}", "price": fresh()}))

    async def first_read(session: Session) -> float:
        started = time.perf_counter()
        await session.call(Call("get_item", {"id": "I0000001"}))
        return time.perf_counter() - started

    steps = 10_000 if rounds >= 300 else rounds
    asyncio.run(grow(sessions.open("trunk"), steps))
    branch = _median(lambda n: sessions.branch("trunk", fresh_id=f"b{n}"), 20)
    in_trunk = median(asyncio.run(first_read(_fresh(url, "trunk"))) for _ in range(20))
    in_branch = median(asyncio.run(first_read(_fresh(url, f"b{n}"))) for n in range(20))
    depth, at = 100, "trunk"
    for n in range(depth):
        sessions.branch(at, fresh_id=f"d{n}")
        at = f"d{n}"
        asyncio.run(grow(sessions.open(at), 5))
    deep = median(asyncio.run(first_read(_fresh(url, f"d{n}"))) for n in range(depth - 20, depth))
    return [
        Measure(f"branch behind {steps:,} steps", _us(branch), "20 ms", branch / 0.02, "<= 1.0"),
        Measure("first read in a branch", _us(in_branch), _us(in_trunk), in_branch / in_trunk, "<= 2.0"),
        Measure(f"first read, {depth} branches deep", _us(deep), _us(in_trunk), deep / in_trunk, "<= 3.0"),
    ]


def _fresh(url: str, session_id: str) -> Session:
    """The session as a process finds it that has not opened it yet."""
    return Sessions(Database(url)).open(session_id)


def _idle(sessions: Sessions, world: World) -> Measure:
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    idle = [sessions.create(world) for _ in range(1000)]
    gc.collect()
    each = (tracemalloc.get_traced_memory()[0] - before) / len(idle)
    tracemalloc.stop()
    return Measure("memory of an idle session", f"{each / 1000:.1f} kB", "100 kB", each / 100_000, "<= 1.0")


def _commit(sessions: Sessions, url: str, folder: Path, rounds: int) -> Measure:
    """A committed engine write against one hand-written SQLAlchemy transaction that inserts the same rows."""
    session = sessions.open("trunk")
    raw = sqlite3.connect(url.removeprefix("sqlite:///"))

    async def ours() -> float:
        costs = []
        for n in range(rounds):
            started = time.perf_counter()
            await session.call(Call("price_item", {"id": f"I{n % 900:07}", "price": fresh()}))
            costs.append(time.perf_counter() - started)
        return median(costs)

    engine_write = asyncio.run(ours())
    row = raw.execute(
        "SELECT layer, n, at, tool, is_error, changes, body, state, measured FROM step ORDER BY n DESC"
    ).fetchone()
    version = raw.execute("SELECT entity, key, op, body FROM version ORDER BY step DESC").fetchone()
    entries = raw.execute("SELECT count(*) FROM entry WHERE key = ?", (version[1],)).fetchone()[0]
    raw.close()
    by_hand = _by_hand(folder / "hand.db", row, version, max(1, min(entries, 3)), rounds)
    ratio = by_hand / engine_write
    return Measure(
        "committed engine write", _us(engine_write), _us(by_hand) + " by hand", ratio, ">= 0.4 (by hand / ours)"
    )


def _by_hand(file: Path, row: Any, version: Any, entries: int, rounds: int) -> float:
    metadata = MetaData()
    steps = SqlTable(
        "step", metadata, Column("n", Integer, primary_key=True), Column("body", Text), Column("state", Text)
    )
    versions = SqlTable(
        "version", metadata, Column("id", Integer, primary_key=True), Column("key", Text), Column("body", Text)
    )
    index = SqlTable("entry", metadata, Column("id", Integer, primary_key=True), Column("value", Text, index=True))
    engine = create_engine(f"sqlite:///{file}")

    def pragmas(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", pragmas)
    metadata.create_all(engine)
    costs = []
    for n in range(rounds):
        started = time.perf_counter()
        with engine.begin() as db:
            db.execute(insert(versions).values(key=version[1], body=version[3]))
            db.execute(insert(index), [{"value": f"v{n}-{part}"} for part in range(entries)])
            db.execute(insert(steps).values(n=n, body=row[6], state=row[7]))
        costs.append(time.perf_counter() - started)
    engine.dispose()
    return median(costs)


_PRICES = count(1000)


def fresh() -> int:
    """A price that no row has: a write that changes nothing would cost nothing."""
    return next(_PRICES)


def _median(act: Callable[[int], Any], rounds: int) -> float:
    costs = []
    for n in range(rounds):
        started = time.perf_counter()
        act(n)
        costs.append(time.perf_counter() - started)
    return median(costs)


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs" if seconds < 0.01 else f"{seconds * 1e3:,.1f} ms"


_PACK = Path(__file__).parent / "packs" / "sized.yaml"
