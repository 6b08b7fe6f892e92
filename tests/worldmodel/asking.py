"""A session that asks a world model, driven from synchronous tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Self

from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from mcp_sim.worldmodel.settings import Settings
from mcp_sim.worldmodel.worldmodel import WorldModel
from schemas.types import Call, Completion, Observation, Row, Step, World
from store.db import Database
from store.traces.encode import decode_step
from tests.worldmodel.almanac import almanac

QUICK: dict[str, Any] = {"deadline": 5.0, "first_token": 1.0, "pause": 1.0}


class Asking:
    """One running world with a world model behind it."""

    def __init__(
        self,
        database: Database,
        url: str | None,
        *,
        world: World | None = None,
        recorded: Iterable[Completion] = (),
        structured: bool = False,
        session_id: str | None = None,
        asked: Settings | None = None,
        **settings: Any,
    ) -> None:
        urls = () if url is None else (url,)
        asked = asked or Settings(urls=urls, **{**QUICK, "structured": structured, **settings})
        kept = tuple(recorded)
        self.worldmodel = WorldModel(asked, recorded=kept) if asked.urls or kept else None
        self.sessions = Sessions(database, self.worldmodel)
        self.session = self.sessions.create(world or almanac(), session_id=session_id)
        self._loop = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.worldmodel is not None:
            self._loop.run(self.worldmodel.close())
        self._loop.close()

    def run(self, action: Any) -> Any:
        """The result of a coroutine, on the loop that the connections belong to."""
        return self._loop.run(action)

    def ask(self, tool: str, **arguments: Any) -> Observation:
        observation: Observation = self.run(self.session.call(Call(tool, arguments)))
        return observation

    def done(self, tool: str, **arguments: Any) -> Any:
        observation = self.ask(tool, **arguments)
        assert not observation.is_error, observation.text
        return observation.structured_content if observation.structured_content is not None else observation.text

    def together(self, sessions: list[Session], tool: str, **arguments: Any) -> list[Observation]:
        """The same call in several sessions at once."""

        async def calls() -> list[Observation]:
            return await asyncio.gather(*(session.call(Call(tool, arguments)) for session in sessions))

        found: list[Observation] = self.run(calls())
        return found

    def last(self) -> Step:
        """The last step."""
        return self.session.view().recent(1)[0]

    def steps(self) -> list[Step]:
        return [decode_step(line) for line in self.session.steps()]

    def trace(self) -> bytes:
        return b"".join(self.sessions.trace(self.session.id))

    def rows(self) -> dict[str, Row]:
        """The stars by id."""
        return {row["id"]: row for row in self.sessions.rows(self.session.id)["star"]}
