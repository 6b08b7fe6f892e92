"""The tools of a session in this very process; waiting costs virtual time alone."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.types import Call, Trace
from store.traces.replay import read_trace
from tests.agents.tools import Answer, Job


class InProcess:
    """A connection to a session without a server. Not all that a session knows is shown: an MCP client sees no status."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waited = 0.0

    def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        call, self._waited = Call(tool, arguments, self._waited), 0.0
        observation = asyncio.run(self._session.call(call))
        return Answer(observation.text, observation.structured_content, observation.is_error)

    def wait(self, seconds: float) -> None:
        self._waited += seconds


def recorded(sessions: Sessions, session: Session) -> Trace:
    """What happened in a session so far."""
    return read_trace(line for line in b"".join(sessions.trace(session.id)).splitlines())


def work(sessions: Sessions, session: Session, job: Job) -> Trace:
    """The trace of a job done in a session."""
    job(InProcess(session))
    return recorded(sessions, session)
