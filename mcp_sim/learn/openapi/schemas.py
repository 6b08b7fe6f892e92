"""Schemas of a spec as self-contained JSON Schemas of bounded size, and what can be seen in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import isnan
from typing import Any

from mcp_sim.learn.dialects import standard
from mcp_sim.learn.openapi.spec import Spec
from schemas.validate import SchemaError, validator

Schema = dict[str, Any]
_KEPT = (
    "type", "enum", "const", "default", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
    "required", "title",
)  # fmt: skip
_FORMATS = {"date-time", "date", "uuid"}
_TYPES = {"object", "array", "string", "number", "integer", "boolean", "null", "file"}
_BRANCHES = ("anyOf", "oneOf", "allOf")
_DEEP = 6
_MANY = 600
_STRICT = 3
"""The depth from which on a schema says what a value is, and no longer which: there, specs and services part ways."""
_SPOKEN = 2
_WORDS = 600


class Schemas:
    """The schemas of one spec."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._plain: dict[Any, Schema] = {}

    def name(self, schema: Any) -> str | None:
        """The name of the component that a schema refers to."""
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        return reference.rsplit("/", 1)[1] if isinstance(reference, str) and "/" in reference else None

    def resolved(self, schema: Any) -> Schema:
        """The schema that a reference leads to."""
        return self._spec.resolved(schema)

    def fields(self, schema: Any, depth: int = 8) -> tuple[dict[str, Any], list[str]]:
        """(properties, required) of an object, through references and branches: all must hold of what one may have."""
        schema = self.resolved(schema)
        own = schema.get("properties")
        found: dict[str, Any] = dict(own) if isinstance(own, dict) else {}
        required = [name for name in _list(schema.get("required")) if isinstance(name, str)]
        if depth:
            for part in _list(schema.get("allOf")):
                inner, needed = self.fields(part, depth - 1)
                found, required = {**inner, **found}, [*required, *needed]
            for word in ("oneOf", "anyOf"):
                parts = [self.fields(part, depth - 1) for part in _list(schema.get(word))]
                for inner, _ in parts:
                    found = {**inner, **found}
                if parts:
                    required += [name for name in parts[0][1] if all(name in needed for _, needed in parts)]
        return found, list(dict.fromkeys(required))

    def types(self, schema: Any, depth: int = 6) -> set[str]:
        """The JSON types that a schema allows, null apart; empty where it does not say."""
        schema = self.resolved(schema)
        said = schema.get("type")
        found = {said} if isinstance(said, str) else {kind for kind in _list(said) if isinstance(kind, str)}
        if not found and isinstance(schema.get("properties"), dict):
            found = {"object"}
        if depth:
            for word in _BRANCHES:
                for part in _list(schema.get(word)):
                    found |= self.types(part, depth - 1)
        return found - {"null"}

    def branches(self, schema: Any) -> list[Any]:
        """The alternatives of a schema: those of its `anyOf` or `oneOf`, or itself."""
        found = [part for word in ("anyOf", "oneOf") for part in _list(self.resolved(schema).get(word))]
        return found or [schema]

    def item(self, schema: Any) -> Any:
        """The schema of the entries of a list; None if it is no list."""
        schema = self.resolved(schema)
        items = schema.get("items")
        return items if isinstance(items, dict) and (schema.get("type") in ("array", None)) else None

    def plain(self, schema: Any) -> Schema:
        """The schema as standard JSON Schema without references, cut where it is too deep or turns in a circle."""
        name = schema["$ref"] if isinstance(schema, dict) and schema.keys() == {"$ref"} else None
        if name not in self._plain:
            found = self._standard(schema)
            if name is None:
                return found
            self._plain[name] = found
        return self._plain[name]

    def _standard(self, schema: Any) -> Schema:
        found: Schema = standard(_Inlined(self._spec).of(schema, 0, ()))
        for left_out in ((), ("pattern",), ("pattern", "default", "enum")):
            attempt: Schema = _without(found, left_out) if left_out else found
            try:
                validator(attempt)
            except (SchemaError, TypeError):
                continue
            return attempt
        self._spec.tell("a schema is no JSON Schema; it is taken for anything")
        return {}

    def relaxed(self, schema: Any) -> Schema:
        """The schema of an answer with its form alone: every part may be absent or null, and holds any value."""
        found: Schema = _relaxed(self.plain(schema), or_null=True)
        return found

    def form(self, schema: Any) -> Schema:
        """The same, with null only where it is declared, and the values that are the only one of a field."""
        found: Schema = _relaxed(self.plain(schema), or_null=False)
        return found


