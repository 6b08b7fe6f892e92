"""One application for every face, behind one guard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from mcp_sim.http.contract import contract
from mcp_sim.http.control import Control, Worlds
from mcp_sim.http.endpoints import ENDPOINTS, routes_of
from mcp_sim.http.errors import CONTROL, MAX_BODY, handlers
from mcp_sim.http.front import Front
from mcp_sim.http.guard import Guard, check_binding
from mcp_sim.http.keeping import keeping
from mcp_sim.http.mcp import McpFace
from mcp_sim.http.request import MCP_PATH, REST_PATH
from mcp_sim.http.rest import RestFace
from mcp_sim.server import build_server
from mcp_sim.sessions import Sessions
from store.retention import EVERYTHING, Retention


def create_app(
    sessions: Sessions,
    worlds: Worlds,
    *,
    host: str = "127.0.0.1",
    token: str | None = None,
    retention: Retention = EVERYTHING,
    mcp: McpFace | None = None,
    rest: ASGIApp | None = None,
    at_end: Callable[[], Awaitable[None]] | None = None,
) -> Starlette:
    """The application that serves these sessions over MCP, as a REST API and to whoever controls them.

    Args:
        sessions: the directory of sessions.
        worlds: how to get each world that the control API may start, by name.
        host: what the server will be bound to.
        token: what every request must carry as `Authorization: Bearer`.
        retention: which sessions are deleted while the application runs, and when it starts.
        mcp: what answers at the MCP endpoints; default: the server of these sessions.
        rest: what answers as a REST API; default: the operations of the sessions' worlds.
        at_end: called once nothing is served any more.

    Raises:
        SetupError: others could reach this host, and there is no token that would keep them out.
    """
    check_binding(host, token)
    secured = token is not None
    mcp = mcp or McpFace(build_server(sessions), sessions)
    rest = rest or RestFace(sessions, secured=secured)
    control = Control(sessions, worlds, contract(ENDPOINTS, secured=secured), retention)
    routes = [
        Route("/", Front(sessions)),
        Route("/mcp", mcp),
        Route(MCP_PATH, mcp),
        Route("/api/{path:whole}", rest),
        Route(f"{REST_PATH}/{{path:whole}}", rest),
        *routes_of(ENDPOINTS, control),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with mcp.run(), keeping(sessions, retention):
            yield
        if at_end is not None:
            await at_end()

    return Starlette(
        routes=routes,
        middleware=[
            Middleware(Guard, host=host, token=token),
            Middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY),
        ],
        exception_handlers=handlers(
            control=[endpoint.path.removeprefix(CONTROL) for endpoint in ENDPOINTS],
            faces=["/mcp", "/api", MCP_PATH, REST_PATH],
        ),
        lifespan=lifespan,
    )
