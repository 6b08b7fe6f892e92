"""The operations of the control API. This table, with the types of their handlers, makes both routes and document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, get_type_hints

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mcp_sim.http.control import Control
from mcp_sim.http.errors import HttpError, shown
from mcp_sim.http.models import Nothing
from mcp_sim.http.request import json_object, method, not_allowed
from schemas.validate import nearest

_Model = TypeVar("_Model", bound=BaseModel)
JSON_LINES = "application/jsonl"
SESSION = "/control/sessions/{session}"
UNWANTED = {400: "A parameter or the body is not valid, or not wanted here."}
NO_SESSION = {404: "There is no such session."}
NO_STEP = NO_SESSION | {409: "The session has fewer steps."}
BAD_BODY = {413: "The body is too large.", 415: "The body is not JSON."}


@dataclass(frozen=True)
class Endpoint:
    """One operation: where it stands, what carries it out, how it can end."""

    method: str
    path: str
    handler: Callable[..., Any]
    status: int = 200
    refusals: dict[int, str] = field(default_factory=dict)

    @cached_property
    def body(self) -> type[BaseModel] | None:
        """The model of the request body."""
        return self._types.get("body")

    @cached_property
    def query(self) -> type[BaseModel] | None:
        """The model of the query string."""
        return self._types.get("query")

    @cached_property
    def answer(self) -> Any:
        """A model, None, or an iterator over JSON Lines."""
        return self._types["return"]

    @cached_property
    def _types(self) -> dict[str, Any]:
        return get_type_hints(self.handler)

    async def respond(self, control: Control, request: Request) -> Response:
        """Carry out the operation."""
        given = {}
        query = read(self.query or Nothing, _texts(request), "invalid_query")
        if self.query is not None:
            given["query"] = query
        if self.body is not None:
            given["body"] = read(self.body, await json_object(request), "invalid_body")
        elif await request.body() not in (b"", b"{}"):
            raise HttpError(400, "invalid_body", f"{request.method} {shown(request.scope['path'])} takes no body")
        found = await self.handler(control, request, **given)
        if found is None:
            return Response(status_code=self.status)
        if isinstance(found, BaseModel):
            return Response(found.model_dump_json(), self.status, media_type="application/json")
        return StreamingResponse(found, self.status, media_type=JSON_LINES)


ENDPOINTS = (
    Endpoint("GET", "/control/health", Control.health),
    Endpoint("GET", "/control/openapi.json", Control.get_document),
    Endpoint("GET", "/control/storage", Control.get_storage),
    Endpoint("GET", "/control/storage/sessions", Control.get_sizes),
    Endpoint("GET", "/control/worlds", Control.list_worlds),
    Endpoint("GET", "/control/sessions", Control.list_sessions),
    Endpoint(
        "POST",
        "/control/sessions",
        Control.create_session,
        status=201,
        refusals=BAD_BODY
        | {
            404: "There is no such world.",
            409: "A session with this id exists, or the perturbations do not fit the world.",
        },
    ),
    Endpoint("GET", SESSION, Control.get_session, refusals=NO_SESSION),
    Endpoint("DELETE", SESSION, Control.delete_session, status=204, refusals=NO_SESSION),
    Endpoint("POST", f"{SESSION}/reset", Control.reset_session, refusals=NO_SESSION),
    Endpoint(
        "POST",
        f"{SESSION}/branch",
        Control.branch_session,
        status=201,
        refusals=BAD_BODY | NO_SESSION | {409: "The session has fewer steps, or one with the new id exists."},
    ),
    Endpoint(
        "POST",
        f"{SESSION}/rewind",
        Control.rewind_session,
        refusals=BAD_BODY | NO_SESSION | {409: "The session has no such step or snapshot."},
    ),
    Endpoint("GET", f"{SESSION}/snapshots", Control.list_snapshots, refusals=NO_SESSION),
    Endpoint("POST", f"{SESSION}/snapshots", Control.create_snapshot, status=201, refusals=BAD_BODY | NO_SESSION),
    Endpoint("GET", f"{SESSION}/perturbations", Control.get_perturbations, refusals=NO_SESSION),
    Endpoint(
        "PUT",
        f"{SESSION}/perturbations",
        Control.set_perturbations,
        refusals=BAD_BODY | NO_SESSION | {409: "They do not fit the world."},
    ),
    Endpoint("GET", f"{SESSION}/state", Control.get_state, refusals=NO_STEP),
    Endpoint(
        "GET",
        f"{SESSION}/state/{{entity}}",
        Control.get_rows,
        refusals=NO_STEP | {404: "There is no such session or entity."},
    ),
    Endpoint("GET", f"{SESSION}/diff", Control.get_difference, refusals=NO_STEP),
    Endpoint("GET", f"{SESSION}/trace", Control.get_trace, refusals=NO_SESSION),
)


class Resource:
    """One path of the control API, as an ASGI application."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self.endpoints: dict[str, Endpoint] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the endpoint of the method."""
        request = Request(scope, receive, send)
        endpoint = self.endpoints.get(method(request))
        if endpoint is None:
            raise not_allowed(request, self.endpoints)
        response = await endpoint.respond(self._control, request)
        await response(scope, receive, send)


def routes_of(endpoints: Iterable[Endpoint], control: Control) -> list[Route]:
    """The routes of these operations, one for each path."""
    resources: dict[str, Resource] = {}
    for endpoint in endpoints:
        resources.setdefault(endpoint.path, Resource(control)).endpoints[endpoint.method] = endpoint
    return [Route(path, resource) for path, resource in resources.items()]


def _texts(request: Request) -> dict[str, Any]:
    """The parameters of the query string; one that is given twice is a list, which no model takes."""
    found = request.query_params
    return {name: found[name] if len(found.getlist(name)) == 1 else found.getlist(name) for name in found}


def read(model: type[_Model], data: dict[str, Any], code: str) -> _Model:
    """Data as what a model describes.

    Raises:
        HttpError: it is something else; the message names the fields.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        known = [field.alias or name for name, field in model.model_fields.items()]
        faults = [f"{shown(str(fault['loc'][0]))}: {_told(fault, known)}" for fault in error.errors(include_url=False)]
        raise HttpError(400, code, "; ".join(faults[:5])) from None


def _told(fault: Any, known: list[str]) -> str:
    """What is wrong with one field, in a few words."""
    match fault["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return f"is not known{nearest(str(fault['loc'][0])[:100], known)}; known: {', '.join(known) or 'none'}"
        case "greater_than_equal":
            return f"must be {fault['ctx']['ge']} or more (got {_json(fault['input'])})"
        case "less_than_equal":
            return f"must be {fault['ctx']['le']} or less (got {_json(fault['input'])})"
        case "string_type":
            return f"must be a text (got {_json(fault['input'])})"
        case kind if kind.startswith("int_"):
            return f"must be a whole number (got {_json(fault['input'])})"
        case _:
            return f"{fault['msg']} (got {_json(fault['input'])})"


def _json(value: Any) -> str:
    return shown(orjson.dumps(value).decode())
