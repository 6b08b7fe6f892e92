"""From an HTTP request to the arguments of a tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from mcp_sim.http.errors import HttpError
from mcp_sim.http.operation import Operation
from mcp_sim.http.request import json_object

_KINDS: dict[type, frozenset[str]] = {
    int: frozenset({"integer", "number"}),
    float: frozenset({"number"}),
    bool: frozenset({"boolean"}),
    type(None): frozenset({"null"}),
    list: frozenset({"array"}),
    dict: frozenset({"object"}),
    str: frozenset({"string"}),
}


@dataclass(frozen=True, slots=True)
class Textual:
    """How one argument is read from text, which cannot say null.

    Text that does not fit stays text, so that validation says what is wrong.
    """

    kinds: frozenset[str]
    items: frozenset[str] = frozenset()

    @classmethod
    def of(cls, schema: Any) -> Textual:
        """The reader of values that obey this schema."""
        items = schema.get("items") if isinstance(schema, Mapping) else None
        return cls(kinds(schema) - {"null"}, kinds(items) - {"null"})

    def read(self, texts: list[str]) -> Any:
        """The value of a parameter that was given once or, as arrays are, several times."""
        if "array" in self.kinds:
            return [_scalar(text, self.items) for text in texts]
        return _scalar(texts[0], self.kinds) if len(texts) == 1 else texts


class Arguments:
    """Where the arguments of one operation stand in a request, and how they are read from it."""

    def __init__(self, operation: Operation) -> None:
        self._in_path = {name: Textual.of(schema) for name, schema in operation.in_path.items()}
        self._in_query = {name: Textual.of(schema) for name, schema in operation.others.items()}
        self._has_body = operation.has_body

    async def read(self, request: Request, path: Mapping[str, str]) -> dict[str, Any]:
        """The arguments in this request, not yet validated.

        Raises:
            HttpError: the body is not a JSON object, or an argument stands where it does not belong.
        """
        query = _query(request)
        if self._has_body and query:
            raise _misplaced(next(iter(query)), "query string", "body")
        if self._has_body:
            others = await json_object(request)
        else:
            others = {name: self._in_query.get(name, _ANY).read(texts) for name, texts in query.items()}
        if twice := self._in_path.keys() & others.keys():
            raise _misplaced(min(twice), "body" if self._has_body else "query string", "path")
        return {name: textual.read([path[name]]) for name, textual in self._in_path.items()} | others


_ANY = Textual(frozenset())


def kinds(schema: Any) -> frozenset[str]:
    """The JSON types that a schema speaks of; none when it does not say."""
    if not isinstance(schema, Mapping):
        return frozenset()
    declared = schema.get("type", [])
    found = frozenset([declared] if isinstance(declared, str) else declared)
    if not found:
        values = [*schema.get("enum", []), *([schema["const"]] if "const" in schema else [])]
        found = frozenset().union(*(_KINDS[type(value)] for value in values))
    return found.union(*(kinds(part) for word in ("anyOf", "oneOf", "allOf") for part in schema.get(word, ())))


def _query(request: Request) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if raw := request.scope["query_string"]:
        try:
            pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise HttpError(400, "invalid_query", "the query string is not valid UTF-8") from None
        for name, text in pairs:
            found.setdefault(name, []).append(text)
    return found


def _scalar(text: str, allowed: frozenset[str]) -> Any:
    if "string" in allowed or not allowed:
        return text
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if _KINDS[type(value)] & allowed else text


def _misplaced(name: str, found: str, wanted: str) -> HttpError:
    return HttpError(400, "invalid_arguments", f"'{name}' does not belong in the {found}, send it in the {wanted}")
