"""A session for tests: calls by keyword, rows by entity, the trace as bytes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import yaml

from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.load import load_world
from schemas.types import Call, Observation, Row, World
from store.traces.encode import decode_step

HARBOUR = Path(__file__).parent / "packs" / "harbour"


class Running:
    """One running world."""

    def __init__(self, sessions: Sessions, world: World, seed: int | None = None) -> None:
        self.sessions = sessions
        self.session: Session = sessions.create(world, seed=seed)

    @classmethod
    def again(cls, sessions: Sessions, session_id: str) -> Running:
        """A session that is there already."""
        running = cls.__new__(cls)
        running.sessions, running.session = sessions, sessions.open(session_id)
        return running

    def ask(self, tool: str, **arguments: Any) -> Observation:
        return asyncio.run(self.session.call(Call(tool, arguments)))

    def done(self, tool: str, **arguments: Any) -> Any:
        observation = self.ask(tool, **arguments)
        assert not observation.is_error, observation.text
        return observation.structured_content

    def refused(self, tool: str, **arguments: Any) -> str:
        """Status and text of a refusal, which changes no row."""
        before = self.rows()
        observation = self.ask(tool, **arguments)
        assert observation.is_error, observation.text
        assert self.rows() == before
        return f"{observation.status} {observation.text}"

    def fault(self, tool: str, **arguments: Any) -> str:
        """What is wrong with the pack; the agent is only told that the service failed."""
        assert self.refused(tool, **arguments) == "500 The service failed to answer this call."
        step = decode_step(self.trace().splitlines()[-1])
        (attempt,) = step.attempts
        assert attempt.violations[0].rule in ("fault", "output", "unknown-id")
        return attempt.violations[0].message

    def rows(self) -> dict[str, dict[Any, Row]]:
        """Every committed row, by entity and key."""
        entities = self.session.world.entities
        found = self.sessions.rows(self.session.id)
        return {name: {row[entities[name].key]: row for row in rows} for name, rows in found.items()}

    def trace(self) -> bytes:
        return b"".join(self.sessions.trace(self.session.id))


def write_pack(folder: Path, **parts: Any) -> Path:
    """The harbour's pack with other parts, as a file; None leaves a part out."""
    pack = yaml.safe_load((HARBOUR / "pack.yaml").read_text()) | parts
    path = folder / "pack.yaml"
    path.write_text(yaml.safe_dump({name: part for name, part in pack.items() if part is not None}, sort_keys=False))
    return path


def acting(folder: Path, *steps: Any, returns: Any = None, **tool: Any) -> World:
    """The harbour with a single tool `act` that does these steps; its arguments are a, b, c and d."""
    anything: dict[str, Any] = {"type": "object", "properties": {"a": {}, "b": {}, "c": {}, "d": {}}}
    act = {"input": anything, "effect": {"steps": list(steps), "returns": returns}, **tool}
    return load_world(write_pack(folder, tools={"act": act}))
