"""A tool as HTTP sees it: a method of a path, with arguments in the path, and in the query string or the body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jsonschema_rs import dereference

from mcp_sim.http.components import Schema, refers_inward
from schemas.effects import Effect, Http
from schemas.types import Tool, World


@dataclass(frozen=True)
class Operation:
    """One tool of the REST face.

    Attributes:
        tool: the tool.
        effect: what it does.
        http: where it stands.
        schema: its input schema, references resolved as far as they end.
        in_path: the arguments that the path holds, each with its JSON Schema.
        others: the arguments in the query string or the body.
    """

    tool: Tool
    effect: Effect
    http: Http
    schema: Schema
    in_path: dict[str, Schema]
    others: dict[str, Schema]

    @property
    def has_body(self) -> bool:
        """Whether `others` are sent as a JSON body."""
        return self.http.method in ("POST", "PUT", "PATCH")

    @property
    def required(self) -> list[str]:
        """Those of `others` that must be there."""
        declared = self.schema.get("required")
        return [name for name in self.others if isinstance(declared, list) and name in declared]


def is_routed(world: World) -> bool:
    """Whether a world has a REST face at all."""
    return any(tool.effect is not None and tool.effect.http is not None for tool in world.tools.values())


def operations(world: World) -> Iterator[Operation]:
    """The tools of a world that stand on the REST face."""
    for tool in world.tools.values():
        if tool.effect is not None and tool.effect.http is not None:
            yield _operation(tool, tool.effect, tool.effect.http)


def _operation(tool: Tool, effect: Effect, http: Http) -> Operation:
    schema: Schema = tool.input_schema
    if refers_inward(schema):
        schema = dereference(schema, offline=True)
    properties = schema.get("properties", {})
    names = re.findall(r"{(\w+)}", http.path)
    return Operation(
        tool=tool,
        effect=effect,
        http=http,
        schema=schema,
        in_path={name: properties.get(name, {}) for name in names},
        others={name: part for name, part in properties.items() if name not in names},
    )
