"""The server object and its handlers.

A session is found from the path of the HTTP request, never from the connection; without a path it is `default`. So one
client may speak with many sessions, and many clients with one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import validate_mcp_param_headers
from mcp_types import (
    INVALID_PARAMS,
    SERVER_INFO_META_KEY,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from starlette.requests import Request

from mcp_sim import __version__
from mcp_sim.server.catalog import catalog
from mcp_sim.server.faults import boundary
from mcp_sim.session import Session
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.types import Call, Observation, Tool, Wire, World

Context = ServerRequestContext[dict[str, Any], Any]

WAITED = "io.mcp-sim/waited"
"""In `_meta` of a call: the seconds that a scripted agent let pass before it, in virtual time."""
_LONGEST_WAIT = 10**7


def build_server(sessions: Sessions, *, name: str | None = None, version: str = __version__) -> Server[dict[str, Any]]:
    """The MCP server of a directory of sessions, for every transport and both protocol eras.

    Args:
        sessions: the directory.
        name: what clients are told instead of the name of the world.
        version: what clients are told.
    """
    endpoint = _Endpoint(sessions, name, version)
    server = Server(
        name or "mcp-sim",
        version=version,
        # The SDK asks by name alone, but tools differ between sessions, so `call_tool` compares headers itself. Without
        # this argument the SDK would list all tools again on every call.
        get_tool_input_schema=lambda _: None,
        on_list_tools=endpoint.list_tools,
        on_call_tool=endpoint.call_tool,
    )
    server.middleware.append(endpoint.introduce)
    return server


@dataclass(frozen=True)
class _Endpoint:
    sessions: Sessions
    name: str | None
    version: str

    async def list_tools(self, ctx: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        cursor = params.cursor if params else None
        with boundary():
            page = catalog(self._session(ctx).registry, modern=_is_modern(ctx)).pages.get(cursor)
        if page is None:
            raise MCPError(INVALID_PARAMS, "Unknown cursor; pass the nextCursor of the page before, or none at all")
        return page

    async def call_tool(self, ctx: Context, params: CallToolRequestParams) -> CallToolResult:
        with boundary():
            session = self._session(ctx)
            call = Call(params.name, params.arguments or {}, _waited(params) or session.pause())
            tools = catalog(session.registry, modern=_is_modern(ctx))
            if call.tool in tools.mirrored and isinstance(ctx.request, Request):
                _compare(session.registry.tools[call.tool].tool, call, ctx.request)
            await ctx.session.report_progress(0, 1)
            observation = await session.call(call)
            result = _result(observation, wrap=call.tool in tools.wrapped, objects_only=not _is_modern(ctx))
            await ctx.session.report_progress(1, 1)
        return result

    async def introduce(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Speak as the service that the session's world stands for."""
        if ctx.request_id is None:
            return await call_next(ctx)
        with boundary():
            world = self._session(ctx).world
        result = await call_next(ctx)
        assert isinstance(result, dict)
        if ctx.method in ("initialize", "server/discover") and world.instructions:
            result["instructions"] = world.instructions
        if "serverInfo" in result:
            result["serverInfo"] = self._identity(world)
        elif SERVER_INFO_META_KEY in result.get("_meta", {}):
            result["_meta"][SERVER_INFO_META_KEY] = self._identity(world)
        return result

    def _identity(self, world: World) -> dict[str, str]:
        identity = {"name": self.name or world.name, "version": self.version}
        return {**identity, "title": world.title} if world.title else identity

    def _session(self, ctx: Context) -> Session:
        path = ctx.request.path_params if isinstance(ctx.request, Request) else {}
        return self.sessions.open(path.get("session", DEFAULT))


def _is_modern(ctx: Context) -> bool:
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS


def _waited(params: CallToolRequestParams) -> float | None:
    """The seconds that a scripted agent says it has waited, so that tests of waiting need not take their time."""
    said = (params.meta or {}).get(WAITED)
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= _LONGEST_WAIT:
        raise MCPError(INVALID_PARAMS, f"_meta {WAITED}: {said!r} is no number of seconds from 0 to {_LONGEST_WAIT}")
    return float(said)


def _compare(tool: Tool, call: Call, request: Request) -> None:
    """Refuse a call whose `Mcp-Param-*` headers say something else than its arguments."""
    mismatch = validate_mcp_param_headers(tool.input_schema, call.arguments, request.headers)
    if mismatch is not None:
        raise MCPError(mismatch.code, mismatch.message, mismatch.data)


def _result(observation: Observation, *, wrap: bool, objects_only: bool) -> CallToolResult:
    """The observation on the wire; an error is its text alone, because an output schema describes success.

    Raises:
        MCPError: a perturbation wants one.
    """
    wire = observation.wire or Wire()
    if wire.code is not None:
        raise MCPError(wire.code, observation.text)
    said = [TextContent(text=text) for text in (observation.text, *filter(None, [wire.notice]))]
    meta = {"http": {"status": observation.status, "headers": wire.headers}} if wire.headers else None
    if observation.is_error or wire.media_type:
        return CallToolResult(content=[*said], is_error=observation.is_error, _meta=meta)
    answer = observation.structured_content
    bare = objects_only and answer is not None and not isinstance(answer, dict)
    shown = {"result": answer} if wrap or bare else answer
    return CallToolResult(content=[*said], structured_content=shown, _meta=meta)
