"""Tools and kinds of records in few words, for models to which every word costs time."""

from __future__ import annotations

from typing import Any

from mcp_sim.worldmodel.wire import compact
from schemas.marks import MARK, ROW_MARK
from schemas.types import Entity, Tool

_STRUCTURE = {"$ref", "$defs", "anyOf", "oneOf", "allOf", "not", "if", "prefixItems", "patternProperties"}
"""What no short form tells; a schema that says such things stays as it is."""


def tool_in_short(tool: Tool) -> str:
    """Name, arguments, form of the answer, and description."""
    answer = "" if tool.output_schema is None else f" -> {_short(tool.output_schema)}"
    return f"{tool.name}{_short(tool.input_schema)}{answer}\n{tool.description.strip()}"


def entity_in_short(name: str, entity: Entity) -> str:
    """Name and fields; a reference is told by the entity that it leads to."""
    leads = {path: reference.to for path, reference in entity.references.items()}
    fields = (f"{field}: {leads.get(field) or _short(part)}" for field, part in entity.properties.items())
    return f"{name} {{{', '.join(fields)}}}"


def _short(schema: Any) -> str:
    if not isinstance(schema, dict) or schema.keys() & _STRUCTURE:
        return compact(schema)
    if MARK in schema:
        return str(schema[MARK])
    if "const" in schema:
        return compact(schema["const"])
    if "enum" in schema:
        return "|".join(one if isinstance(one, str) else compact(one) for one in schema["enum"])
    if "properties" in schema:
        if ROW_MARK in schema:
            return str(schema[ROW_MARK])
        needed = schema.get("required", ())
        parts = schema["properties"].items()
        return "{" + ", ".join(f"{name}{'' if name in needed else '?'}: {_short(part)}" for name, part in parts) + "}"
    if "items" in schema:
        return f"[{_short(schema['items'])}]"
    kind = schema.get("type", "any")
    return "|".join(kind) if isinstance(kind, list) else str(kind)
