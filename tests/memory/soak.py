"""`python -m tests.memory.soak --calls N`: random agents over every shipped world, a fifth of the proposals adversarial.

Calls go in process through `Session.call`, with branches, rewinds, snapshots and resets between them. After each epoch
the independent auditor replays the raw tables; then everything is reset, so that history does not grow for ever.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from mcp_sim.errors import McpSimError
from mcp_sim.responders.synthesize.imagination import Imagination
from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.load import shipped_world, shipped_worlds
from schemas.marks import marks
from schemas.types import Call, Observation, Tool, World
from store.db import Database
from store.overlay import Overlay
from tests.memory.adversary import Adversary
from tests.memory.audit import audit

EPOCH = 10_000
ADVERSARIAL = 0.2
_POOL = 12


@dataclass
class Outcome:
    """What happened so far."""

    calls: int = 0
    refused: int = 0
    adversarial: int = 0
    accepted: int = 0
    unanswered: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)


class Soak:
    """Random agents on one database."""

    def __init__(self, url: str, seed: int = 1) -> None:
        self.outcome = Outcome()
        self._url = url
        self._dice = random.Random(seed)
        self._db = Database(url)
        self._sessions = Sessions(self._db)
        self._worlds = [shipped_world(name) for name in shipped_worlds()]
        self._ids: list[str] = []
        self._pools: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._seen: dict[tuple[str, str], deque[Any]] = {}
        self._asked = {
            (world.name, tool.name): marks(tool.input_schema) or (lambda _: ())
            for world in self._worlds
            for tool in world.tools.values()
        }

    async def epoch(self, calls: int) -> None:
        """So many calls from the first day on, then the audit."""
        self._begin()
        for _ in range(calls):
            await self._act()
        self.outcome.problems += audit(self._url)
        self.outcome.memory.append(_resident())

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()

    def _begin(self) -> None:
        for info in self._sessions.list():
            self._sessions.delete(info.id)
        self._ids = [self._sessions.create(world).id for world in self._worlds]

    async def _act(self) -> None:
        if self._dice.random() < 0.004:
            self._travel(self._dice.choice(self._ids))
        await self._call(self._sessions.open(self._dice.choice(self._ids)))

    def _travel(self, session_id: str) -> None:
        steps = self._sessions.info(session_id).steps
        match self._dice.randrange(5):
            case 0 if len(self._ids) < 24:
                branch = self._sessions.branch(session_id, at=self._dice.randint(0, steps))
                self._ids.append(branch.id)
            case 1:
                self._sessions.rewind(session_id, self._dice.randint(max(0, steps - 200), steps))
            case 2:
                self._sessions.snapshot(session_id, "here")
            case 3 if "here" in self._sessions.snapshots(session_id):
                self._sessions.rewind(session_id, "here")
            case 4 if session_id not in self._ids[: len(self._worlds)]:
                self._ids.remove(session_id)
                self._sessions.delete(session_id)
            case _:
                if self._dice.random() < 0.2:
                    self._sessions.reset(session_id)

    async def _call(self, session: Session) -> None:
        tool = session.registry.tools[self._dice.choice(list(session.registry.tools))]
        call = Call(tool.tool.name, self._arguments(session, tool.tool))
        hostile = self._dice.random() < ADVERSARIAL
        honest = tool.route
        if hostile:
            tool.route = ((Adversary(session.world, self._dice), "test"),)
        try:
            observation = await session.call(call)
        except McpSimError as error:
            self.outcome.unanswered.append(f"{call.tool}: {error}")
            return
        finally:
            tool.route = honest
        self._look(session.world, tool.tool, observation)
        self.outcome.calls += 1
        self.outcome.refused += observation.is_error
        self.outcome.adversarial += hostile
        self.outcome.accepted += hostile and not observation.is_error

    def _arguments(self, session: Session, tool: Tool) -> dict[str, Any]:
        """One of a few made-up sets of arguments, most of its ids replaced by ones that an answer has shown lately."""
        pool = self._pools.setdefault((session.world.name, tool.name), [])
        if len(pool) < _POOL:
            rows = Overlay(session.world, session.view())
            chance = random.Random(self._dice.getrandbits(64))
            pool.append(Imagination(session.world, rows, chance, {}, {}).value(tool.input_schema))
        made = self._dice.choice(pool)
        required = tool.input_schema.get("required", ())
        chosen = {name: value for name, value in made.items() if name in required or self._dice.random() < 0.4}
        for entity, pointer, _ in list(self._asked[session.world.name, tool.name](chosen)):
            known = self._seen.get((session.world.name, entity))
            if known and pointer.count("/") == 1 and self._dice.random() < 0.7:
                chosen[pointer[1:]] = self._dice.choice(known)
        return chosen

    def _look(self, world: World, tool: Tool, observation: Observation) -> None:
        if tool.shown is not None and not observation.is_error:
            for entity, _, key in tool.shown(observation.structured_content):
                self._seen.setdefault((world.name, entity), deque(maxlen=200)).append(key)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 2**20


def main(
    calls: Annotated[int, typer.Option(min=1)] = 20_000,
    db: Annotated[str | None, typer.Option(help="A database of its own; default: a throw-away SQLite file.")] = None,
    seed: int = 1,
) -> None:
    """Soak the memory; exit status 1 when a rule was ever broken or a call went unanswered."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(db or f"sqlite:///{folder}/soak.db", seed)
        started = time.perf_counter()
        with Progress(console=console) as progress:
            task = progress.add_task("calls", total=calls)
            for done in range(0, calls, EPOCH):
                asyncio.run(soak.epoch(min(EPOCH, calls - done)))
                progress.update(task, completed=done + EPOCH, description=f"{soak.outcome.memory[-1]} MiB")
        soak.close()
    found = soak.outcome
    took = time.perf_counter() - started
    console.print(
        f"{found.calls:,} calls answered in {took:,.0f} s; {found.refused:,} refused;"
        f" {found.adversarial:,} adversarial proposals, {found.accepted:,} of them harmless and accepted;"
        f" unanswered: {len(found.unanswered)}; violations: {len(found.problems)};"
        f" memory after the first epoch {found.memory[0]} MiB, after the last {found.memory[-1]} MiB"
    )
    for line in (found.problems + found.unanswered)[:20]:
        console.print(line, markup=False)
    sys.exit(1 if found.problems or found.unanswered else 0)


if __name__ == "__main__":
    # What is turned down is meant to be, and is counted.
    logging.getLogger("mcp_sim").setLevel(logging.ERROR)
    typer.run(main)
