"""The independent auditor: reads the raw tables and says what is wrong with them.

It replays every layer of every world, step by step, from the definitions and the rows alone. Nothing here is shared with
the code that it audits: what a reference is, what it finds and what is equal is written down here once more.
"""

from __future__ import annotations

from tests.memory.audit.definitions import definitions
from tests.memory.audit.orphans import orphans
from tests.memory.audit.replay import Replay
from tests.memory.raw import connected

__all__ = ["audit"]


def audit(url: str) -> list[str]:
    """Everything that is wrong with a database at rest, each in one line; empty when all holds."""
    with connected(url) as raw:
        return list(orphans(raw)) + [problem for world in definitions(raw) for problem in Replay(raw, world).run()]
