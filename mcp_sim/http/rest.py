"""The REST face: the same session, answering as a plain JSON HTTP API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote
from weakref import WeakKeyDictionary

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from mcp_sim.http.arguments import Arguments
from mcp_sim.http.errors import HttpError, error_response, unknown_path
from mcp_sim.http.openapi import document
from mcp_sim.http.operation import Operation, operations
from mcp_sim.http.request import method, not_allowed, open_session
from mcp_sim.registry import Registry
from mcp_sim.responders.wording import Wording
from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.types import Call, Observation, Wire, World

DOCUMENT = "openapi.json"
SLASH = "\udc2f"
"""A slash inside a key, while the path is taken apart; no text of a client can hold this character."""


class Caller:
    """Calls one tool for a request, as MCP would."""

    def __init__(self, operation: Operation) -> None:
        self._tool = operation.tool.name
        self._names = tuple(operation.in_path)
        self._arguments = Arguments(operation)
        self._wording = Wording(operation.tool)
        self._speaks_text = operation.effect.is_text

    async def answer(self, session: Session, request: Request, given: Iterable[str]) -> Response:
        """What the tool says, spoken as HTTP; `given` are the arguments in the path."""
        path = {name: text.replace(SLASH, "/") for name, text in zip(self._names, given, strict=True)}
        try:
            arguments = await self._arguments.read(request, path)
        except HttpError as error:
            if not self._wording.is_json:
                raise
            return self._refused(self._wording.refusal(str(error), error.status))
        said = await session.call(Call(self._tool, arguments, session.pause()))
        wire = said.wire or Wire()
        headers = {**wire.headers, "Warning": f'199 - "{wire.notice}"'} if wire.notice else wire.headers
        if said.is_error:
            return self._refused(said, headers)
        if said.status == 204:
            return Response(status_code=204, headers=headers)
        if wire.media_type:
            return Response(said.text, said.status, headers, wire.media_type)
        if self._speaks_text:
            return Response(said.text, said.status, headers, "text/plain")
        return Response(orjson.dumps(said.structured_content), said.status, headers, "application/json")

    def _refused(self, said: Observation, headers: Mapping[str, str] | None = None) -> Response:
        if not self._wording.is_json:
            return error_response(said.status, said.text, headers=headers)
        worded = self._wording.refusal(said.text, said.status)
        return Response(worded.text, said.status, headers, "application/json")


@dataclass(frozen=True, slots=True)
class Resource:
    """One path, and whom to call by method; each may have its own names for the parameters."""

    path: str
    pattern: re.Pattern[str]
    callers: dict[str, Caller]


class Api:
    """The HTTP API of one world, compiled once."""

    def __init__(self, world: World, *, secured: bool) -> None:
        self._world = world
        self._secured = secured
        resources: dict[str, Resource] = {}
        for operation in operations(world):
            path = operation.http.path
            shape = re.sub(r"{\w+}", "{}", path)
            resource = resources.setdefault(shape, Resource(path, compile_path(path)[0], {}))
            resource.callers[operation.http.method] = Caller(operation)
        self._resources = sorted(resources.values(), key=_rank)

    async def answer(self, session: Session, request: Request, path: str) -> Response:
        """The answer of the tool that stands here."""
        for resource in self._resources:
            if match := resource.pattern.match(path):
                if caller := resource.callers.get(method(request)):
                    return await caller.answer(session, request, match.groups())
                raise not_allowed(request, resource.callers)
        base = request.scope["path"].removesuffix(path.replace(SLASH, "/"))
        known = [resource.path for resource in self._resources]
        otherwise = f"{base}/{DOCUMENT} says what there is" if known else "this world speaks MCP alone"
        raise unknown_path(request.scope["path"], known, otherwise, base)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document of this API, without its address."""
        return document(self._world, secured=self._secured)


class RestFace:
    """Finds session and API for a request under `/api/`."""

    def __init__(self, sessions: Sessions, *, secured: bool) -> None:
        self._sessions = sessions
        self._secured = secured
        self._apis: WeakKeyDictionary[Registry, Api] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        response = await self.answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """What the API of this session says to this request."""
        session = open_session(self._sessions, request.path_params)
        api = self._apis.get(session.registry) or self._compile(session.registry)
        path = _path(request)
        if path == f"/{DOCUMENT}":
            if method(request) != "GET":
                raise not_allowed(request, ["GET"])
            server = {"url": request.url.path.removesuffix(f"/{DOCUMENT}")}
            return Response(orjson.dumps({**api.document, "servers": [server]}), media_type="application/json")
        return await api.answer(session, request, path)

    def _compile(self, registry: Registry) -> Api:
        self._apis[registry] = Api(registry.world, secured=self._secured)
        return self._apis[registry]


def _path(request: Request) -> str:
    """The path behind `/api`; a slash that the client wrote as `%2F` separates nothing, and is `SLASH` here."""
    path: str = request.path_params["path"]
    raw: bytes = request.scope.get("raw_path") or b""
    if b"%2F" not in raw and b"%2f" not in raw:
        return f"/{path}"
    depth = request.scope["path"].removesuffix(path).count("/")
    return "/" + unquote(re.sub("%2[Ff]", SLASH, raw.decode("latin-1"))).split("/", depth)[-1]


def _rank(resource: Resource) -> list[tuple[bool, str]]:
    """Literal segments go before parameters, so that `/orders/open` is not taken for the key of an order."""
    return [(segment.startswith("{"), segment) for segment in resource.path.split("/")]
