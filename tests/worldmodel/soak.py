"""`python -m tests.worldmodel.soak --calls N`: sessions of every world, answered by a server that misbehaves on purpose.

Every observation is looked through for ids that no row has, by means that share nothing with the engine but the names
of the patterns; afterwards the independent auditor replays the raw tables.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from mcp_sim.responders.synthesize.imagination import Imagination
from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from mcp_sim.worldmodel.settings import Settings
from mcp_sim.worldmodel.worldmodel import WorldModel
from schemas.load import shipped_world, shipped_worlds
from schemas.types import Call, Tool, World
from store.db import Database
from store.overlay import Overlay
from tests.memory.audit import audit
from tests.worldmodel.adversary import ALL, HARMLESS, Adversary, Fault, Pace
from tests.worldmodel.almanac import almanac

DEADLINE = 8.0
"""Seconds that the world model has for one call."""
GRACE = 1.0
"""Seconds beyond it that the check, the synthesizer and the commit may take on a busy machine."""
MODELLED = 0.8
"""The share of calls that the world model answers; the others change rows, so that ids come and go."""


@dataclass
class Outcome:
    """What happened so far."""

    calls: int = 0
    responders: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    silences: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    recalled: int = 0
    invented: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    slowest: float = 0.0


class Worker:
    """One agent in one session, and a ledger of its own of which rows there are."""

    def __init__(self, session: Session, outcome: Outcome, seed: int) -> None:
        self._session = session
        self._outcome = outcome
        self._dice = random.Random(seed)
        world = session.world
        self._rows = {
            name: {str(row[entity.key]) for row in world.rows.get(name, ())} for name, entity in world.entities.items()
        }
        self._patterns = {name: _looks(entity.id) for name, entity in world.entities.items() if entity.id}
        self._modelled = [tool for tool in world.tools.values() if tool.effect is None]
        self._others = [tool for tool in world.tools.values() if tool.effect is not None]

    async def act(self) -> None:
        """One call, looked through."""
        modelled = self._dice.random() < MODELLED
        tool = self._dice.choice(self._modelled if modelled else self._others)
        call = Call(tool.name, self._arguments(self._session.world, tool))
        started = time.perf_counter()
        try:
            observation = await self._session.call(call)
        except Exception as error:
            self._outcome.unanswered.append(f"{tool.name}: {type(error).__name__}: {error}")
            return
        took = time.perf_counter() - started
        self._outcome.slowest = max(self._outcome.slowest, took)
        if took > DEADLINE + GRACE:
            self._outcome.unanswered.append(f"{tool.name}: answered after {took:.1f} s")
        self._outcome.calls += 1
        self._look(call, observation.text)

    def _look(self, call: Call, text: str) -> None:
        step = self._session.view().recent(1)[0]
        before = {name: set(keys) for name, keys in self._rows.items()} if step.delta.changes else self._rows
        for change in step.delta.changes:
            (self._rows[change.entity].discard if change.op == "delete" else self._rows[change.entity].add)(change.key)
        self._outcome.responders[step.responder] += 1
        broken = [violation for attempt in step.attempts for violation in attempt.violations]
        self._outcome.rules.update(violation.rule for violation in broken)
        self._outcome.silences.update(
            re.sub(r"https?://\S+", "URL", violation.message.partition(" (")[0])
            for violation in broken
            if violation.rule == "unanswered"
        )
        if step.responder == "effects" or step.observation.is_error:
            return
        asked = orjson.dumps(call.arguments).decode()
        for entity, pattern in self._patterns.items():
            for found in pattern.findall(text):
                if found not in before[entity] | self._rows[entity] and found not in asked:
                    self._outcome.invented.append(f"{call.tool} showed {entity} {found}")

    def _arguments(self, world: World, tool: Tool) -> dict[str, Any]:
        rows = Overlay(world, self._session.view())
        made: dict[str, Any] = Imagination(world, rows, random.Random(self._dice.getrandbits(64)), {}, {}).value(
            tool.input_schema
        )
        required = tool.input_schema.get("required", ())
        return {name: value for name, value in made.items() if name in required or self._dice.random() < 0.4}


def _looks(pattern: str) -> re.Pattern[str]:
    """How an id of this pattern looks in a text."""
    return re.compile(rf"(?<![\w-]){re.sub(r'{[^}]*}', '[0-9]+', pattern)}(?![\w-])")


async def soak(url: str, server: Adversary, calls: int, workers: int, seed: int, progress: Any = None) -> Outcome:
    """So many calls by so many agents at once."""
    outcome = Outcome()
    database = Database(url)
    settings = Settings(urls=(server.url,), deadline=DEADLINE, first_token=2.0, pause=2.0, sampling={"temperature": 0})
    worldmodel = WorldModel(settings)
    sessions = Sessions(database, worldmodel)
    worlds = [almanac(), *(shipped_world(name) for name in shipped_worlds())]
    left = iter(range(calls))

    async def work(number: int) -> None:
        worker = Worker(sessions.create(worlds[number % len(worlds)]), outcome, seed + number)
        for _ in left:
            await worker.act()
            await asyncio.sleep(0)  # as between two requests: a call that needs no model waits for nothing
            if progress is not None:
                progress()

    await asyncio.gather(*(work(number) for number in range(workers)))
    await _compare(sessions, server, outcome)
    await worldmodel.close()
    database.close()
    outcome.problems = audit(url)
    return outcome


async def _compare(sessions: Sessions, server: Adversary, outcome: Outcome) -> None:
    """Every fault that the server did is in a step, or beside one."""
    faults = dict(server.log)
    seen: Counter[str] = Counter()
    for info in sessions.list():
        session = sessions.open(info.id)
        for line, measured in zip(session.steps(), session.measured(), strict=True):
            step = orjson.loads(line)
            spent = measured.get("worldmodel", [])
            outcome.passed += sum(len(one.get("failed", ())) for one in spent)
            outcome.recalled += sum("recalled" in one for one in spent)
            if step["responder"] != "worldmodel" or not spent or "id" not in spent[-1]:
                continue
            fault = faults.get(spent[-1]["id"], Fault.NONE)
            seen[fault] += fault not in HARMLESS
    outcome.unseen = [f"{count} answers with {fault} broke no rule" for fault, count in sorted(seen.items()) if count]


def main(
    calls: Annotated[int, typer.Option(min=1)] = 20_000,
    rate: Annotated[float, typer.Option(min=0, max=1, help="The share of answers that are bad on purpose.")] = 0.3,
    workers: Annotated[int, typer.Option(min=1)] = 32,
    seed: int = 1,
) -> None:
    """Soak the world model's path; exit status 1 when an invented id was shown or a call went unanswered."""
    console = Console()
    pace = Pace(first_token=0.2, token=0.005)
    with tempfile.TemporaryDirectory() as folder, Adversary(seed=seed, rate=rate, kinds=ALL, pace=pace) as server:
        server.stale = {f"ST-{number:03}" for number in range(900, 910)}
        started = time.perf_counter()
        with Progress(console=console) as bar:
            task = bar.add_task("calls", total=calls)
            found = asyncio.run(
                soak(f"sqlite:///{folder}/soak.db", server, calls, workers, seed, lambda: bar.advance(task))
            )
        took = time.perf_counter() - started
        bad = sum(count for fault, count in server.counts.items() if fault is not Fault.NONE)
        asked = sum(server.counts.values())
    console.print(
        f"{found.calls:,} calls answered in {took:,.0f} s, the slowest in {found.slowest:.2f} s (deadline {DEADLINE:g} s);"
        f" {asked:,} requests to the model, {bad / max(asked, 1):.0%} of them bad on purpose; {found.recalled:,} recalled"
    )
    for title, counts in (
        ("answered by", found.responders),
        ("turned down", found.rules),
        ("why unanswered", found.silences),
    ):
        table = Table(title, "")
        for name, count in counts.most_common(12):
            table.add_row(name, f"{count:,}")
        console.print(table)
    console.print(f"failures that a second try got over: {found.passed:,}")
    for line in found.unseen:
        console.print(f"note: {line}", markup=False)
    console.print(
        f"invented ids shown: {len(found.invented)}; unanswered: {len(found.unanswered)};"
        f" violations: {len(found.problems)}"
    )
    for line in (found.invented + found.unanswered + found.problems)[:20]:
        console.print(line, markup=False)
    sys.exit(1 if found.invented or found.unanswered or found.problems else 0)


if __name__ == "__main__":
    # What is turned down is meant to be, and is counted.
    logging.getLogger("mcp_sim").setLevel(logging.ERROR)
    typer.run(main)
