"""Tool annotations: derived from what the effect does, unless the pack says otherwise."""

from __future__ import annotations

from mcp_types import ToolAnnotations

from schemas.effects import WRITES, Append, Create, Delete, Edit, Unlink, Update, walk
from schemas.expressions import Expression, expressions, parse_template
from schemas.types import Tool

OVERWRITES = (Update, Delete, Edit, Unlink)
ACCUMULATES = (Create, Append)
READS_STATE = frozenset({"get", "find", "count", "referrers", "random_int"})


def hints(tool: Tool) -> ToolAnnotations:
    """What a client may expect of a call. Without an effect nothing is certain but that the world is closed."""
    writes = [step for step in walk(tool.effect.steps) if isinstance(step, WRITES)] if tool.effect else []
    said = tool.annotations
    return ToolAnnotations(
        title=said.title or tool.title,
        read_only_hint=_or(said.read_only, tool, not writes),
        destructive_hint=_or(said.destructive, tool, any(isinstance(step, OVERWRITES) for step in writes)),
        idempotent_hint=_or(said.idempotent, tool, all(_repeats(step) for step in writes)),
        open_world_hint=bool(said.open_world),
    )


def _or(said: bool | None, tool: Tool, derived: bool) -> bool | None:
    return derived if said is None and tool.effect else said


def _repeats(step: object) -> bool:
    """Whether a second run leaves the rows as the first did: what it sets is made from the arguments alone."""
    if isinstance(step, Update | Edit):
        made_of = expressions(parse_template(step.set))
        return all(part.names <= {"args", "now"} and READS_STATE.isdisjoint(_functions(part)) for part in made_of)
    return not isinstance(step, ACCUMULATES)


def _functions(expression: Expression) -> set[str]:
    return {name for name, _, _ in expression.calls}
