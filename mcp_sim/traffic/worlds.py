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
            names.setdefault(call.tool, {}).update(dict.fromkeys(call.arguments, {}))
    return [
        Tool(name=name, input_schema={"type": "object", "properties": arguments}) for name, arguments in names.items()
    ]
