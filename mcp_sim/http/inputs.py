"""What an operation takes, as OpenAPI says it: parameters and request body."""

from __future__ import annotations

from typing import Any

from mcp_sim.http.arguments import kinds
from mcp_sim.http.components import JSON, Components, Schema
from mcp_sim.http.operation import Operation
from schemas.marks import MARK

INTEGERS = {"minimum": -(2**63), "maximum": 2**63 - 1}
TEXTS = {"pattern": "^[^\\u0000]*$"}
"""What can be kept, of all the whole numbers and texts that there are."""


def inputs(operation: Operation, components: Components) -> dict[str, Any]:
    """The part of an OpenAPI operation that says where its arguments go."""
    in_path = [("path", name, schema, True) for name, schema in operation.in_path.items()]
    in_query = [("query", name, schema, name in operation.required) for name, schema in operation.others.items()]
    placed = in_path if operation.has_body else [*in_path, *in_query]
    parameters = [
        {
            "name": name,
            "in": place,
            "required": required,
            "schema": _shared(_without_null(schema), operation, components),
            **({"description": schema["description"]} if "description" in schema else {}),
        }
        for place, name, schema, required in placed
    ]
    if not operation.has_body or not operation.others:
        return {"parameters": parameters}
    body = {**operation.schema, "properties": operation.others, "required": operation.required}
    content = {JSON: {"schema": _shared(body, operation, components)}}
    return {"parameters": parameters, "requestBody": {"required": bool(operation.required), "content": content}}


def _shared(part: Schema, operation: Operation, components: Components) -> Schema:
    whole = _filled_in(operation.schema, components)
    return components.shared(_filled_in(part, components), whole, f"{operation.tool.name}_input")


def _without_null(schema: Schema) -> Schema:
    """The schema without null, which text cannot say: a parameter is left out instead."""
    kept = dict(schema)
    if isinstance(schema.get("type"), list):
        named = [kind for kind in schema["type"] if kind != "null"]
        kept["type"] = named[0] if len(named) == 1 else named
    if "enum" in schema:
        kept["enum"] = [value for value in schema["enum"] if value is not None]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            kept[word] = [part for part in schema[word] if part != {"type": "null"}]
    return kept


def _filled_in(schema: Any, components: Components) -> Any:
    """The schema with the bounds of what can be kept, and with keys that exist as examples of what asks for one."""
    if isinstance(schema, list):
        return [_filled_in(item, components) for item in schema]
    if not isinstance(schema, dict):
        return schema
    filled = {key: _filled_in(value, components) for key, value in schema.items()}
    declared = kinds({"type": schema.get("type", [])})
    if "integer" in declared:
        filled = {**INTEGERS, **filled}
    if "string" in declared and not schema.keys() & {"enum", "const", "pattern", "format"}:
        filled = {**TEXTS, **filled}
    if keys := components.keys(schema.get(MARK)):
        filled = {"examples": keys, **filled}
    return filled
