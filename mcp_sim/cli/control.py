"""The control API as commands use it: of a running server, or of a database that this process opens itself."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import httpx2
import orjson
from starlette.applications import Starlette

from mcp_sim.cli.options import existing_database
from mcp_sim.errors import McpSimError, SetupError, UnknownSession
from mcp_sim.http import create_app
from mcp_sim.sessions import SESSION_ID, Sessions
from schemas.validate import nearest

TIMEOUT = 60.0


class Control:
    """One control API, asked over HTTP, or without a socket where `app` stands in for the server."""

    def __init__(self, place: str, token: str | None = None, app: Starlette | None = None) -> None:
        self.place = place
        self._app = app
        self._base = place.rstrip("/").removesuffix("/mcp") if app is None else "http://localhost"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, method: str, path: str, *, params: dict[str, Any] | None = None, body: Any = None) -> Any:
        """The JSON that an operation answers, or None.

        Raises:
            McpSimError: what the control API refuses, in its own words.
            SetupError: there is no control API at this place, or it wants a token.
        """
        try:
            response = asyncio.run(self._send(method, f"/control{path}", params, body))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise SetupError(f"no mcp-sim server at {self.place}: {error}") from None
        if response.is_success:
            return orjson.loads(response.content) if response.content else None
        raise self._fault(response)

    def ask_session(self, method: str, session: str, path: str = "", **given: Any) -> Any:
        """The same for an operation on one session.

        Raises:
            UnknownSession: there is no such session; the text names the nearest.
        """
        try:
            if not SESSION_ID.fullmatch(session):
                raise UnknownSession(f"no session '{session[:80]}'")
            return self.ask(method, f"/sessions/{quote(session)}{path}", **given)
        except UnknownSession as error:
            known = [found["id"] for found in self.ask("GET", "/sessions")["sessions"]]
            hint = nearest(session, known) or (f"; there are {', '.join(known[:5])}" if known else "; there are none")
            raise UnknownSession(f"{error}{hint}") from None

    async def _send(self, method: str, path: str, params: dict[str, Any] | None, body: Any) -> httpx2.Response:
        transport = None if self._app is None else httpx2.ASGITransport(self._app)
        async with httpx2.AsyncClient(
            base_url=self._base, headers=self._headers, transport=transport, timeout=TIMEOUT
        ) as client:
            return await client.request(method, path, params=params, json=body)

    def _fault(self, response: httpx2.Response) -> McpSimError:
        if response.status_code == 401:
            return SetupError(f"the server at {self.place} wants its token: --token, or MCP_SIM_TOKEN")
        try:
            error = orjson.loads(response.content)["error"]
            kind = UnknownSession if error["code"] == "unknown_session" else McpSimError
            return kind(error["message"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return SetupError(f"what answers at {self.place} is no mcp-sim server (status {response.status_code})")


def control(db: str | None, url: str | None, token: str | None) -> Control:
    """The control API that the options of a command mean.

    Raises:
        SetupError: both options are given, or there is no such database file.
        StoreError: the database cannot be opened.
    """
    if url and db:
        raise SetupError("give either --db or --url, not both")
    if url:
        return Control(url, token)
    database = existing_database(db)
    return Control(database.shown, app=create_app(Sessions(database), {}))
