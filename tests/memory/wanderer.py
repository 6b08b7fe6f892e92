"""A walk at random through sessions, branches and rewinds, with a memory of its own."""

from __future__ import annotations

import asyncio
import random

from mcp_sim.sessions import Sessions
from schemas.rows import key_text
from schemas.types import Call, Row, World

State = dict[tuple[str, str], Row]


def state(sessions: Sessions, world: World, session_id: str, at: int | None = None) -> State:
    found = sessions.rows(session_id, at=at)
    return {(name, key_text(row[world.entities[name].key])): row for name, rows in found.items() for row in rows}


class Wanderer:
    """Acts at random, and remembers what was there after each step of each session."""

    def __init__(self, sessions: Sessions, world: World) -> None:
        self.sessions = sessions
        self.world = world
        self.pasts: dict[str, list[State]] = {}
        self.dice = random.Random(5)

    def start(self) -> None:
        session = self.sessions.create(self.world, session_id="s0")
        self.pasts["s0"] = [state(self.sessions, self.world, session.id)]

    def act(self, session_id: str) -> None:
        session, dice = self.sessions.open(session_id), self.dice
        ships = [row["id"] for row in self.sessions.rows(session_id, "ship")["ship"]]
        match dice.randrange(4):
            case 0:
                call = Call("build_ship", {"name": f"ship {dice.randrange(10**9)}", "yard": "Leith"})
            case 1:
                call = Call("moor_ship", {"id": dice.choice([*ships, "S-404"]), "dock_id": "D-01"})
            case 2 if len(ships) > 1:
                call = Call("scrap_ship", {"id": dice.choice(ships)})
            case _:
                call = Call("list_ships", {})
        asyncio.run(session.call(call))
        self.pasts[session_id].append(state(self.sessions, self.world, session_id))

    def branch(self, session_id: str, at: int) -> str:
        fresh = f"s{len(self.pasts)}"
        self.sessions.branch(session_id, at=at, fresh_id=fresh)
        self.pasts[fresh] = self.pasts[session_id][: at + 1]
        return fresh

    def rewind(self, session_id: str, to: int) -> None:
        self.sessions.rewind(session_id, to)
        del self.pasts[session_id][to + 1 :]

    def wander(self) -> None:
        """A chain of branches, deeper than what layers are consolidated at, with rewinds on the way."""
        self.start()
        last = "s0"
        for generation in range(12):
            for _ in range(4):
                self.act(last)
            if generation % 3 == 2:
                self.rewind(last, len(self.pasts[last]) - 3)
                self.act(last)
            last = self.branch(last, len(self.pasts[last]) - self.dice.choice([1, 2]))
        self.branch("s3", 0)
