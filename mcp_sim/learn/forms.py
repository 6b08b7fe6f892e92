"""JSON Schemas that say what form recorded values have."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
_DEEP = 5
_FIELDS = 60
_LOOKED_AT = 300


def form_of(values: list[Any], depth: int = _DEEP) -> Schema:
    """A schema that all these values fit: their types, the fields of objects, those that none of them lacks."""
    kinds = sorted({json_kind(value) for value in values})
    if not kinds:
        return {}
    if "number" in kinds and "integer" in kinds:
        kinds.remove("integer")
    schema: Schema = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if depth == 0:
        return schema
    objects = [value for value in values if isinstance(value, dict)][:_LOOKED_AT]
    if objects:
        schema |= _fields(objects, depth)
    items = [item for value in values if isinstance(value, list) for item in value][:_LOOKED_AT]
    if items:
        schema["items"] = form_of(items, depth - 1)
    return schema


def _fields(objects: list[dict[str, Any]], depth: int) -> Schema:
    names = list(dict.fromkeys(name for one in objects for name in one))
    if is_map(objects):
        return {"additionalProperties": form_of([part for one in objects for part in one.values()], depth - 1)}
    required = [name for name in names if all(name in one for one in objects)]
    properties = {name: form_of([one[name] for one in objects if name in one], depth - 1) for name in names}
    return {"properties": properties, **({"required": required} if required and len(objects) > 2 else {})}


def is_map(objects: list[dict[str, Any]]) -> bool:
    """Whether the names in objects are keys, not fields: there are many, and hardly two objects share them."""
    names = {name for one in objects for name in one}
    shared = sum(map(len, objects)) / len(names) if names else 0
    return len(names) > _FIELDS or (len(objects) > 3 and len(names) > 8 and shared < 0.2 * len(objects))


def json_kind(value: Any) -> str:
    """What JSON Schema calls a value of this kind."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"