class _Inlined:
    """One schema with its references written out, as far as there is room."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._left = _MANY

    def of(self, schema: Any, depth: int, through: tuple[str, ...]) -> Schema:
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            target = self._spec.resolved(schema)
            if reference in through or depth > _DEEP or self._left < 0:
                return _cut(target)
            beside = {word: value for word, value in schema.items() if word != "$ref"}
            return self.of({**target, **beside}, depth, (*through, reference))
        self._left -= 1
        if depth > _DEEP or self._left < 0:
            return _cut(schema)
        kept = _KEPT if depth < _STRICT else ("type",)
        found: Schema = {word: schema[word] for word in kept if word in schema and _is_sound(word, schema[word])}
        if schema.get("format") in _FORMATS:
            found["format"] = schema["format"]
        if depth <= _SPOKEN and isinstance(schema.get("description"), str):
            found["description"] = _brief(schema["description"])
        if isinstance(schema.get("properties"), dict):
            found["properties"] = {
                str(name): self.of(part, depth + 1, through) for name, part in schema["properties"].items()
            }
        for word in ("items", "additionalProperties", "not"):
            if isinstance(schema.get(word), dict):
                found[word] = self.of(schema[word], depth + 1, through)
            elif isinstance(schema.get(word), bool) and depth < _STRICT:
                found[word] = schema[word]
        for word in (*_BRANCHES, "prefixItems"):
            if isinstance(schema.get(word), list) and schema[word]:
                # Branches that were cut fit everything, so that no value would fit one of them alone.
                several = "anyOf" if word == "oneOf" else word
                found[several] = [self.of(part, depth + 1, through) for part in schema[word]]
        return _nullable(found) if schema.get("nullable") is True or schema.get("x-nullable") is True else _typed(found)


def _is_sound(word: str, value: Any) -> bool:
    """Whether a word of a schema has a value that it may have."""
    match word:
        case "type":
            kinds = standard({"type": value}).get("type")
            return bool(kinds) and set([kinds] if isinstance(kinds, str) else kinds) <= _TYPES
        case "required":
            return isinstance(value, list) and all(isinstance(name, str) for name in value)
        case "enum":
            return isinstance(value, list) and bool(value)
        case "pattern" | "title":
            return isinstance(value, str)
        case "const" | "default" | "uniqueItems" | "exclusiveMinimum" | "exclusiveMaximum":
            return True
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool) and not isnan(value)


def _cut(schema: Any) -> Schema:
    kind = schema.get("type") if isinstance(schema, dict) else None
    return {"type": kind} if kind in ("string", "integer", "number", "boolean", "array") else {}


def _typed(schema: Schema) -> Schema:
    """A file is a text."""
    return {**schema, "type": "string"} if schema.get("type") == "file" else schema


def _nullable(schema: Schema) -> Schema:
    kind = schema.get("type")
    if isinstance(kind, str) and not any(word in schema for word in (*_BRANCHES, "const")):
        if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            schema = {**schema, "enum": [*schema["enum"], None]}
        return {**schema, "type": [kind, "null"]}
    described: Schema = {word: schema.pop(word) for word in ("description", "title", "default") if word in schema}
    return {"anyOf": [schema, {"type": "null"}], **described}


def _without(schema: Any, left_out: tuple[str, ...]) -> Any:
    if isinstance(schema, list):
        return [_without(part, left_out) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        word: {name: _without(part, left_out) for name, part in value.items()}
        if word == "properties" and isinstance(value, dict)
        else _without(value, left_out)
        for word, value in schema.items()
        if word not in left_out or isinstance(value, dict)
    }


def _relaxed(schema: Any, *, or_null: bool, depth: int = 0) -> Any:
    if not isinstance(schema, dict):
        return {}
    fresh: Schema = {}
    if isinstance(schema.get("description"), str):
        fresh["description"] = schema["description"]
    kinds = schema.get("type")
    named = [kinds] if isinstance(kinds, str) else list(kinds or ())
    if named and not any(word in schema for word in _BRANCHES):
        fresh["type"] = [*named, "null"] if or_null and "null" not in named else named if len(named) > 1 else named[0]
        if not or_null and len(_list(schema.get("enum"))) == 1:
            fresh["enum"] = schema["enum"]
        if isinstance(schema.get("properties"), dict):
            # Null at the top becomes a default of new rows, so it has to be meant; inside, services are careless.
            inside = or_null or depth > 0
            fresh["properties"] = {
                name: _relaxed(part, or_null=inside, depth=depth + 1) for name, part in schema["properties"].items()
            }
        if isinstance(schema.get("items"), dict):
            fresh["items"] = _relaxed(schema["items"], or_null=or_null, depth=depth + 1)
    return fresh


def _brief(text: str) -> str:
    return text if len(text) <= _WORDS else f"{text[:_WORDS]}…"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def scalars(
    schemas: Schemas, schema: Any, others: Collection[str | None] = (), depth: int = 3
) -> Iterator[tuple[str, Any]]:
    """(path, schema) of every field of an object, nested ones too; the entries of a list stand at its path.

    What is a component of the name of another thing is not looked into.
    """
    for name, part in schemas.fields(schema)[0].items():
        inner = part
        while (item := schemas.item(inner)) is not None:
            inner = item
        yield name, inner
        if depth and schemas.types(inner) == {"object"} and schemas.name(inner) not in others:
            for path, found in scalars(schemas, inner, others, depth - 1):
                yield f"{name}.{path}", found
