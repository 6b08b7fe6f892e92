"""`python -m tests.memory.victim URL SEED`: works in several sessions at once and says each step that was acknowledged."""

from __future__ import annotations

import asyncio
import random
import sys

from mcp_sim.sessions import Sessions
from schemas.load import load_world
from schemas.types import Call
from store.db import Database
from store.errors import SessionExists
from tests.running import HARBOUR

SESSIONS = ("one", "two", "three")


async def work(sessions: Sessions, session_id: str, dice: random.Random) -> None:
    """Build ships for ever; now and then go back, or branch."""
    while True:
        observation = await sessions.open(session_id).call(
            Call("build_ship", {"name": f"ship {dice.getrandbits(60)}", "yard": "Leith"})
        )
        steps = sessions.info(session_id).steps
        print(session_id, steps, "refused" if observation.is_error else "built", flush=True)
        if dice.random() < 0.02:
            print(session_id, sessions.snapshot(session_id, "kept"), "kept", flush=True)
        if dice.random() < 0.02:
            branch = sessions.branch(session_id)
            await branch.call(Call("build_ship", {"name": f"ship {dice.getrandbits(60)}", "yard": "Leith"}))
            sessions.delete(branch.id)
        await asyncio.sleep(0)


async def main(url: str, seed: int) -> None:
    """Until killed."""
    sessions, world = Sessions(Database(url)), load_world(HARBOUR)
    for session_id in SESSIONS:
        try:
            sessions.create(world, session_id=session_id)
        except SessionExists:
            continue
    await asyncio.gather(*(work(sessions, name, random.Random(f"{seed} {name}")) for name in SESSIONS))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
