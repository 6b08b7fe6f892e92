"""What an operation takes, as OpenAPI says it: parameters and request body."""

from __future__ import annotations

from typing import Any

from mcp_sim.http.components import JSON, Components, Schema
from mcp_sim.http.operation import Operation
from mcp_sim.http.textual import kinds
from schemas.marks import MARK

FORM = "application/x-www-form-urlencoded"
INTEGERS = {"minimum": -(2**63), "maximum": 2**63 - 1}
TEXTS = {"pattern": "^[^\\u0000]*$"}
"""What can be kept, of all the whole numbers and texts that there are."""


def inputs(operation: Operation, components: Components) -> dict[str, Any]:
    """The part of an OpenAPI operation that says where its arguments go."""
    in_path = [("path", name, schema, True) for name, schema in operation.in_path.items()]
    in_query = [("query", name, part, operation.is_required(name)) for name, part in operation.in_query.items()]
    parameters = [
        {
            "name": name,
            "in": place,
            "required": required,
            "schema": _shared(_without_null(schema), operation, components),
            **({"style": "deepObject", "explode": True} if place == "query" and "object" in kinds(schema) else {}),
            **({"description": schema["description"]} if "description" in schema else {}),
        }
        for place, name, schema, required in (*in_path, *in_query)
    ]
    body = _body(operation)
    if body is None:
        return {"parameters": parameters}
    schema, required = body
    shared = _shared(schema, operation, components)
    content = {media_type: {"schema": shared} for media_type in ((FORM, JSON) if operation.takes_forms else (JSON,))}
    return {"parameters": parameters, "requestBody": {"required": required, "content": content}}


def _body(operation: Operation) -> tuple[Schema, bool] | None:
    """(schema, whether it must be there) of the body; None where there is none."""
    if operation.whole is not None:
        name = operation.whole
        return operation.schema["properties"][name], name in operation.schema.get("required", ())
    if not operation.has_body or not operation.in_body:
        return None
    required = [name for name in operation.in_body if operation.is_required(name)]
    return {**operation.schema, "properties": operation.in_body, "required": required}, bool(required)


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
