"""A tool as MCP lists it, in plain JSON."""

from __future__ import annotations

from typing import Any

from schemas.marks import unmarked
from schemas.types import Tool

_SAID = ("name", "title", "description", "annotations")
HINTS = {
    "read_only": "readOnlyHint",
    "destructive": "destructiveHint",
    "idempotent": "idempotentHint",
    "open_world": "openWorldHint",
}
"""What our words for annotations are called in MCP."""
INPUTS = ("inputSchema", "input_schema", "parameters", "input")
OUTPUTS = ("outputSchema", "output_schema", "output", "response")
"""What the schemas of arguments and answers are called in definitions of tools."""


def definition(tool: Tool) -> dict[str, Any]:
    """`name`, `description`, `inputSchema`, and `title`, `outputSchema` and `annotations` where the tool has them."""
    said = tool.annotations.model_dump(exclude_none=True)
    hints = {hint: said[name] for name, hint in HINTS.items() if name in said}
    return {
        "name": tool.name,
        **({"title": tool.title} if tool.title else {}),
        "description": tool.description,
        "inputSchema": unmarked(tool.input_schema),
        **({} if tool.output_schema is None else {"outputSchema": unmarked(tool.output_schema)}),
        **({"annotations": hints} if hints else {}),
    }


def as_listed(found: dict[str, Any]) -> dict[str, Any]:
    """A definition as MCP lists it, from any of the ways in which tools are defined for models and agents."""
    if isinstance(found.get("function"), dict):
        found = found["function"]
    said: dict[str, Any] = {word: found[word] for word in _SAID if word in found}
    inputs = next((found[word] for word in INPUTS if found.get(word) is not None), {"type": "object"})
    outputs = next((found[word] for word in OUTPUTS if found.get(word) is not None), None)
    return {**said, "inputSchema": inputs, **({} if outputs is None else {"outputSchema": outputs})}
