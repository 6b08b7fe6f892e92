"""What the checkpoint of the tests learns: the shipped worlds' answers to reads, asked as a world model is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from mcp_sim.sessions import Sessions
from mcp_sim.worldmodel.prompt import Renderer
from mcp_sim.worldmodel.wire import Message, compact
from schemas.load import shipped_world, shipped_worlds
from schemas.types import Call, Tool, World
from store.db import Database


def lessons() -> Iterator[dict[str, list[Message]]]:
    """Every row of every shipped world, as the tools that take its id show it."""
    for name in shipped_worlds():
        world = shipped_world(name)
        database = Database("sqlite://")
        session = Sessions(database).create(world)
        for tool, argument, entity in _readers(world):
            renderer = Renderer(tool, world)
            for row in session.rows(entity):
                call = Call(tool.name, {argument: row[world.entities[entity].key]})
                prompt = renderer.render(call, session.view())
                seen = asyncio.run(session.call(call)).structured_content
                if seen is not None:
                    yield {"messages": [*prompt.messages, Message(role="assistant", content=compact(seen))]}
        database.close()


def _readers(world: World) -> Iterator[tuple[Tool, str, str]]:
    """The tools that only read and need one id: tool, argument, entity."""
    for tool in world.tools.values():
        required: list[str] = tool.input_schema.get("required", [])
        properties: dict[str, dict[str, Any]] = tool.input_schema.get("properties", {})
        if tool.name.startswith("get_") and len(required) == 1 and "x-entity" in properties[required[0]]:
            yield tool, required[0], properties[required[0]]["x-entity"]
