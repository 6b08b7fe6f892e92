"""JSON Schemas as they are found, with the words of other dialects put right."""

from __future__ import annotations

from typing import Any

_TYPES = {
    "dict": "object",
    "map": "object",
    "struct": "object",
    "hashmap": "object",
    "arraylist": "array",
    "float": "number",
    "double": "number",
    "decimal": "number",
    "int": "integer",
    "int32": "integer",
    "int64": "integer",
    "long": "integer",
    "str": "string",
    "text": "string",
    "char": "string",
    "bool": "boolean",
    "list": "array",
    "tuple": "array",
    "set": "array",
    "none": "null",
    "nil": "null",
}
_ANYTHING = {"any", "mixed", "unknown"}
_KNOWN = {"object", "array", "string", "number", "integer", "boolean", "null"}
_ONE = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_SEVERAL = ("anyOf", "oneOf", "allOf", "prefixItems", "items")
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")


def standard(schema: Any) -> Any:
    """The schema with the words of other dialects (`dict`, `float`, `any`, `required: true`) said in the standard way.

    What is right already stays as it is.
    """
    if not isinstance(schema, dict):
        return schema
    fresh = {word: value for word, value in schema.items() if word != "type"}
    kinds = _types(schema.get("type"))
    if kinds is not None:
        fresh = {"type": kinds, **fresh}
    for word in _NAMED:
        if isinstance(schema.get(word), dict):
            fresh[word] = {name: standard(part) for name, part in schema[word].items()}
    for word in _SEVERAL:
        if isinstance(schema.get(word), list):
            fresh[word] = [standard(part) for part in schema[word]]
    for word in _ONE:
        if isinstance(schema.get(word), dict):
            fresh[word] = standard(schema[word])
    return _required(_bounded(fresh))


def _bounded(schema: dict[str, Any]) -> dict[str, Any]:
    """Bounds that are exclusive by a mark, as bounds that are exclusive."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        mark = schema.get(exclusive)
        if isinstance(mark, bool):
            limit = {exclusive: schema[bound]} if mark and bound in schema else {}
            left_out = (exclusive, bound) if limit else (exclusive,)
            schema = {**{word: value for word, value in schema.items() if word not in left_out}, **limit}
    return schema


def _types(given: Any) -> Any:
    if isinstance(given, list):
        named = [_type(one) for one in given]
        return None if None in named else list(dict.fromkeys(named))
    return _type(given) if isinstance(given, str) else given


def _type(given: Any) -> Any:
    if not isinstance(given, str) or given in _KNOWN:
        return given
    word = given.strip().lower()
    return None if word in _ANYTHING else word if word in _KNOWN else _TYPES.get(word, given)


def _required(schema: dict[str, Any]) -> dict[str, Any]:
    """The marks `required: true` of properties, as the list that their object has."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return schema
    marked = {name: part["required"] for name, part in properties.items() if _is_marked(part)}
    if not marked:
        return schema
    required = schema.get("required")
    listed = required if isinstance(required, list) else []
    plain = {
        name: {word: value for word, value in part.items() if word != "required"} if name in marked else part
        for name, part in properties.items()
    }
    names = [*listed, *(name for name, wanted in marked.items() if wanted and name not in listed)]
    return {**schema, "properties": plain, **({"required": names} if names else {})}


def _is_marked(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("required"), bool)
