"""What a perturbation costs that does not act: two sessions side by side, one without it."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.types import Call
from store.db import Database
from store.traces.encode import decode_step
from tests.perturb.depots import depot

AIM = 5.0
"""Microseconds per call."""
AT_ONCE = 8
"""Perturbations of the one session; their cost together, divided, drowns less in noise."""
CALL = Call("get_parcel", {"id": "P-002"})
ERROR: dict[str, Any] = {"error": {"status": 500}}
IDLE: dict[str, dict[str, Any]] = {
    "for another tool": {**ERROR, "where": {"tool": "create_parcel", "probability": 0.5}},
    "by a chance that does not come": {**ERROR, "where": {"probability": 1e-12}},
    "for other arguments": {**ERROR, "where": {"tool": "get_parcel", "when": 'args.id == "P-030"'}},
    "for a later call": {**ERROR, "where": {"nth": 1_000_000}},
    "for a later time": {**ERROR, "where": {"from": 1_000_000_000}},
    "after what does not happen": {**ERROR, "where": {"after": {"tool": "create_parcel"}}},
    "a limit that is not reached": {"rate_limit": {"calls": 1_000_000, "per": 1, "headers": False}},
    "credentials that have not expired": {"auth": {"lifetime": 86_400}},
}


@dataclass(frozen=True)
class Idle:
    """Microseconds of CPU per call: without, with `AT_ONCE` of them, and of one."""

    what: str
    without: float
    together: float

    @property
    def one(self) -> float:
        """What one of them costs."""
        return (self.together - self.without) / AT_ONCE


def measure(rounds: int = 60, calls: int = 50) -> list[Idle]:
    """Every way not to act; each in so many rounds of so many calls on either side, in turn."""
    gc.collect()
    gc.disable()
    try:
        return [_measure(what, spec, rounds, calls) for what, spec in IDLE.items()]
    finally:
        gc.enable()


def _measure(what: str, spec: dict[str, Any], rounds: int, calls: int) -> Idle:
    database = Database("sqlite://")
    sessions = Sessions(database)
    many = [{"name": f"idle-{n}", **spec} for n in range(AT_ONCE)]
    plain, perturbed = sessions.create(depot(), perturbations=()), sessions.create(depot(), perturbations=many)
    found: list[tuple[float, float]] = []
    with asyncio.Runner() as runner:
        for n in range(rounds + 1):
            # Whoever goes first has the colder caches: they take turns.
            first, second = (plain, perturbed) if n % 2 else (perturbed, plain)
            times = {id(one): _time(runner, one, calls) for one in (first, second)}
            if n:
                found.append((times[id(plain)], times[id(perturbed)]))
    assert not any(decode_step(step).perturbations for step in perturbed.steps()), what
    database.close()
    return Idle(what, min(one for one, _ in found), min(other for _, other in found))


def _time(runner: asyncio.Runner, session: Session, calls: int) -> float:
    started = time.process_time()
    runner.run(_make(session, calls))
    return 1e6 * (time.process_time() - started) / calls


async def _make(session: Session, calls: int) -> None:
    for _ in range(calls):
        await session.call(CALL)


def table(found: Iterable[Idle]) -> Table:
    """Every way not to act."""
    shown = Table(
        title="A perturbation that does not act, microseconds of CPU per call",
        caption=f"aim: under {AIM:g} µs. The best of all rounds of two sessions side by side.",
        title_justify="left",
        caption_justify="left",
    )
    for heading in ("", "a call without", f"with {AT_ONCE}", "one costs"):
        shown.add_column(heading, justify="right" if heading else "left")
    for one in found:
        colour = "green" if one.one < AIM else "red"
        shown.add_row(one.what, f"{one.without:,.0f}", f"{one.together:,.0f}", f"[{colour}]{one.one:.2f}[/]")
    return shown
