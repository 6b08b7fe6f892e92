"""Tools that say `$ref: "#/entities/NAME"`, with the row schemas written out."""

from __future__ import annotations

from typing import Any

from schemas.document import Finding, Pointer
from schemas.rows import marked_schema
from schemas.types import Pack
from schemas.validate import nearest

_REF = "#/entities/"


def inline_entities(pack: Pack) -> tuple[Pack, list[Finding]]:
    """The pack with every `$ref: "#/entities/NAME"` in its tools replaced by that entity's marked row schema.

    Second come the references to entities that are not there; they accept anything.
    """
    rows = {name: marked_schema(name, entity) for name, entity in pack.entities.items()}
    unknown: list[Finding] = []

    def resolve(schema: Any, at: Pointer) -> Any:
        if isinstance(schema, list):
            return [resolve(item, (*at, index)) for index, item in enumerate(schema)]
        if not isinstance(schema, dict):
            return schema
        target = schema.get("$ref")
        if isinstance(target, str) and target.startswith(_REF):
            name = target.removeprefix(_REF)
            if name not in rows:
                unknown.append(Finding((*at, "$ref"), f"no entity '{name}'{nearest(name, rows)}"))
            return {**rows.get(name, {}), **{key: value for key, value in schema.items() if key != "$ref"}}
        return {key: resolve(value, (*at, key)) for key, value in schema.items()}

    tools = {}
    for name, tool in pack.tools.items():
        at = ("tools", name)
        tools[name] = tool.model_copy(
            update={
                "input_schema": resolve(tool.input_schema, (*at, "input")),
                "output_schema": resolve(tool.output_schema, (*at, "output")),
            }
        )
    return pack.model_copy(update={"tools": tools}), unknown
