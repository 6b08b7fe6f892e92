"""The form that an answer has to take, as a JSON Schema that servers with constrained decoding understand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.marks import MARK, ROW_MARK
from schemas.types import Entity, Tool, World

Candidates = Mapping[str, frozenset[str]]

_KEPT = {"type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems", "anyOf"} | {
    "oneOf",
    "allOf",
    "$ref",
    "$defs",
    "minItems",
    "maxItems",
    "maxLength",
    "minimum",
    "maximum",
}
"""What constrained decoding understands everywhere. The rest is checked afterwards, by the whole schema."""
_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string", "maxLength": 300}},
    "required": ["error"],
    "additionalProperties": False,
}
_MOST_CHANGES = 20


class Question:
    """The form of the answers of one tool.

    Attributes:
        writes: whether an answer may change records.
    """

    def __init__(self, tool: Tool, world: World) -> None:
        declared = tool.annotations.read_only
        self.writes = tool.writes if declared is None else not declared
        self._world = world
        self._output = tool.output_schema

    def schema(self, candidates: Candidates) -> dict[str, Any] | None:
        """The schema for one call; in a query, ids are narrowed to the `candidates`. None: any text will do."""
        if self.writes:
            observation = {"anyOf": [_simple(self._output or {}, {}, self._world), _ERROR]}
            return {
                "type": "object",
                "properties": {"observation": observation, "changes": self._changes()},
                "required": ["observation", "changes"],
                "additionalProperties": False,
            }
        if self._output is None:
            return None
        return {"anyOf": [_simple(self._output, candidates, self._world), _ERROR]}

    def _changes(self) -> dict[str, Any]:
        return {
            "type": "array",
            "maxItems": _MOST_CHANGES,
            "items": {"anyOf": [_change(name, entity) for name, entity in self._world.entities.items()]},
        }


def _change(name: str, entity: Entity) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "op": {"enum": ["create", "update", "delete"]},
            "entity": {"enum": [name]},
            "row": {
                "type": "object",
                "properties": {field: _simple(part, {}, None) for field, part in entity.properties.items()},
                "required": [entity.key],
                "additionalProperties": False,
            },
        },
        "required": ["op", "entity", "row"],
        "additionalProperties": False,
    }


def _simple(schema: Any, candidates: Candidates, world: World | None) -> Any:
    """The schema without what is only checked afterwards, and with ids narrowed to the candidates."""
    if isinstance(schema, list):
        return [_simple(part, candidates, world) for part in schema]
    if not isinstance(schema, dict):
        return schema
    ids = _narrowed(schema, candidates)
    if ids is not None:
        return ids
    simple = {word: _part(word, value, candidates, world) for word, value in schema.items() if word in _KEPT}
    entity = schema.get(ROW_MARK)
    properties = simple.get("properties")
    if world is not None and isinstance(entity, str) and isinstance(properties, dict):
        key = world.entities[entity].key
        ids = _narrowed({**properties.get(key, {}), MARK: entity}, candidates)
        if key in properties and ids is not None:
            simple["properties"] = {**properties, key: ids}
    return simple


def _part(word: str, value: Any, candidates: Candidates, world: World | None) -> Any:
    if word in ("enum", "const", "required", "type"):
        return value
    if word in ("properties", "$defs") and isinstance(value, dict):
        return {name: _simple(part, candidates, world) for name, part in value.items()}
    return _simple(value, candidates, world)


def _narrowed(schema: dict[str, Any], candidates: Candidates) -> dict[str, Any] | None:
    keys = candidates.get(str(schema.get(MARK)))
    if not keys:
        return None
    kinds = schema.get("type", "string")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    found: list[Any] = [int(key) for key in keys] if "integer" in kinds else list(keys)
    return {"enum": sorted(found) + ([None] if "null" in kinds else [])}
