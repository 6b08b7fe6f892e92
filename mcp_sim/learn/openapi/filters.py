"""Arguments of lists that are more than equality: ranges, and cursors that are keys."""

from __future__ import annotations

import re
from typing import Any

from mcp_sim.learn.openapi.operations import Argument
from mcp_sim.learn.openapi.schemas import Schemas

_BOUNDS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def condition(schemas: Schemas, one: Argument, source: str, key: str, row: dict[str, Any]) -> str | None:
    """The condition over `row` that an argument of a list means; None where it is none of these."""
    bounds = [name for name in _BOUNDS if name in schemas.fields(one.schema)[0]]
    if one.field in row and bounds:
        field = f"at(row, {one.field!r})"
        ranges = [
            f"(at({source}, {name!r}) is None or {field} {_BOUNDS[name]} at({source}, {name!r}))" for name in bounds
        ]
        given = " or ".join(f"at({source}, {name!r}) is not None" for name in bounds)
        inside = f"{field} is not None and ({given}) and {' and '.join(ranges)}"
        return f"({source} is None or {source} == {field} or ({inside}))"
    told = f"{one.description} {schemas.resolved(one.schema).get('description') or ''}"
    side = re.search(r"after|before", one.field)
    if side is not None and re.search(r"\bcursor\b", told) and re.search(r"\bID\b", told):
        sign = ">" if side[0] == "after" else "<"
        return f"({source} is None or str(row[{key!r}]) {sign} str({source}))"
    return None
