"""Where the special tools of the conformance suite are registered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types import CallToolRequestParams, CallToolResult, InputRequiredResult, Tool

Context = ServerRequestContext[Any, Any]
Handler = Callable[[Context, CallToolRequestParams], Awaitable[CallToolResult | InputRequiredResult]]


@dataclass(frozen=True)
class Special:
    tool: Tool
    handler: Handler


SPECIALS: dict[str, Special] = {}


def special(name: str, **properties: dict[str, Any]) -> Callable[[Handler], Handler]:
    """Register a handler as a tool with these arguments, all required."""
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return with_schema(name, schema)


def with_schema(name: str, input_schema: dict[str, Any]) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        tool = Tool(name=name, description=name.replace("_", " ").capitalize(), input_schema=input_schema)
        SPECIALS[name] = Special(tool, handler)
        return handler

    return register
