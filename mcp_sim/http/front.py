"""What a person or a program finds at `/`: what is served where."""

from __future__ import annotations

from html import escape

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from mcp_sim import __version__
from mcp_sim.errors import UnknownSession
from mcp_sim.http.operation import is_routed
from mcp_sim.http.request import method, not_allowed
from mcp_sim.sessions import DEFAULT, Sessions


class Front:
    """The page at `/`, as JSON, or as HTML for a browser."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        request = Request(scope, receive, send)
        if method(request) != "GET":
            raise not_allowed(request, ["GET"])
        served = self._served(str(request.base_url).rstrip("/"))
        wants_html = "text/html" in request.headers.get("accept", "")
        response = _page(served) if wants_html else Response(orjson.dumps(served), media_type="application/json")
        await response(scope, receive, send)

    def _served(self, base: str) -> dict[str, str | None]:
        """What is served where; the world is None, and with it its REST face, where there is no session `default`."""
        try:
            world = self._sessions.world(DEFAULT)
        except UnknownSession:
            world = None
        return {
            "name": "mcp-sim",
            "version": __version__,
            "world": None if world is None else world.name,
            "mcp": f"{base}/mcp",
            "api": f"{base}/api/openapi.json" if world is not None and is_routed(world) else None,
            "control": f"{base}/control/openapi.json",
            "sessions": f"{base}/control/sessions",
        }


def _page(served: dict[str, str | None]) -> Response:
    lines = [f"<dt>{name}<dd>{_shown(value)}" for name, value in served.items() if value is not None]
    title = "<!doctype html><meta charset=utf-8><title>mcp-sim</title><h1>mcp-sim</h1>"
    return HTMLResponse(f"{title}<dl>{''.join(lines)}</dl>")


def _shown(value: str) -> str:
    text = escape(value)
    return f'<a href="{text}">{text}</a>' if value.startswith("http") else text
