"""One call that must succeed."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp_sim.session import Session
from schemas.types import Call


def done(session: Session, tool: str, **arguments: Any) -> Any:
    observation = asyncio.run(session.call(Call(tool, arguments)))
    assert not observation.is_error, observation.text
    return observation.structured_content
