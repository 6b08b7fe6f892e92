"""Worlds for services that nobody has described: made from a list of tools, or from recorded calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mcp_sim.learn.tools import ToolList
from schemas.recorded import RecordedCall
from schemas.types import TOOL_NAME, Pack, Tool, World


def world_of(name: str, tools: Iterable[Tool], instructions: str = "") -> World:
    """A world of tools alone."""
    named = {tool.name: tool for tool in tools}
    return World(name=name, packs=(Pack(name=name, tools=named),), instructions=instructions)


def declared_by(world: World, tools: Iterable[Tool]) -> World:
    """The world with its tools declared as a real service does, and with those that it has besides.

    A client that is answered by either keeps to one declaration, which has to be that of the service.
    """
    left = {tool.name: tool for tool in tools}
    if not left:
        return world
    packs = []
    for pack in world.packs:
        known = {name: _as_declared(tool, left.pop(name, None)) for name, tool in pack.tools.items()}
        packs.append(pack.model_copy(update={"tools": known}))
    packs[0] = packs[0].model_copy(update={"tools": {**packs[0].tools, **left}})
    return World.model_validate(world.model_dump() | {"packs": packs})


def _as_declared(tool: Tool, declared: Tool | None) -> Tool:
    if declared is None:
        return tool
    shown = {name: getattr(declared, name) for name in ("title", "description", "input_schema", "output_schema")}
    return Tool.model_validate({**dict(tool), **shown, "annotations": declared.annotations})


def listed(found: ToolList) -> list[Tool]:
    """The tools of a list; one whose answer is not declared declares none."""
    return [
        tool.model_copy(update={"output_schema": None}) if tool.name in found.undeclared else tool
        for tool in found.tools
    ]


def called(calls: Iterable[RecordedCall]) -> list[Tool]:
    """The tools that were called, taking whatever they were called with, and more."""
    names: dict[str, dict[str, Any]] = {}
    for call in calls:
        if re.fullmatch(TOOL_NAME, call.tool):
            names.setdefault(call.tool, {}).update({argument: {} for argument in call.arguments})
    return [
        Tool(name=name, input_schema={"type": "object", "properties": arguments}) for name, arguments in names.items()
    ]
