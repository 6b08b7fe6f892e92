"""A session of thousands of steps: prompts stay as short as they were, and tell what was written."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

from rich.table import Table

from schemas.types import Call, Step
from tests.benchmarks.worldmodel.endpoint import Endpoint, endpoint
from tests.benchmarks.worldmodel.engine import Engine, engine
from tests.benchmarks.worldmodel.witness import At, Witness
from tests.benchmarks.worldmodel.workload import Trade, Workload, shop, subjects

AIM = 1.2
SETTLED = range(50, 151)
"""The steps whose prompts all later ones are compared with."""


@dataclass(frozen=True)
class Stretch:
    """The prompts of some steps in a row, in tokens as the server counts them."""

    steps: str
    calls: int
    p50: float
    p99: float
    longest: int


@dataclass
class Horizon:
    """What was seen on the way.

    Attributes:
        prompts: (step, tokens) of every question.
        written: rows that effects changed.
        told: how many of them a later question was about.
        shown: rows in questions.
        answered: whole rows in answers.
        modelled: those of them in answers of the world model.
        violations: each says which row was missing, or shown as it is not.
    """

    steps: int
    prompts: list[tuple[int, int]] = field(default_factory=list)
    written: int = 0
    told: int = 0
    shown: int = 0
    answered: int = 0
    modelled: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def settled(self) -> float:
        """The 99th percentile of the prompts around step 100."""
        return _percentile([tokens for n, tokens in self.prompts if n in SETTLED], 99)

    @property
    def growth(self) -> float:
        """The 99th percentile of the prompts from step 100 on, beside that around step 100."""
        return _percentile([tokens for n, tokens in self.prompts if n >= 100], 99) / self.settled

    def stretches(self) -> list[Stretch]:
        """The prompts by tenths of the session."""
        width = self.steps // 10
        found = []
        for first in range(1, self.steps + 1, width):
            tokens = [tokens for n, tokens in self.prompts if first <= n < first + width]
            spread = (_percentile(tokens, 50), _percentile(tokens, 99), max(tokens))
            found.append(Stretch(f"{first:,} to {first + width - 1:,}", len(tokens), *spread))
        return found


def measure(real: Endpoint | None, *, steps: int = 5_000) -> Horizon:
    """One session of the shop.

    Raises:
        NotRunning: there is no server.
    """
    with tempfile.TemporaryDirectory() as folder, endpoint(real, Path(folder)) as at:
        return asyncio.run(walk(at, Path(folder), steps))


async def walk(at: Endpoint, folder: Path, steps: int, trade: Trade | None = None, seed: int = 1) -> Horizon:
    """A session of so many steps, each held against the database."""
    trade = trade or shop()
    async with engine(at, folder) as found:
        session = found.sessions.create(trade.world)
        walker = _Walker(found, Witness(found.file, session.id, trade.world), trade, Horizon(steps))
        workload = Workload(trade, seed)
        try:
            for _ in range(steps):
                call = workload.next(session.view())
                expected = walker.expected(call)
                before = len(found.overheard)
                step = await found.step(session, call)
                workload.saw(step)
                walker.look(step, expected, found.overheard[before:])
        finally:
            walker.witness.close()
        for n, measured in enumerate(session.measured(), 1):
            spent = [one["prompt_tokens"] for one in measured.get("worldmodel", ()) if "prompt_tokens" in one]
            walker.found.prompts += [(n, tokens) for tokens in spent[:1]]
    return walker.found


class _Walker:
    """Holds every step against the rows."""

    def __init__(self, engine: Engine, witness: Witness, trade: Trade, found: Horizon) -> None:
        self.witness = witness
        self.found = found
        self._engine = engine
        self._trade = trade
        self._untold: set[At] = set()

    def expected(self, call: Call) -> dict[At, Any]:
        """The rows that a question about this call has to show, as SQL holds them before it."""
        if call.tool not in self._trade.imagined:
            return {}
        named = [(entity, str(key)) for entity, key in subjects(self._trade.world, call) if key is not None]
        return {at: row for at in named if (row := self.witness.row(at)) is not None}

    def look(self, step: Step, expected: dict[At, Any], asked: Sequence[bytes]) -> None:
        """Hold one step against the rows: the question first, then the answer."""
        for body in asked:
            self._look_at_question(step, expected, self.witness.records(body))
        if step.responder == "effects":
            changed = {(change.entity, change.key) for change in step.delta.changes if change.after is not None}
            self.found.written += len(changed)
            self._untold |= changed
        if not step.observation.is_error:
            for at, row in self.witness.whole_rows(step.observation.structured_content):
                self.found.answered += 1
                self.found.modelled += step.responder == "worldmodel"
                self._compare(step, "the answer", at, row, self.witness.row(at))

    def _look_at_question(self, step: Step, expected: dict[At, Any], records: dict[At, list[Any]]) -> None:
        for at, row in expected.items():
            if at not in records:
                self.found.violations.append(f"step {step.n}: the question about {' '.join(at)} does not show it")
            for shown in records.get(at, ()):
                self._compare(step, "the question", at, shown, row)
        self.found.told += len(self._untold & expected.keys())
        self._untold -= expected.keys()
        for at, rows in records.items():
            for shown in rows:
                self.found.shown += 1
                if at not in expected:
                    self._compare(step, "the question", at, shown, self.witness.row(at))

    def _compare(self, step: Step, where: str, at: At, shown: Any, held: Any) -> None:
        if shown != held:
            self.found.violations.append(f"step {step.n}: {where} shows {' '.join(at)} as {shown}; SQL holds {held}")


def table(found: Horizon) -> Table:
    """Prompt sizes by tenths, and whether what was written was told."""
    good = found.growth <= AIM
    told = f"{found.told:,} of {found.written:,} written rows came up in a later question; violations: "
    told += "[green]0[/]" if not found.violations else f"[red]{len(found.violations)}, e.g. {found.violations[0]}[/]"
    shown = Table(
        title=f"One session of {found.steps:,} steps: tokens of a prompt, as the server counts them",
        caption=f"p99 from step 100 on / p99 of steps {SETTLED[0]} to {SETTLED[-1]} ({found.settled:,.0f}): "
        f"[{'green' if good else 'red'}]{found.growth:.2f}[/] (aim ≤ {AIM}).\n"
        f"{told} (aim 0).\nHeld against SQL: {found.shown:,} rows shown in questions, {found.answered:,} whole rows in "
        f"answers, {found.modelled:,} of them in answers of the world model.",
        title_justify="left",
        caption_justify="left",
    )
    shown.add_column("steps")
    for heading in ("questions", "p50", "p99", "longest"):
        shown.add_column(heading, justify="right")
    for row in found.stretches():
        shown.add_row(row.steps, f"{row.calls:,}", f"{row.p50:,.0f}", f"{row.p99:,.0f}", f"{row.longest:,}")
    return shown


def _percentile(tokens: Sequence[int], share: int) -> float:
    return quantiles(tokens, n=100, method="inclusive")[share - 1] if len(tokens) > 1 else float(tokens[0])
