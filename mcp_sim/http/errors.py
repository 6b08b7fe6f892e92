"""What HTTP refuses, always as `{"error": {"status", "code", "message"}}`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from http.client import responses
from itertools import zip_longest
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from mcp_sim.errors import BadName, BadPerturbation, McpSimError, UnknownEntity, UnknownSession
from store.errors import NoSuchStep, SessionExists, StoreError

CONTROL = "/control"
MAX_BODY = 8 * 2**20
MAX_SHOWN = 100
"""How many characters of what a client sent an error repeats."""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["status", "code", "message"],
            "additionalProperties": False,
            "properties": {
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "code": {"type": "string", "description": "What went wrong, for a program."},
                "message": {"type": "string", "description": "What went wrong and what to do, in one sentence."},
            },
        }
    },
}


class HttpError(McpSimError):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


def error_response(status: int, message: str, code: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """The one shape of every error; without a code, the status names it."""
    code = code or responses.get(status, "error").lower().replace(" ", "_")
    content = orjson.dumps({"error": {"status": status, "code": code, "message": message}})
    return Response(content, status, headers, "application/json")


def shown(given: str) -> str:
    """What a client sent, as a sentence can hold it."""
    text = "".join(sign if sign.isprintable() else "�" for sign in given[:MAX_SHOWN])
    return text if len(given) <= MAX_SHOWN else f"{text}…"


def unknown_path(path: str, known: Iterable[str], otherwise: str, base: str = "") -> HttpError:
    """404, naming the route that looks most like what was asked for.

    Args:
        path: what was asked for.
        known: the routes behind the base, as templates.
        otherwise: what to say where no route looks like it.
        base: what every route begins with, and the path too.
    """
    asked = path.removeprefix(base)[:MAX_SHOWN]
    close = difflib.get_close_matches(asked, [_filled(route, asked) for route in known], n=1)
    hint = f"the nearest route is {base}{shown(close[0])}" if close else otherwise
    return HttpError(404, "unknown_path", f"nothing is at {shown(path)}; {hint}")


def _filled(route: str, path: str) -> str:
    """The route with its parameters as the path gives them."""
    parts = route.split("/")
    pairs = zip_longest(parts, path.split("/")[: len(parts)], fillvalue="")
    return "/".join(given if given and part.startswith("{") else part for part, given in pairs)


def too_large() -> HttpError:
    """413, for a body of too many bytes."""
    return HttpError(413, "too_large", f"a body may have {MAX_BODY:,} bytes")


def handlers(control: list[str], faces: list[str]) -> dict[Any, ExceptionHandler]:
    """What the application does with an exception that leaves a route.

    Args:
        control: the paths of the control API, behind its base.
        faces: the other paths that it serves.
    """

    async def answer(request: Request, error: Exception) -> Response:
        match error:
            case HTTPException(status_code=413):
                return respond(too_large())
            case HTTPException(status_code=404):
                path = request.scope["path"]
                if path.startswith(CONTROL):
                    return respond(unknown_path(path, control, f"{CONTROL}/openapi.json says what there is", CONTROL))
                # An agent that loses its way is not told that there is a control API.
                names = ", ".join(faces).replace("{session}", "ID")
                return respond(unknown_path(path, faces, f"there are {names}"))
            case HTTPException():
                return error_response(error.status_code, error.detail, headers=error.headers)
            case ClientDisconnect():
                return Response(status_code=400)
            case _:
                return respond(error)

    return dict.fromkeys((HTTPException, ClientDisconnect, *_FAULTS), answer)


def respond(error: Exception) -> Response:
    """The answer to a fault."""
    if isinstance(error, HttpError):
        return error_response(error.status, str(error), error.code, error.headers)
    status, code, message = next(found for kind, found in _FAULTS.items() if isinstance(error, kind))
    return error_response(status, message or str(error), code)


_FAULTS: dict[type[Exception], tuple[int, str, str]] = {
    UnknownSession: (404, "unknown_session", ""),
    UnknownEntity: (404, "unknown_entity", ""),
    NoSuchStep: (409, "unknown_step", ""),
    BadName: (400, "bad_name", ""),
    BadPerturbation: (409, "bad_perturbation", ""),
    SessionExists: (409, "session_exists", ""),
    StoreError: (500, "store_error", ""),
    McpSimError: (500, "simulator_error", ""),
    Exception: (500, "internal_error", "the server failed on this request; its log says why"),
}
"""Status, code and message of every kind of fault, the first that fits; without a message, the fault's own text."""
