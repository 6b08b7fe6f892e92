"""The schemas of the shipped packs are made of words that JSON Schema has, and of our own marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.load import shipped_world, shipped_worlds

WORDS = frozenset({
    "$schema", "$id", "$ref", "$defs", "$comment", "$anchor", "type", "enum", "const", "title", "description", "default",
    "examples", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "properties", "required", "additionalProperties", "patternProperties",
    "propertyNames", "minProperties", "maxProperties", "items", "prefixItems", "minItems", "maxItems", "uniqueItems",
    "contains", "minContains", "maxContains", "anyOf", "oneOf", "allOf", "not", "if", "then", "else",
    "dependentRequired", "dependentSchemas", "unevaluatedItems", "unevaluatedProperties", "deprecated", "readOnly",
    "writeOnly", "contentEncoding", "contentMediaType",
})  # fmt: skip
BY_NAME = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs"})
DATA = frozenset({"enum", "const", "default", "examples", "required", "dependentRequired"})


def unknown_words(schema: Any, at: str) -> Iterator[str]:
    """Every word of a schema that is neither JSON Schema's nor begins with `x-`, with its place."""
    if isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from unknown_words(part, f"{at}/{index}")
    elif isinstance(schema, dict):
        for word, part in schema.items():
            if word not in WORDS and not word.startswith("x-"):
                yield f"{at}/{word}"
            elif word in BY_NAME:
                for name, inner in part.items():
                    yield from unknown_words(inner, f"{at}/{word}/{name}")
            elif word not in DATA:
                yield from unknown_words(part, f"{at}/{word}")


def test_an_unknown_word_is_found_wherever_it_stands() -> None:
    schema = {"properties": {"nullable": {"enum": [{"b c": None}]}, "a": {"items": [{"x-y": 1, "b c": None}]}}}
    assert list(unknown_words(schema, "")) == ["/properties/a/items/0/b c"]


@pytest.mark.parametrize("name", list(shipped_worlds()))
def test_a_shipped_schema_has_no_word_that_json_schema_lacks(name: str) -> None:
    world = shipped_world(name)
    schemas = {f"entities/{name}": entity.row for name, entity in world.entities.items()}
    for tool in world.tools.values():
        schemas[f"tools/{tool.name}/input"] = tool.input_schema
        schemas[f"tools/{tool.name}/output"] = tool.output_schema or {}
    assert [found for at, schema in schemas.items() for found in unknown_words(schema, at)] == []
