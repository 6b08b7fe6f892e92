"""Who answers the calls of a tool, and why: its declared effect, the world model, or the synthesizer."""

from __future__ import annotations

from mcp_sim.responders.base import Responder
from mcp_sim.responders.effects import Effects
from mcp_sim.responders.synthesize import MadeUpParts, Synthesizer
from mcp_sim.responders.worldmodel import Modelled, ModelledParts
from mcp_sim.worldmodel.worldmodel import WorldModel
from schemas.types import Tool, World

Route = tuple[tuple[Responder, str], ...]
"""The responders of a tool in the order in which they are asked, each with the reason."""


def route(tool: Tool, world: World, worldmodel: WorldModel | None) -> Route:
    """An effect that is trusted decides alone; else the world model proposes, and the synthesizer stands by."""
    wanted = tool.answered_by
    if tool.effect is not None and wanted in (None, "effect"):
        made_up_parts = MadeUpParts(tool, world)
        parts = ModelledParts(tool, world, worldmodel, made_up_parts) if worldmodel else made_up_parts
        effects = Effects(tool, world, parts)
        sure = tool.effect.confidence
        if wanted == "effect" or sure >= world.trust:
            return ((effects, "declared effect"),)
        reason = f"the effect is right in {sure:.0%} of cases, below the {world.trust:.0%} asked for"
        return (
            ((effects, f"{reason}, but no world model"),)
            if worldmodel is None
            else (
                (Modelled(tool, world, worldmodel), reason),
                (effects, "the world model gave no answer that holds"),
            )
        )
    made_up = Synthesizer(tool, world)
    if wanted == "synthesize":
        return ((made_up, "declared so"),)
    if worldmodel is None:
        return ((made_up, "no effect decides, no world model is connected"),)
    return (
        (Modelled(tool, world, worldmodel), "declared so" if wanted else "no effect decides"),
        (made_up, "the world model gave no answer that holds"),
    )
