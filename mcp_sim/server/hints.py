"""Tool annotations: derived from what the effect does, unless the pack says otherwise."""

from __future__ import annotations

from mcp_types import ToolAnnotations

from schemas.effects import WRITES, Delete, Edit, Unlink, Update, walk
from schemas.nature import leaves_alone
from schemas.types import Tool

OVERWRITES = (Update, Delete, Edit, Unlink)


def hints(tool: Tool) -> ToolAnnotations:
    """What a client may expect of a call. Without an effect nothing is certain but that the world is closed."""
    writes = [step for step in walk(tool.effect.steps) if isinstance(step, WRITES)] if tool.effect else []
    said = tool.annotations
    return ToolAnnotations(
        title=said.title or tool.title,
        read_only_hint=_or(said.read_only, tool, not writes),
        destructive_hint=_or(said.destructive, tool, any(isinstance(step, OVERWRITES) for step in writes)),
        idempotent_hint=_or(said.idempotent, tool, all(map(leaves_alone, writes))),
        open_world_hint=bool(said.open_world),
    )


def _or(said: bool | None, tool: Tool, derived: bool) -> bool | None:
    return derived if said is None and tool.effect else said
