"""Which operation can follow which: the row that one makes is what another asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_sim.http.components import Schema
from mcp_sim.http.operation import Operation
from schemas.effects import Create, walk
from schemas.marks import MARK, ROW_MARK
from schemas.types import World


def links(world: World, producer: Operation, consumers: list[Operation]) -> dict[str, Any]:
    """The OpenAPI links of a successful answer, by the operation that they lead to."""
    made = {step.create for step in walk(producer.effect.steps) if isinstance(step, Create)}
    keys = {entity: pointer for entity, pointer in _keys(world, producer.tool.output_schema) if entity in made}
    found = {consumer.tool.name: _link(consumer, keys) for consumer in consumers if consumer is not producer}
    return {name: link for name, link in found.items() if link is not None}


def _keys(world: World, schema: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """The keys of rows in an answer, as (entity, JSON Pointer). A list may be empty, so nothing in it counts."""
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties")
    for name, part in properties.items() if isinstance(properties, dict) else ():
        entity = part.get(MARK) if isinstance(part, dict) else None
        if entity in world.entities and world.entities[entity].key == name and schema.get(ROW_MARK, entity) == entity:
            yield entity, f"{pointer}/{name}"
        if ROW_MARK not in schema:
            yield from _keys(world, part, f"{pointer}/{name}")


def _link(consumer: Operation, keys: dict[str, str]) -> dict[str, Any] | None:
    """The link to a consumer, through those of its arguments that want one of these keys; None when there are none."""
    free = dict(keys)
    in_path = _filled(consumer.in_path, free)
    in_query, in_body = _filled(consumer.in_query, free), _filled(consumer.in_body, free)
    if not in_path and not in_query and not in_body:
        return None
    parameters = {f"path.{name}": value for name, value in in_path.items()}
    parameters |= {f"query.{name}": value for name, value in in_query.items()}
    body = {"requestBody": in_body} if in_body else {}
    return {"operationId": consumer.tool.name, "parameters": parameters, **body}


def _filled(arguments: dict[str, Schema], free: dict[str, str]) -> dict[str, str]:
    """The arguments that a key in `free` can fill; each key fills one."""
    return {
        name: f"$response.body#{free.pop(schema[MARK])}"
        for name, schema in arguments.items()
        if isinstance(schema, dict) and schema.get(MARK) in free
    }
