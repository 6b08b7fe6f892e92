"""Tokens of a workload that mostly needs no model, beside a model that answers every call from its context."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from mcp_sim.session import Session
from mcp_sim.worldmodel.client import Spent, Unanswered
from mcp_sim.worldmodel.wire import Message, action, compact, observed, spoken
from mcp_sim.worldmodel.wording import V1
from schemas.types import Step, Tool, World
from tests.benchmarks.floor import Refused
from tests.benchmarks.worldmodel.endpoint import Endpoint, endpoint
from tests.benchmarks.worldmodel.engine import Engine, engine
from tests.benchmarks.worldmodel.novelty import Novelty, novelty
from tests.benchmarks.worldmodel.workload import EVERY, Workload, helpdesk, shop

AIM = 20.0
KINDS = ("prompt", "cached", "uncached", "completion", "prompt + completion")
_DEADLINE = 120.0
_ANSWER_TOKENS = 1024


@dataclass
class Tokens:
    """Tokens so far, as the server counts them."""

    requests: int = 0
    prompt: int = 0
    cached: int = 0
    completion: int = 0

    def add(self, spent: Spent) -> None:
        """Count one more answer."""
        self.requests += 1
        self.prompt += spent["prompt_tokens"]
        self.cached += spent["cached_tokens"]
        self.completion += spent["completion_tokens"]

    def by_kind(self) -> dict[str, int]:
        """The counts in the order of KINDS."""
        whole = self.prompt + self.completion
        return dict(
            zip(KINDS, (self.prompt, self.cached, self.prompt - self.cached, self.completion, whole), strict=True)
        )


@dataclass(frozen=True)
class Cost:
    """Both arms, for the same calls with the same observations.

    Attributes:
        every_call: where every call is answered by the model.
        novelties: how much of each question was new; see there.
    """

    calls: int
    ours: Tokens
    every_call: Tokens
    words: str
    novelties: list[Novelty]

    def ratio(self, kind: str) -> float:
        """How many times fewer tokens of one kind we take."""
        return self.every_call.by_kind()[kind] / max(self.ours.by_kind()[kind], 1)


def measure(real: Endpoint | None, *, sessions: int = 20, calls: int = 50) -> Cost:
    """So many sessions of so many calls, of the shop and the helpdesk in turn.

    Raises:
        NotRunning: there is no server.
        Refused: the server did not answer.
    """
    with tempfile.TemporaryDirectory() as folder, endpoint(real, Path(folder)) as at:
        return asyncio.run(_measure(at, Path(folder), sessions, calls))


async def _measure(at: Endpoint, folder: Path, sessions: int, calls: int) -> Cost:
    ours, every_call, novelties = Tokens(), Tokens(), []
    async with engine(at, folder) as found:
        worked = []
        for number in range(sessions):
            trade = (shop, helpdesk)[number % 2]()
            session = found.sessions.create(trade.world)
            asked = await _work(found, session, Workload(trade, number), calls, ours)
            novelties += novelty(asked)
            worked.append(session)
        for session in worked:
            await _replay(found, session, every_call)
    return Cost(sessions * calls, ours, every_call, at.words, novelties)


async def _work(
    found: Engine, session: Session, workload: Workload, calls: int, tokens: Tokens
) -> list[tuple[bytes, Spent]]:
    """Our arm: the questions that one session asked, each with what it took."""
    first = len(found.overheard)
    for _ in range(calls):
        workload.saw(await found.step(session, workload.next(session.view())))
    answered = [one for measured in session.measured() for one in measured.get("worldmodel", ()) if "id" in one]
    for spent in answered:
        tokens.add(spent)
    bodies = found.overheard[first:]
    # Where a request failed and was made again, which answer belongs to which question cannot be told.
    return list(zip(bodies, answered, strict=True)) if len(bodies) == len(answered) else []


async def _replay(found: Engine, session: Session, tokens: Tokens) -> None:
    """The other arm: the same calls in a conversation that holds everything since the first."""
    messages = [Message(role="system", content=_system(session.world))]
    settings = found.worldmodel.settings
    asked = {"max_tokens": _ANSWER_TOKENS, "temperature": settings.sampling["temperature"]}
    for step in _steps(session):
        messages.append(Message(role="user", content=action(step.n, step.call.tool, step.call.arguments)))
        deadline = time.monotonic() + _DEADLINE
        try:
            answer = await found.worldmodel.client.complete(
                found.worldmodel.model, tuple(messages), deadline=deadline, **asked
            )
        except Unanswered as error:
            raise Refused(f"call {step.n} with everything in the prompt: {error}") from None
        tokens.add(answer.spent)
        messages.append(Message(role="assistant", content=observed(spoken(step.observation))))


def _steps(session: Session) -> Iterator[Step]:
    n = session.view().n - 1
    yield from session.view().recent(n)


def _system(world: World) -> str:
    """What such a model is told once: its role, every tool in full, every row."""
    tools = [compact(_definition(tool)) for tool in world.tools.values()]
    rows = [f"{entity} {compact(row)}" for entity, rows in world.rows.items() for row in rows]
    parts = [V1.role, V1.state, V1.behaviour, V1.format, f"# The service\n{world.lore.strip()}"]
    return "\n\n".join([*parts, "# Tools\n" + "\n".join(tools), "# Initial state\n" + "\n".join(rows)])


def _definition(tool: Tool) -> dict[str, Any]:
    """A tool as an MCP client is shown it."""
    output = {} if tool.output_schema is None else {"output_schema": tool.output_schema}
    return {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema, **output}


def table(found: Cost) -> Table:
    """Tokens by kind, per 1,000 calls."""
    shown = Table(
        title=f"Model tokens per 1,000 calls, of which {100 // EVERY} % need the model (shop and helpdesk)",
        caption=f"{found.calls:,} calls, the same ones with the same observations in both arms, at {found.words}.\n"
        "every call: tools in full and seed rows in the system message, and the whole history in every prompt; it is "
        "asked for text, so its completions are those of a server that says little.",
        title_justify="left",
        caption_justify="left",
    )
    shown.add_column("tokens")
    for heading in ("mcp-sim", "every call by the model", "times fewer", "aim"):
        shown.add_column(heading, justify="right")
    ours, every_call = found.ours.by_kind(), found.every_call.by_kind()
    per = 1000 / found.calls
    shown.add_row("requests", f"{per * found.ours.requests:,.0f}", f"{per * found.every_call.requests:,.0f}", "", "")
    for kind in KINDS:
        ratio, aim = found.ratio(kind), ""
        if kind == KINDS[-1]:
            aim = f"[{'green' if ratio >= AIM else 'red'}]≥ {AIM:g}[/]"
        shown.add_row(kind, f"{per * ours[kind]:,.0f}", f"{per * every_call[kind]:,.0f}", f"{ratio:,.1f}", aim)
    return shown
