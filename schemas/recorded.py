"""A call that a real service answered, as it was recorded, whatever wrote it down."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})", re.ASCII)
_FRACTION = re.compile(r"-?(0|[1-9]\d{0,17})\.\d{1,17}", re.ASCII)

Kind = Literal["read", "write", "unknown"]


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call and the answer to it.

    Attributes:
        trajectory: which run of calls on one state it belongs to.
        index: its place there, from 0.
        tool: the tool.
        arguments: what it was called with; of an HTTP request, see `flat_arguments`.
        text: the observation as it was returned; of an HTTP response, its body.
        is_error: whether the answer is an error.
        status: of an HTTP response.
        structured: the answer as JSON, where it came so.
        kind: whether the call reads or writes, as far as the recording says so.
        task: what the trajectory was about; those of one task belong on one side of a split.
        domain: the service, where one file holds several.
        source: the file and line it was read from.
    """

    trajectory: str
    index: int
    tool: str
    arguments: dict[str, Any]
    text: str
    is_error: bool
    status: int | None = None
    structured: Any = None
    kind: Kind = "unknown"
    task: str = ""
    domain: str = ""
    source: str = ""


def flat_arguments(path: dict[str, Any], query: dict[str, Any], body: Any) -> dict[str, Any]:
    """The parts of an HTTP request as the arguments of a tool.

    The fields of a body that is an object are arguments of their own; any other body is the argument `body`. Where two
    parts have the same name, the one of the body becomes `body_NAME`, and the one of the query `query_NAME` beside one
    of the path.
    """
    arguments = dict(path)
    for name, value in query.items():
        arguments[f"query_{name}" if name in path else name] = value
    if isinstance(body, dict):
        for name, value in body.items():
            arguments[f"body_{name}" if name in path or name in query else name] = value
    elif body is not None:
        arguments["body"] = body
    return arguments


def as_declared(arguments: dict[str, Any], input_schema: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an HTTP request, whose path and query hold texts alone, with the types that a tool declares."""
    properties = input_schema.get("properties")
    declared = properties if isinstance(properties, dict) else {}
    return {name: _typed(value, declared.get(name)) for name, value in arguments.items()}


def _typed(value: Any, schema: Any) -> Any:
    kinds = schema.get("type") if isinstance(schema, dict) else None
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not isinstance(value, str) or not isinstance(kinds, list) or "string" in kinds:
        return value
    if "array" in kinds:
        items = schema.get("items")
        return [_typed(part, items) for part in value.split(",")]
    if "boolean" in kinds and value in ("true", "false"):
        return value == "true"
    if ("integer" in kinds or "number" in kinds) and _WHOLE.fullmatch(value):
        return int(value)
    if "number" in kinds and _FRACTION.fullmatch(value):
        return float(value)
    return value
