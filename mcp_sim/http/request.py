"""What every face reads from a request: the session, the operation, the JSON body."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import orjson
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request

from mcp_sim.http.errors import HttpError, shown
from mcp_sim.server import DEFAULT_SESSION
from mcp_sim.session import Session
from mcp_sim.sessions import Sessions


class Whole(PathConvertor):
    """The rest of a path, line breaks included."""

    regex = "(?s:.*)"


register_url_convertor("whole", Whole())
MCP_PATH = "/sessions/{session}/mcp"
REST_PATH = "/sessions/{session}/api"


def open_session(sessions: Sessions, path_params: Mapping[str, str]) -> Session:
    """The session that a path names; a path without one means the default session.

    Raises:
        UnknownSession: no such session, or a text that cannot be the id of one.
    """
    return sessions.open(path_params.get("session", DEFAULT_SESSION))


def method(request: Request) -> str:
    """The method that decides: HEAD is a GET whose body is not sent."""
    return "GET" if request.method == "HEAD" else request.method


def not_allowed(request: Request, methods: Iterable[str]) -> HttpError:
    """405, naming the methods that are allowed."""
    allowed = ", ".join(sorted(methods))
    message = f"{request.method} is not allowed on {shown(request.scope['path'])}; allowed: {allowed}"
    return HttpError(405, "method_not_allowed", message, {"Allow": allowed})


FORM = frozenset({"application/x-www-form-urlencoded"})


def media_type(request: Request) -> str:
    """What a body is said to be, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def json_object(request: Request) -> dict[str, Any]:
    """The body of a request, an empty one counting as `{}`.

    Raises:
        HttpError: the body is not said to be JSON, is not JSON, or is something other than an object.
    """
    value = await json_body(request)
    if value is None and not await request.body():
        return {}
    if not isinstance(value, dict):
        raise HttpError(400, "invalid_json", f"the body is a JSON object, not {_name(value)}")
    return value


async def json_body(request: Request) -> Any:
    """The body of a request, an empty one counting as null.

    Raises:
        HttpError: the body is not said to be JSON, or is not JSON.
    """
    body = await request.body()
    if not body:
        return None
    said = media_type(request)
    if said != "application/json" and not said.endswith("+json"):
        raise HttpError(
            415,
            "unsupported_media_type",
            f"send JSON with 'Content-Type: application/json', not '{said or 'nothing'}'",
        )
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise HttpError(400, "invalid_json", f"the body is not valid JSON: {error}") from None
    with suppress(RecursionError):  # what is nested so deeply is refused further on
        _ONCE.decode(body.decode())  # orjson takes the last of two equal names
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise HttpError(400, "invalid_json", f"the body is ambiguous: '{shown(twice)}' stands twice in one object")


_ONCE = json.JSONDecoder(object_pairs_hook=_each_once)
"""Reads JSON for the names in it alone."""


def _name(value: Any) -> str:
    return {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}.get(type(value), "a number")
