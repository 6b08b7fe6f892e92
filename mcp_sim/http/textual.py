"""Values read from texts, which say neither null nor what they are, by the schema that they shall obey.

Text that does not fit stays text, so that validation says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.validate import SchemaError, validator

_KINDS: dict[type, frozenset[str]] = {
    int: frozenset({"integer", "number"}),
    float: frozenset({"number"}),
    bool: frozenset({"boolean"}),
    type(None): frozenset({"null"}),
    list: frozenset({"array"}),
    dict: frozenset({"object"}),
    str: frozenset({"string"}),
}
_PARTS = {"object", "array"}
_BRANCHES = ("anyOf", "oneOf", "allOf")


def kinds(schema: Any) -> frozenset[str]:
    """The JSON types that a schema speaks of; none when it does not say."""
    if not isinstance(schema, Mapping):
        return frozenset()
    declared = schema.get("type", [])
    found = frozenset([declared] if isinstance(declared, str) else declared)
    if not found:
        values = [*schema.get("enum", []), *([schema["const"]] if "const" in schema else [])]
        found = frozenset().union(*(_KINDS[type(value)] for value in values))
    return found.union(*(kinds(part) for word in _BRANCHES for part in schema.get(word, ())))


@dataclass(frozen=True, slots=True)
class Textual:
    """How one argument of a plain kind is read."""

    kinds: frozenset[str]
    items: frozenset[str] = frozenset()
    schema: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, schema: Any) -> Textual:
        """The reader of values that obey this schema; the schema itself is asked where it has alternatives."""
        found = kinds(schema) - {"null"}
        has_choice = isinstance(schema, Mapping) and any(word in schema for word in _BRANCHES)
        chosen = schema if has_choice and len(found) > 1 and not found <= {"integer", "number"} else None
        items = schema.get("items") if isinstance(schema, Mapping) else None
        return cls(found, kinds(items) - {"null"}, chosen)

    def read(self, texts: list[str]) -> Any:
        """The value of a parameter that was given once or, as arrays are, several times."""
        if self.schema is not None:
            return read(texts[0] if len(texts) == 1 else texts, self.schema)
        if "array" in self.kinds:
            return [_plain(text, self.items) for text in texts]
        return _plain(texts[0], self.kinds) if len(texts) == 1 else texts


def read(given: Any, schema: Any) -> Any:
    """The value of a parameter: a text, a list of texts, or what nested names lead to."""
    allowed = kinds(schema) - {"null"}
    match given:
        case "" if allowed & _PARTS and _clears(schema):
            empty: Any = {} if "object" in allowed else []
            return empty if _holds(schema, empty) else given
        case str() if "array" in allowed and not _holds(schema, given):
            return [_scalar(given, _part(schema, "items"))]
        case str():
            return _scalar(given, schema)
        case list() if "object" in allowed and "array" not in allowed:  # names that count look like a list
            return {str(n): read(part, _property(schema, str(n))) for n, part in enumerate(given)}
        case list():
            return [read(part, _part(schema, "items")) for part in given]
        case dict():
            if "array" in allowed and "object" not in allowed and all(name.isdigit() for name in given):
                return [read(part, _part(schema, "items")) for part in given.values()]
            return {name: read(part, _property(schema, name)) for name, part in given.items()}
    return given


def _clears(schema: Any) -> bool:
    """Whether nothing but an empty text means: hold nothing any more."""
    return any(one.get("enum") == [""] for one in _alternatives(schema))


def _scalar(text: str, schema: Any) -> Any:
    allowed = kinds(schema) - {"null"}
    if allowed == {"string"} or ("string" in allowed and _holds(schema, text)):
        return text
    return _plain(text, allowed - {"string"} or allowed)


def _plain(text: str, allowed: frozenset[str]) -> Any:
    if "string" in allowed or not allowed:
        return text
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if _KINDS[type(value)] & allowed else text


def _property(schema: Any, name: str) -> Any:
    for one in _alternatives(schema):
        properties = one.get("properties")
        if isinstance(properties, Mapping) and name in properties:
            return properties[name]
    return _part(schema, "additionalProperties")


def _part(schema: Any, word: str) -> Any:
    found = [one[word] for one in _alternatives(schema) if isinstance(one.get(word), Mapping)]
    return found[0] if len(found) == 1 else {"anyOf": found} if found else {}


def _alternatives(schema: Any) -> list[Mapping[str, Any]]:
    if not isinstance(schema, Mapping):
        return []
    return [schema, *(one for word in _BRANCHES for part in schema.get(word, ()) for one in _alternatives(part))]


def _holds(schema: Any, value: Any) -> bool:
    try:
        return validator(dict(schema)).holds(value)
    except SchemaError:
        return False
