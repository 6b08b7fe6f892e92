"""Where attacks take place: a database with two sessions of one world, a session of another, and an open connection."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mcp_sim.sessions import Sessions
from schemas.types import World
from tests.memory.acting import done
from tests.memory.audit import audit
from tests.memory.raw import Raw

SHIP = {"id": "S-900", "name": "Raw", "yard": "Leith", "tonnes": 1, "flag_ids": [], "cargo": []}
SAILOR = {"id": "C-900", "name": "Raw", "ship_id": "S-001", "mate_id": None}
DOCK = {"id": "D-90", "name": "Raw", "open": True, "depth": None}


def build(sessions: Sessions, world: World) -> None:
    """Some history in every session."""
    trunk = sessions.create(world, session_id="trunk")
    done(trunk, "build_ship", name="Draco", yard="Leith")
    done(trunk, "list_ships")
    sessions.snapshot("trunk", "launched")
    done(trunk, "scrap_ship", id="S-003")
    branch = sessions.branch("trunk", fresh_id="branch")
    done(branch, "build_ship", name="Lyra", yard="Leith")
    sessions.create(World.model_validate(world.model_dump(by_alias=True) | {"name": "elsewhere"}), session_id="other")


@dataclass
class Ground:
    """The place, and what a well-meaning server must find unharmed."""

    url: str
    sessions: Sessions
    raw: Raw

    def layer(self, session: str = "trunk") -> int:
        return int(self.raw.one("SELECT layer FROM session WHERE id = ?", session))

    def world(self, session: str = "trunk") -> int:
        return int(self.raw.one("SELECT world FROM session WHERE id = ?", session))

    def root(self, session: str = "trunk") -> int:
        return int(self.raw.one("SELECT id FROM layer WHERE world = ? AND parent IS NULL", self.world(session)))

    def next(self, layer: int) -> int:
        base = self.raw.one("SELECT base FROM layer WHERE id = ?", layer)
        return int(self.raw.one("SELECT coalesce(max(n), ?) + 1 FROM step WHERE layer = ?", base, layer))

    def open(self, layer: int | None = None, n: int | None = None) -> tuple[int, int]:
        """Open the next step of a layer, or another one; (layer, step)."""
        layer = self.layer() if layer is None else layer
        n = self.next(layer) if n is None else n
        self.raw.run("INSERT INTO opening (layer, n) VALUES (?, ?)", layer, n)
        return layer, n

    def write(self, at: tuple[int, int], entity: str, op: str, row: Any, verb: str = "INSERT", tail: str = "") -> None:
        """Write one version; for a delete, `row` is the key."""
        key = row if isinstance(row, str) else str(row.get("id", row.get("number")))
        body = None if op == "delete" else json.dumps(row)
        self.raw.run(
            f"{verb} INTO version (layer, entity, key, step, op, body) VALUES (?, ?, ?, ?, ?, ?) {tail}",
            at[0], entity, key, at[1], op, body,
        )  # fmt: skip

    def close(self, at: tuple[int, int], changes: int, verb: str = "INSERT", tail: str = "") -> None:
        """Insert the step."""
        self.raw.run(
            f"{verb} INTO step (layer, n, at, tool, is_error, changes, body, state, measured)"
            f" VALUES (?, ?, '', '', ?, ?, '{{}}', ?, '{{}}') {tail}",
            at[0], at[1], False, changes, '{"clock": 9000000, "counters": {}}',
        )  # fmt: skip

    def commit(self, *changes: tuple[str, str, Any], layer: int | None = None) -> None:
        """Everything that a step takes, in the right order."""
        at = self.open(layer)
        for change in changes:
            self.write(at, *change)
        self.close(at, len(changes))

    def row(self, entity: str, key: str, session: str = "trunk") -> Any:
        rows = self.sessions.rows(session, entity)[entity]
        return next(row for row in rows if row.get("id", row.get("number")) == key)

    def memory(self) -> dict[str, Any]:
        """What every session holds and tells, to the byte."""
        return {
            info.id: (b"".join(self.sessions.trace(info.id)), self.sessions.rows(info.id))
            for info in self.sessions.list()
        }

    def harm(self) -> list[str]:
        """What does not hold, after every session has been used by someone well-meaning."""
        for info in self.sessions.list():
            done(self.sessions.open(info.id), "list_ships")
            done(self.sessions.open(info.id), "build_ship", name=f"after {info.steps}", yard="Leith")
        return audit(self.url)
