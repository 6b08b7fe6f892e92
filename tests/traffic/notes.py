"""A real MCP server: notes on a pinboard, kept in memory.

Run as `python -m tests.traffic.notes`, over standard input and output; with a port, over HTTP.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

TEXT = {"type": "string"}
NOTE = {
    "type": "object",
    "required": ["id", "title", "pins"],
    "properties": {"id": TEXT, "title": TEXT, "pins": {"type": "integer"}, "key": TEXT},
}
READS, WRITES = ToolAnnotations(read_only_hint=True), ToolAnnotations(read_only_hint=False)
notes: dict[str, dict[str, Any]] = {"N-1": {"id": "N-1", "title": "Buy milk", "pins": 2}}


def _tool(name: str, hints: ToolAnnotations = READS, output: dict[str, Any] | None = None, **arguments: Any) -> Tool:
    required = [argument for argument in arguments if argument != "key"]
    schema = {"type": "object", "properties": arguments, "required": required}
    return Tool(name=name, input_schema=schema, output_schema=output, annotations=hints)


TOOLS = [
    _tool("get_note", id=TEXT, output=NOTE),
    _tool("add_note", WRITES, NOTE, id=TEXT, title=TEXT, key=TEXT),
    _tool("pin_note", WRITES, NOTE, id=TEXT),
    _tool("count_notes"),
    _tool("start_over", WRITES),
]


def _said(note: dict[str, Any]) -> CallToolResult:
    title = ", ".join(f"{name} {value}" for name, value in note.items())
    return CallToolResult(content=[TextContent(text=title)], structured_content=note)


def _text(text: str, is_error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)], is_error=is_error)


async def _list(ctx: Any, params: PaginatedRequestParams | None) -> ListToolsResult:
    middle = len(TOOLS) // 2
    if params is None or params.cursor is None:
        return ListToolsResult(tools=TOOLS[:middle], next_cursor="second")
    return ListToolsResult(tools=TOOLS[middle:])


async def _call(ctx: Any, params: CallToolRequestParams) -> CallToolResult:
    given = params.arguments or {}
    match params.name:
        case "add_note":
            notes[given["id"]] = {"id": given["id"], "title": given["title"], "pins": 0}
            return _said({**notes[given["id"]], **({"key": given["key"]} if "key" in given else {})})
        case "count_notes":
            return _text(f"{len(notes)} notes")
        case "start_over":
            notes.clear()
            notes["N-1"] = {"id": "N-1", "title": "Buy milk", "pins": 2}
            return _text("as on the first day")
    note = notes.get(given.get("id", ""))
    if note is None:
        return _text(f"no note {given.get('id')}", is_error=True)
    if params.name == "pin_note":
        note["pins"] += 1
    return _said(note)


server = Server("notes", on_list_tools=_list, on_call_tool=_call)


async def _stdio() -> None:
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uvicorn.run(server.streamable_http_app(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
    else:
        asyncio.run(_stdio())
