"""How sessions expire while the application runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp_sim.sessions import Sessions
from store.errors import StoreError
from store.retention import Retention

EVERY = 300.0
"""Seconds between two collections."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def keeping(sessions: Sessions, retention: Retention, every: float = EVERY) -> AsyncIterator[None]:
    """Collect what has expired or has no room, now and every few minutes for as long as the application runs."""
    if retention.days is None and retention.megabytes is None:
        yield
        return
    await collect(sessions, retention)
    task = asyncio.create_task(_repeat(sessions, retention, every))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def collect(sessions: Sessions, retention: Retention) -> None:
    """Collect once, with a pause for calls after each session, and say in one line what has gone."""
    gone = []
    try:
        for session_id in sessions.collect(retention):
            gone.append(session_id)
            await asyncio.sleep(0)
    except StoreError as error:
        log.warning("Sessions could not be collected: %s", error)
    if gone:
        shown = ", ".join(gone[:10]) + (f" and {len(gone) - 10} more" if len(gone) > 10 else "")
        log.info("Collected %d session%s, %s: %s", len(gone), "s" if len(gone) > 1 else "", retention, shown)


async def _repeat(sessions: Sessions, retention: Retention, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        await collect(sessions, retention)
