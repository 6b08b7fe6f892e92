"""The OpenAPI 3.1 document of a world's REST face."""

from __future__ import annotations

from typing import Any

from mcp_sim import __version__
from mcp_sim.http.components import AT, JSON, Components
from mcp_sim.http.inputs import inputs
from mcp_sim.http.links import links
from mcp_sim.http.operation import Operation, operations
from mcp_sim.http.outcomes import refusals
from schemas.types import World


def document(world: World, *, secured: bool = False) -> dict[str, Any]:
    """The document, complete but for its `servers`.

    Args:
        world: whose tools it describes.
        secured: whether a bearer token is wanted.
    """
    components = Components(world)
    known = list(operations(world))
    paths: dict[str, dict[str, Any]] = {}
    for operation in known:
        described = _operation(operation, components)
        followers = links(world, operation, known)
        if followers:
            described["responses"][str(operation.http.status)]["links"] = followers
        paths.setdefault(operation.http.path, {})[operation.http.method.lower()] = described
    return sealed(
        {
            "openapi": "3.1.0",
            "info": {"title": world.title or world.name, "version": __version__, "description": world.description},
            "paths": paths,
            "components": {"schemas": components.schemas},
        },
        secured=secured,
    )


def sealed(document: dict[str, Any], *, secured: bool) -> dict[str, Any]:
    """The document, with the token that every operation wants, if any."""
    if secured:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"]["401"] = refusal("The token is missing or wrong.")
    return document


def refusal(description: str) -> dict[str, Any]:
    """An error response."""
    return {"description": description, "content": {JSON: {"schema": {"$ref": f"{AT}Error"}}}}


def _operation(operation: Operation, components: Components) -> dict[str, Any]:
    tool = operation.tool
    described: dict[str, Any] = {
        "operationId": tool.name,
        "summary": tool.title or tool.name,
        "description": tool.description,
        **inputs(operation, components),
        "responses": {str(operation.http.status): _success(operation, components)},
    }
    for status, texts in sorted(refusals(operation).items()):
        described["responses"][str(status)] = refusal(" · ".join(texts))
    return described


def _success(operation: Operation, components: Components) -> dict[str, Any]:
    described: dict[str, Any] = {"description": operation.tool.title or "Done."}
    if operation.http.status == 204:
        return described
    if operation.effect.is_text:
        return {**described, "content": {"text/plain": {"schema": {"type": "string"}}}}
    schema = operation.tool.output_schema or {}
    return {
        **described,
        "content": {JSON: {"schema": components.shared(schema, schema, f"{operation.tool.name}_output")}},
    }
