"""`python -m tests.memory.storm ROWS [URL]`: one delete that takes many rows with it, or cuts them loose; time and memory."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from typing import Any

from mcp_sim.sessions import Sessions
from schemas.types import Call, World
from store.db import Database

SHAPES = ("wide", "loose", "chain")
"""Rows that go with the one they all refer to; rows that stay without it; rows of which each goes with the one before."""


def world(rows: int) -> World:
    """A hub of so many rows of each shape."""

    def entity(to: str, policy: str) -> dict[str, Any]:
        field = {"type": ["string", "null"]}
        schema = {"type": "object", "properties": {"id": {"type": "string"}, "to": field, "name": {"type": "string"}}}
        return {"schema": schema, "references": {"to": {"to": to, "on_delete": policy}}}

    wide, loose, chain = ([f"{shape}-{n:06}" for n in range(rows)] for shape in SHAPES)
    seed: dict[str, Any] = {
        "hub": [{"id": shape} for shape in SHAPES],
        "wide": [{"id": key, "to": "wide", "name": f"row {key}"} for key in wide],
        "loose": [{"id": key, "to": "loose", "name": f"row {key}"} for key in loose],
        "chain": [{"id": key, "to": to, "name": f"row {key}"} for key, to in zip(chain, [None, *chain], strict=False)],
    }
    entities = {
        "hub": {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}},
        "wide": entity("hub", "cascade"),
        "loose": entity("hub", "set-null"),
        "chain": entity("chain", "cascade"),
    }
    inputs = {"type": "object", "properties": {"id": {"type": "string"}}}
    tools = {
        f"delete_{name}": {"input": inputs, "effect": {"steps": [{"delete": name, "key": "args.id"}]}}
        for name in ("hub", "chain")
    }
    pack = {"name": "storm", "entities": entities, "tools": tools, "seed": seed}
    return World.model_validate({"name": "storm", "packs": [pack]})


def call(shape: str) -> Call:
    """The call that sets it off."""
    return Call("delete_chain", {"id": "chain-000000"}) if shape == "chain" else Call("delete_hub", {"id": shape})


def main(rows: int, url: str) -> None:
    """Say what each takes."""
    sessions = Sessions(Database(url))

    def timed(what: str, act: Any) -> Any:
        started = time.perf_counter()
        found = act()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{what}: {time.perf_counter() - started:.2f} s, {peak} MB at most", flush=True)
        return found

    definition = timed("world", lambda: world(rows))
    timed("create", lambda: sessions.create(definition, session_id="one"))
    for shape in SHAPES:
        answer = timed(shape, lambda shape=shape: asyncio.run(sessions.open("one").call(call(shape))))
        assert not answer.is_error, answer.text[:200]
        timed("  rewind", lambda: sessions.rewind("one", 0))
    timed("read", lambda: sessions.rows("one"))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "sqlite://")
