"""A session as one conversation: the tools, the records as they were at first, then every call and its observation."""

from __future__ import annotations

from mcp_sim.worldmodel.shorthand import entity_in_short, tool_in_short
from mcp_sim.worldmodel.wire import action, compact, spoken
from schemas.types import Trace, World
from trainer.record import Record, Turn, identified

INTENT = "conversation"
_ROLE = (
    "You are the service behind these tools: answer every action with the observation that it returns, alone. "
    "The records are as they were before the first action; what was done since counts."
)


def conversation(trace: Trace, name: str) -> Record:
    """The record of a session in which every observation is learned; without changes, without thinking."""
    turns = [Turn("system", _beginning(trace.world))]
    for step in trace.steps:
        turns.append(Turn("user", action(step.n, step.call.tool, step.call.arguments)))
        turns.append(Turn("assistant", spoken(step.observation), loss=True))
    world = trace.world
    return identified(
        Record(
            "",
            INTENT,
            "brief",
            tuple(turns),
            domain=world.name,
            server=world.name,
            trajectory=name,
            facts={"calls": len(trace.steps)},
        )
    )


def _beginning(world: World) -> str:
    rows = (f"{name} {compact(row)}" for name in world.entities for row in world.rows.get(name, ()))
    return "\n\n".join(
        (
            _ROLE,
            "# Tools\n" + "\n".join(map(tool_in_short, world.tools.values())),
            "# Kinds of records\n" + "\n".join(map(entity_in_short, world.entities, world.entities.values())),
            "# Records\n" + "\n".join(rows),
        )
    )
