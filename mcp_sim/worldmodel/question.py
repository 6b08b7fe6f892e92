"""The form that an answer has to take, as a JSON Schema that servers with constrained decoding understand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.marks import MARK, ROW_MARK
from schemas.types import Entity, Tool, World

Candidates = Mapping[str, frozenset[str]]

_SHAPE = {"type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems"}
_PARTS = {"anyOf", "oneOf", "allOf", "$ref", "$defs"}
_LIMITS = {"minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum"}
_KEPT = _SHAPE | _PARTS | _LIMITS
"""What constrained decoding understands everywhere. The rest is checked afterwards, by the whole schema."""
_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string", "minLength": 1, "maxLength": 300}},
    "required": ["error"],
    "additionalProperties": False,
}
_MOST_CHANGES = 20
_OUTPUT = "output"


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

    def schema(self, arguments: dict[str, Any], candidates: Candidates) -> dict[str, Any] | None:
        """The schema for one call. None: any text will do.

        In a query, ids are narrowed: to the one in the argument of the same name, else to the `candidates`.
        """
        if self.writes:
            narrowing = _Narrowing(self._world, {}, {})
            answer, definitions = narrowing.whole(self._output or {})
            return {
                "type": "object",
                "properties": {"observation": {"anyOf": [answer, _ERROR]}, "changes": self._changes(narrowing)},
                "required": ["observation", "changes"],
                "additionalProperties": False,
                **definitions,
            }
        if self._output is None:
            return None
        answer, definitions = _Narrowing(self._world, arguments, candidates).whole(self._output)
        return {"anyOf": [answer, _ERROR], **definitions}

    def _changes(self, narrowing: _Narrowing) -> dict[str, Any]:
        rows = [_change(name, entity, narrowing) for name, entity in self._world.entities.items()]
        if not rows:
            return {"type": "array", "maxItems": 0}
        return {"type": "array", "maxItems": _MOST_CHANGES, "items": {"anyOf": rows}}


def part_schema(schema: dict[str, Any], candidates: Candidates, world: World) -> dict[str, Any]:
    """The schema for one part of an answer, its ids narrowed to the candidates."""
    part, definitions = _Narrowing(world, {}, candidates).whole(schema)
    return {**part, **definitions}


def _change(name: str, entity: Entity, narrowing: _Narrowing) -> dict[str, Any]:
    row = {
        "type": "object",
        "properties": {field: narrowing.part(part) for field, part in entity.properties.items()},
        "required": [entity.key],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"op": {"enum": ["create", "update", "delete"]}, "entity": {"enum": [name]}, "row": row},
        "required": ["op", "entity", "row"],
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class _Narrowing:
    """Takes a schema down to what servers understand, and its ids to those that may be named."""

    world: World
    arguments: dict[str, Any]
    candidates: Candidates

    def whole(self, schema: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """A schema as part of another one, and the definitions that the other one needs for it."""
        simple = self.part(schema)
        if "$ref" not in str(simple):
            simple.pop("$defs", None)
            return simple, {}
        definitions = simple.pop("$defs", {})
        return {"$ref": f"#/$defs/{_OUTPUT}"}, {"$defs": {**definitions, _OUTPUT: simple}}

    def part(self, schema: Any) -> Any:
        if not isinstance(schema, dict):
            return schema
        ids = self._ids(schema)
        if ids is not None:
            return ids
        simple = {word: self._word(word, value) for word, value in schema.items() if word in _KEPT}
        entity, properties = schema.get(ROW_MARK), simple.get("properties")
        if isinstance(entity, str) and entity in self.world.entities and isinstance(properties, dict):
            key = self.world.entities[entity].key
            ids = self._ids({**properties.get(key, {}), MARK: entity})
            if key in properties and ids is not None:
                simple["properties"] = {**properties, key: ids}
        return simple

    def _word(self, word: str, value: Any) -> Any:
        if word in ("enum", "const", "required", "type"):
            return value
        if word == "$ref":
            return _moved(str(value))
        if isinstance(value, list):
            return [self.part(item) for item in value]
        if word == "properties" and isinstance(value, dict):
            return {name: self._property(name, part) for name, part in value.items()}
        if word == "$defs" and isinstance(value, dict):
            return {name: self.part(part) for name, part in value.items()}
        return self.part(value)

    def _property(self, name: str, schema: Any) -> Any:
        given = self.arguments.get(name)
        if isinstance(schema, dict) and MARK in schema and isinstance(given, str | int):
            return {"enum": [given]}
        return self.part(schema)

    def _ids(self, schema: dict[str, Any]) -> dict[str, Any] | None:
        keys = self.candidates.get(str(schema.get(MARK)))
        if not keys:
            return None
        kinds = schema.get("type", "string")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        found: list[Any] = [int(key) for key in keys] if "integer" in kinds else list(keys)
        return {"enum": sorted(found) + ([None] if "null" in kinds else [])}


def _moved(reference: str) -> str:
    """Where a definition is found once the schema that refers to it has become one of the definitions."""
    if reference.startswith("#/$defs/") or not reference.startswith("#"):
        return reference
    return f"#/$defs/{_OUTPUT}{reference[1:]}"
