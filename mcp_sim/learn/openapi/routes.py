"""Where an operation stands on the REST face, and where its arguments stand in a request."""

from __future__ import annotations

from typing import Any

from mcp_sim.learn.openapi.errors import invalid, wording
from mcp_sim.learn.openapi.operations import Operation
from mcp_sim.learn.openapi.schemas import Schemas


def route(schemas: Schemas, operation: Operation) -> dict[str, Any]:
    """The `http` of an effect."""
    found: dict[str, Any] = {"method": operation.method, "path": operation.route, "status": operation.status}
    has_body = bool(operation.of("body"))
    is_plain = operation.method in ("POST", "PUT", "PATCH")
    if has_body and (operation.is_form or not is_plain):
        found["body"] = "form" if operation.is_form else "json"
    if has_body or is_plain:
        found["query"] = [one.name for one in operation.arguments if one.place == "query"]
    found["names"] = {
        one.name: one.field for one in operation.arguments if one.place != "path" and one.field != one.name
    }
    found["error"] = wording(schemas, operation)
    status = invalid(operation)
    found["invalid"] = status if status != 400 else None
    return {name: value for name, value in found.items() if value not in (None, [], {})}
