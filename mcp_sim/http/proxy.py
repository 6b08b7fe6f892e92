"""The REST face of a service that nobody has described: every request is handed on, or answered from a recording."""

from __future__ import annotations

import time
from collections.abc import Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mcp_sim.http.errors import error_response
from mcp_sim.responders.live.http import Answer, HttpUpstream
from mcp_sim.responders.live.upstream import UpstreamFailed
from mcp_sim.traffic.entries import entry_of
from mcp_sim.traffic.record import HarFile
from mcp_sim.traffic.replay import Progress, Replay, answer
from schemas.types import Call
from store.traces.importers import call_of

_CALLER = {"authorization", "host"}
"""Headers that are for us: the token of this server, and its name."""


class Proxy:
    """Hands requests on to a real HTTP API, and writes them down."""

    def __init__(self, upstream: HttpUpstream, record: HarFile, *, secured: bool) -> None:
        """Get ready; `secured`: the header Authorization is the token of this server, not one of the real one."""
        self._upstream = upstream
        self._record = record
        self._ours = _CALLER if secured else {"host"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        response = await self.answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """What the real API says; where it says nothing, why."""
        body, path = await request.body(), _target(request)
        headers = {name: value for name, value in request.headers.items() if name not in self._ours}
        started = time.perf_counter()
        try:
            said = await self._upstream.send(request.method, path, headers, body)
        except UpstreamFailed as error:
            return error_response(502, str(error))
        url, seconds = self._upstream.base + path, time.perf_counter() - started
        self._record.add(entry_of(request.method, url, headers.items(), body, said, seconds))
        response = Response(said.body, said.status)
        response.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in said.headers]
        response.headers["content-length"] = str(len(said.body))
        return response


class ReplayFace:
    """Answers requests from recorded ones, by method, path, arguments and state; every session begins at the start."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._progress: dict[str, Progress] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        response = await self.answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """The recorded response, or 501 and what comes nearest."""
        nothing = Answer(200, (), b"")
        entry = entry_of(request.method, _target(request), request.headers.items(), await request.body(), nothing)
        asked = call_of(entry)
        call, session = Call(asked.tool, asked.arguments), request.path_params.get("session", "")
        progress = self._progress.get(session, Progress())
        found = self._replay.find(call, progress)
        if found is None:
            return error_response(501, self._replay.miss(call, progress), "not_recorded")
        self._progress[session] = progress.after(found)
        said = answer(found)
        kind = "application/json" if _is_json(said.text) else "text/plain"
        return Response(said.text, said.status, media_type=kind)


def _target(request: Request) -> str:
    """The path behind the face, as the client wrote it, with its query."""
    params: Mapping[str, str] = request.path_params
    raw = (request.scope.get("raw_path") or request.scope["path"].encode()).decode("latin-1")
    depth = request.scope["path"].removesuffix(params["path"]).count("/")
    path = "/" + raw.split("/", depth)[-1]
    query = request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
