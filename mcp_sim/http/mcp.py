"""The MCP endpoints: Streamable HTTP in both protocol eras, one address per session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.streamable_http import EventStore
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from mcp_sim.http.errors import MAX_BODY
from mcp_sim.http.request import open_session
from mcp_sim.sessions import Sessions


class McpFace:
    """Hands a request to the MCP server, with the session it is meant for in its path parameters."""

    def __init__(
        self,
        server: Server[Any],
        sessions: Sessions,
        *,
        event_store: EventStore | None = None,
        retry_interval: int | None = None,
    ) -> None:
        """Put a server behind HTTP.

        Args:
            server: the MCP server.
            sessions: the directory of sessions.
            event_store: what keeps the events of a stream, so that a client can come back to one it lost.
            retry_interval: milliseconds after which such a client is told to come back.
        """
        self._sessions = sessions
        self._manager = StreamableHTTPSessionManager(
            server,
            event_store=event_store,
            json_response=False,  # JSON-only answers would lose progress notifications
            retry_interval=retry_interval,
            max_request_body_size=MAX_BODY,
        )

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Keep the connections of MCP clients alive, once, for as long as the application runs."""
        async with self._manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of an MCP client."""
        session = open_session(self._sessions, scope["path_params"])
        scope["path_params"] = {"session": session.id}
        # httptools keeps the white space around a header's value, which RFC 9110 says is no part of it.
        scope["headers"] = [(name, value.strip(b" \t")) for name, value in scope["headers"]]
        await self._manager.handle_request(scope, receive, send)
