"""From an HTTP request to the arguments of a tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from mcp_sim.http.errors import HttpError
from mcp_sim.http.forms import nested
from mcp_sim.http.operation import Operation
from mcp_sim.http.request import FORM, json_body, json_object, media_type
from mcp_sim.http.textual import Textual, read


class Arguments:
    """Where the arguments of one operation stand in a request, and how they are read from it."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._in_path = {name: Textual.of(schema) for name, schema in operation.in_path.items()}
        self._in_query = {name: Textual.of(schema) for name, schema in operation.in_query.items()}

    async def read(self, request: Request, path: Mapping[str, str]) -> dict[str, Any]:
        """The arguments in this request, not yet validated.

        Raises:
            HttpError: the body is not what it has to be, or an argument stands where it does not belong.
        """
        query = self._query(request)
        body = await self._body(request) if self._operation.has_body else {}
        found = {name: textual.read([path[name]]) for name, textual in self._in_path.items()}
        for place, others in (("query string", query), ("body", body)):
            for name, value in others.items():
                argument = self._operation.argument(name)
                if argument in self._in_path and argument == name:
                    raise _misplaced(name, place, "path")
                found[argument] = value
        return found

    def _query(self, request: Request) -> dict[str, Any]:
        operation = self._operation
        pairs = _pairs(request.scope["query_string"].decode("latin-1"), "query", is_lenient=operation.is_lenient)
        if operation.has_body and (strange := [name for name, _ in pairs if not self._is_in_query(name)]):
            raise _misplaced(strange[0], "query string", "path" if strange[0] in self._in_path else "body")
        texts: dict[str, list[str]] = {}
        deeper: list[tuple[str, str]] = []
        for name, text in pairs:
            if name in self._in_query or "[" not in name:
                texts.setdefault(name, []).append(text)
            else:
                deeper.append((name, text))
        found = {name: self._in_query.get(name, _ANY).read(given) for name, given in texts.items()}
        for name, value in nested(deeper).items():
            found[name] = read(value, operation.in_query.get(name, {}))
        return found

    def _is_in_query(self, name: str) -> bool:
        return name in self._in_query or name.partition("[")[0] in self._in_query

    async def _body(self, request: Request) -> dict[str, Any]:
        operation = self._operation
        if operation.takes_forms and media_type(request) in FORM:
            return self._form(await request.body())
        if operation.whole is not None:
            content = await json_body(request)
            return {} if content is None else {operation.whole: content}
        return await json_object(request)

    def _form(self, body: bytes) -> dict[str, Any]:
        known = self._operation.in_body
        found = nested(_pairs(body.decode("latin-1"), "body", is_lenient=True), known)
        return {name: read(value, known.get(name, {})) for name, value in found.items()}


_ANY = Textual(frozenset())


def _pairs(text: str, place: str, *, is_lenient: bool) -> list[tuple[str, str]]:
    """Names and texts; where a service is lenient, without NUL, which no text can hold."""
    if not text:
        return []
    if is_lenient:
        text = text.replace("%00", "")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        said = "the query string" if place == "query" else "the body"
        raise HttpError(400, f"invalid_{place}", f"{said} is not valid UTF-8") from None


def _misplaced(name: str, found: str, wanted: str) -> HttpError:
    return HttpError(400, "invalid_arguments", f"'{name}' does not belong in the {found}, send it in the {wanted}")
