"""The floor: the SDK's own server with one trivial tool, on the same event loop and parser as mcp-sim."""

from __future__ import annotations

import gc
import sys
from typing import Any

import uvicorn
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
)

Context = ServerRequestContext[dict[str, Any], Any]
GREET = Tool(
    name="greet",
    input_schema={"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
)


async def list_tools(ctx: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
    """The one tool."""
    return ListToolsResult(tools=[GREET])


async def call_tool(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    """Say hello."""
    name = (params.arguments or {})["name"]
    return CallToolResult(content=[TextContent(text=f"Hello, {name}!")])


def main(port: int) -> None:
    """Serve as `mcp-sim serve` does."""
    server = Server(
        "bare", on_list_tools=list_tools, on_call_tool=call_tool, get_tool_input_schema=lambda _: GREET.input_schema
    )
    app = server.streamable_http_app()
    gc.collect()
    gc.freeze()
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", lifespan="on", ws="none")


if __name__ == "__main__":
    main(int(sys.argv[1]))
