"""What of a schema has to be there: small schemas of whole values, however deep or circular the spec is."""

from __future__ import annotations

from typing import Any

from mcp_sim.learn.openapi.schemas import Schema, Schemas

_SCALARS = {"string", "integer", "number", "boolean"}
_RICH = 2
"""The depth down to which fields that need not be there are kept, if they are scalars."""


class Needed:
    """The needed part of the schemas of one spec."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def of(self, schema: Any, depth: int = 0, through: tuple[str, ...] = ()) -> Schema:
        """A schema whose every value fits the given one, with one alternative of several, and few optional fields."""
        name = self._schemas.name(schema)
        is_circular = name is not None and name in through
        resolved = self._schemas.resolved(schema)
        if self._may_be_null(resolved) and (is_circular or depth >= _RICH):
            return {"type": "null"}
        through = (*through, name) if name is not None else through
        branches = self._schemas.branches(schema)
        if len(branches) > 1:
            return self.of(min(branches, key=lambda one: self._cost(one, through)), depth, through)
        item = self._schemas.item(schema)
        if item is not None:
            least = resolved.get("minItems", 0)
            if is_circular or (depth and not least):
                return {"type": "array", "maxItems": least}
            return {"type": "array", "items": self.of(item, depth + 1, through), "minItems": least}
        fields, required = self._schemas.fields(schema)
        if not fields:
            return self._schemas.plain(schema)
        if is_circular:
            return {"type": "object"}
        kept = [one for one in fields if one in required or (depth < _RICH and self._is_scalar(fields[one]))]
        properties = {one: self.of(fields[one], depth + 1, through) for one in kept}
        return {"type": "object", "required": kept, "properties": properties}

    def _cost(self, branch: Any, through: tuple[str, ...]) -> tuple[bool, bool, bool]:
        """Which alternative to take: a thing before what only clears it, scalars before objects, nothing twice."""
        options = self._schemas.resolved(branch).get("enum")
        return options == [""], self._schemas.name(branch) in through, not self._is_scalar(branch)

    def _is_scalar(self, schema: Any) -> bool:
        kinds = self._schemas.types(schema)
        return bool(kinds) and kinds <= _SCALARS

    def _may_be_null(self, schema: Any) -> bool:
        """Whether null fits a schema."""
        resolved = self._schemas.resolved(schema)
        kinds = resolved.get("type")
        return resolved.get("nullable") is True or (isinstance(kinds, list) and "null" in kinds)
