"""What a protocol era lets a JSON Schema be.

Every era wants the root of an input schema to be `type: object`. The eras that shake hands (before 2026-07-28) want
the same of an output schema and of the answer itself, so there any other answer travels as `{"result": answer}`.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def rooted(schema: Schema) -> Schema:
    """The input schema with `type: object` said at its root, unless it says that arguments are something else."""
    kind = schema.get("type", ["object"])
    return {**schema, "type": "object"} if isinstance(kind, list) and "object" in kind else schema


def is_wrapped(output_schema: Schema | None) -> bool:
    """Whether answers of this schema need a wrapper before 2026-07-28."""
    return output_schema is not None and output_schema.get("type") != "object"


def wrapped(output_schema: Schema) -> Schema:
    """The schema of `{"result": answer}`; references inside keep their targets."""
    return {
        "type": "object",
        "properties": {"result": _moved(output_schema, "#/properties/result")},
        "required": ["result"],
        "additionalProperties": False,
    }


def _moved(schema: Any, root: str) -> Any:
    """The schema as it reads when what was its root lies at `root`. A part with its own `$id` has its own root."""
    if isinstance(schema, list):
        return [_moved(item, root) for item in schema]
    if not isinstance(schema, dict) or "$id" in schema:
        return schema
    moved = {key: _moved(value, root) for key, value in schema.items()}
    target = schema.get("$ref")
    if isinstance(target, str) and (target == "#" or target.startswith("#/")):
        moved["$ref"] = root + target[1:]
    return moved
