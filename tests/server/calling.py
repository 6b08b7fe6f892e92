"""One call by a real client, in memory."""

from __future__ import annotations

from typing import Any

from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent

from mcp_sim.server import build_server
from mcp_sim.server.endpoint import WAITED
from mcp_sim.sessions import Sessions


async def call(
    directory: Sessions, era: str, tool: str, arguments: dict[str, Any], *, waited: Any = None
) -> CallToolResult:
    outcome: CallToolResult | MCPError
    async with Client(build_server(directory), mode=era) as client:
        try:
            outcome = await client.call_tool(tool, arguments, meta=None if waited is None else {WAITED: waited})
        except MCPError as error:
            outcome = error
    if isinstance(outcome, MCPError):
        raise outcome
    return outcome


def text(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text
