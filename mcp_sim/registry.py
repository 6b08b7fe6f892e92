"""A World made ready to answer: every tool with its compiled schema and its route."""

from __future__ import annotations

from typing import Any

from mcp_sim.responders.route import route
from mcp_sim.responders.wording import Wording
from mcp_sim.worldmodel.worldmodel import WorldModel
from schemas.canonical import canonical, unkept
from schemas.types import Tool, World
from schemas.validate import nearest

MAX_ARGUMENTS = 2**20
"""Bytes of canonical JSON that the arguments of one call may have."""


class CompiledTool:
    """One tool, ready to answer: its definition, and who answers."""

    def __init__(self, tool: Tool, world: World, worldmodel: WorldModel | None) -> None:
        self.tool = tool
        self.route = route(tool, world, worldmodel)
        self.wording = Wording(tool)

    def argument_errors(self, arguments: dict[str, Any]) -> str | None:
        """What is wrong with the arguments, for the agent to act on; None when they are right."""
        problem = json_problem(arguments)
        if problem is None:
            if self.tool.arguments.holds(arguments):
                return None
            faults = self.tool.arguments.faults(arguments)
            problem = "; ".join(f"{fault.pointer.lstrip('/')}: {fault.message}".lstrip(": ") for fault in faults)
        return f"Invalid arguments for {self.tool.name}: {problem}"


class Registry:
    """The tools of a world, by name, in the order of its files."""

    def __init__(self, world: World, worldmodel: WorldModel | None = None) -> None:
        self.world = world
        self.tools = {name: CompiledTool(tool, world, worldmodel) for name, tool in world.tools.items()}

    def unknown(self, name: str) -> str:
        """What an agent is told that calls a tool of this name, which there is not; the nearest is named."""
        return f"no tool '{name}'{nearest(name, self.tools)}"


def json_problem(arguments: dict[str, Any]) -> str | None:
    """Why arguments cannot be kept as JSON, or None."""
    try:
        size = canonical(arguments)
    except TypeError as error:
        return f"not plain JSON: {error}"
    if len(size) > MAX_ARGUMENTS:
        return f"{len(size):,} bytes are too many; at most {MAX_ARGUMENTS:,}"
    return unkept(arguments, size)
