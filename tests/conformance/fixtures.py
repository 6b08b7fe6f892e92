"""What the conformance suite expects to find, added to the production server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from mcp.server.context import HandlerResult
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.subscriptions import ListenHandler

from . import resources, rounds, talking, tools
from .specials import SPECIALS, Context

__all__ = ["equip", "rounds", "tools"]


def equip(server: Server[Any]) -> None:
    """Add the special tools, resources and prompts; every other name falls through to production."""
    _add_tools(server)
    handlers: list[tuple[str, type[Any], Callable[[Context, Any], Awaitable[HandlerResult]]]] = [
        ("resources/list", types.PaginatedRequestParams, resources.list_resources),
        ("resources/templates/list", types.PaginatedRequestParams, resources.list_templates),
        ("resources/read", types.ReadResourceRequestParams, resources.read_resource),
        ("resources/subscribe", types.SubscribeRequestParams, _accept),
        ("resources/unsubscribe", types.UnsubscribeRequestParams, _accept),
        ("prompts/list", types.PaginatedRequestParams, resources.list_prompts),
        ("prompts/get", types.GetPromptRequestParams, resources.get_prompt),
        ("completion/complete", types.CompleteRequestParams, _complete),
        ("logging/setLevel", types.SetLevelRequestParams, _accept),
        ("subscriptions/listen", types.SubscriptionsListenRequestParams, ListenHandler(talking.bus)),
    ]
    for method, params_type, handler in handlers:
        server.add_request_handler(method, params_type, handler)
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=None))


def _add_tools(server: Server[Any]) -> None:
    listed, called = server.get_request_handler("tools/list"), server.get_request_handler("tools/call")
    assert listed is not None
    assert called is not None

    async def list_tools(ctx: Context, params: types.PaginatedRequestParams) -> types.ListToolsResult:
        page = await listed.handler(ctx, params)
        assert isinstance(page, types.ListToolsResult)
        extra = [special.tool for special in SPECIALS.values()] if params.cursor is None else []
        return page.model_copy(update={"tools": [*extra, *page.tools]})

    async def call_tool(ctx: Context, params: types.CallToolRequestParams) -> Any:
        special = SPECIALS.get(params.name)
        return await (special.handler(ctx, params) if special else called.handler(ctx, params))

    server.add_request_handler("tools/list", types.PaginatedRequestParams, list_tools)
    server.add_request_handler("tools/call", types.CallToolRequestParams, call_tool)


async def _accept(ctx: Context, params: Any) -> types.EmptyResult:
    return types.EmptyResult()


async def _complete(ctx: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
    return types.CompleteResult(completion=types.Completion(values=["paris", "park", "party"], total=3, has_more=False))
