"""A running world with perturbations: calls by keyword, and what the ledger says of each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from mcp_sim.perturb.given import Given
from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.types import Acted, Call, Observation, Row, Step, World
from store.traces.encode import decode_step


class Perturbed:
    """One session, and its steps."""

    def __init__(self, sessions: Sessions, world: World, perturbations: Given, seed: int = 0) -> None:
        self.sessions = sessions
        self.session: Session = sessions.create(world, seed=seed, perturbations=perturbations)

    @classmethod
    def of(cls, sessions: Sessions, session: Session) -> Perturbed:
        found = cls.__new__(cls)
        found.sessions, found.session = sessions, session
        return found

    def ask(self, tool: str, /, waited: float = 0.0, **arguments: Any) -> Observation:
        return asyncio.run(self.session.call(Call(tool, arguments, waited)))

    def step(self, tool: str, /, waited: float = 0.0, **arguments: Any) -> Step:
        """The step of one call."""
        self.ask(tool, waited, **arguments)
        return self.steps()[-1]

    def did(self, tool: str, /, waited: float = 0.0, **arguments: Any) -> tuple[Observation, dict[str, Any] | None]:
        """What the agent saw, and what the only perturbation that acted did, if one did."""
        step = self.step(tool, waited, **arguments)
        assert len(step.perturbations) <= 1
        return step.observation, step.perturbations[0].did if step.perturbations else None

    def acting(self, calls: int, tool: str = "get_parcel", /, **arguments: Any) -> list[int]:
        """The numbers of those calls, of so many, on which something acted."""
        given = {"id": "P-001"} if tool == "get_parcel" else arguments
        return [n for n in range(1, calls + 1) if self.step(tool, **given).perturbations]

    def steps(self) -> list[Step]:
        return [decode_step(line) for line in self.session.steps()]

    def acted(self) -> list[Sequence[Acted]]:
        return [step.perturbations for step in self.steps()]

    def rows(self) -> dict[str, list[Row]]:
        return self.sessions.rows(self.session.id)

    def trace(self) -> bytes:
        return b"".join(self.sessions.trace(self.session.id))
