"""The OpenAPI 3.1 document of the control API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeGuard

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from mcp_sim import __version__
from mcp_sim.http.components import AT, JSON
from mcp_sim.http.endpoints import JSON_LINES, UNWANTED, Endpoint
from mcp_sim.http.errors import SCHEMA as ERROR
from mcp_sim.http.openapi import refusal, sealed


def contract(endpoints: Iterable[Endpoint], *, secured: bool) -> dict[str, Any]:
    """The document.

    Args:
        endpoints: what there is.
        secured: whether a bearer token is wanted.
    """
    known = list(endpoints)
    models = [model for endpoint in known for model in (endpoint.body, endpoint.answer) if _is_model(model)]
    _, schemas = models_json_schema([(model, "validation") for model in models], ref_template=AT + "{model}")
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in known:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return sealed(
        {
            "openapi": "3.1.0",
            "info": {"title": "mcp-sim control API", "version": __version__},
            "paths": paths,
            "components": {"schemas": {"Error": ERROR, **schemas["$defs"]}},
        },
        secured=secured,
    )


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.handler.__doc__,
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in re.findall(r"{(\w+)}", endpoint.path)
            ),
            *_parameters(endpoint.query),
        ],
        "responses": {str(endpoint.status): _success(endpoint)},
    }
    if endpoint.body is not None:
        required = any(field.is_required() for field in endpoint.body.model_fields.values())
        described["requestBody"] = {"required": required, "content": {JSON: {"schema": _named(endpoint.body)}}}
    for status, description in (UNWANTED | endpoint.refusals).items():
        described["responses"][str(status)] = refusal(description)
    return described


def _parameters(query: type[BaseModel] | None) -> Iterator[dict[str, Any]]:
    schema = query.model_json_schema() if query else {"properties": {}}
    for name, described in schema["properties"].items():
        number, *_ = described.get("anyOf", [described])  # what may be left out may be null as well, but text is not
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "description": described["description"],
            "schema": {word: number[word] for word in ("type", "minimum")},
        }


def _success(endpoint: Endpoint) -> dict[str, Any]:
    if _is_model(endpoint.answer):
        return {"description": endpoint.answer.__doc__, "content": {JSON: {"schema": _named(endpoint.answer)}}}
    if endpoint.answer is type(None):
        return {"description": "Done."}
    return {"description": "JSON Lines.", "content": {JSON_LINES: {"schema": {"type": "string"}}}}


def _named(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": AT + model.__name__}


def _is_model(answer: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(answer, type) and issubclass(answer, BaseModel)
