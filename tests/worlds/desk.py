"""A helpdesk session for tests: calls by keyword, rows by key."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp_sim.sessions import Sessions
from schemas.types import Call, Observation, Row, World


class Desk:
    """One running helpdesk."""

    def __init__(self, sessions: Sessions, world: World) -> None:
        self._session = sessions.create(world)

    def call(self, tool: str, **arguments: Any) -> Observation:
        return asyncio.run(self._session.call(Call(tool, arguments)))

    def done(self, tool: str, **arguments: Any) -> Any:
        observation = self.call(tool, **arguments)
        assert not observation.is_error, observation.text
        return observation.structured_content

    def refused(self, tool: str, **arguments: Any) -> str:
        before = self.all_rows()
        observation = self.call(tool, **arguments)
        assert observation.is_error, observation.text
        assert self.all_rows() == before
        return f"{observation.status} {observation.text}"

    def row(self, entity: str, key: str) -> Row:
        return self.rows(entity, id=key)[0]

    def rows(self, entity: str, **match: Any) -> list[Row]:
        found = self._session.rows(entity)
        return [row for row in found if all(row[field] == value for field, value in match.items())]

    def all_rows(self) -> dict[str, list[Row]]:
        return {entity: self._session.rows(entity) for entity in self._session.world.entities}
