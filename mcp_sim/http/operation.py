"""A tool as HTTP sees it: a method of a path, with arguments in the path, and in the query string or the body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

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
        in_query: those in the query string, by the name that they have there.
        in_body: those in the body, likewise.
        whole: the argument that is the whole body.
    """

    tool: Tool
    effect: Effect
    http: Http
    schema: Schema
    in_path: dict[str, Schema]
    in_query: dict[str, Schema]
    in_body: dict[str, Schema]
    whole: str | None = None

    @property
    def has_body(self) -> bool:
        """Whether arguments are sent in a body."""
        return takes_body(self.http)

    @property
    def takes_forms(self) -> bool:
        """Whether a body may be a form."""
        return self.http.body == "form"

    @property
    def is_lenient(self) -> bool:
        """Whether it stands for that of another service, which drops what no text can hold."""
        return self.takes_forms or self.http.error is not None

    def argument(self, name: str) -> str:
        """The argument that a request calls so."""
        return self._arguments.get(name, name)

    def is_required(self, name: str) -> bool:
        """Whether what a request calls so must be there."""
        declared = self.schema.get("required")
        return isinstance(declared, list) and self.argument(name) in declared

    @cached_property
    def _arguments(self) -> dict[str, str]:
        return {there: name for name, there in self.http.names.items()}


def takes_body(http: Http) -> bool:
    """Whether arguments are sent in a body."""
    return http.body is not None or http.method in ("POST", "PUT", "PATCH")


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
    in_query: dict[str, Schema] = {}
    in_body: dict[str, Schema] = {}
    for name, part in properties.items():
        if name not in names and http.names.get(name) != "":
            place = in_body if takes_body(http) and name not in http.query else in_query
            place[http.names.get(name, name)] = part
    return Operation(
        tool=tool,
        effect=effect,
        http=http,
        schema=schema,
        in_path={name: properties.get(name, {}) for name in names},
        in_query=in_query,
        in_body=in_body,
        whole=next((name for name, there in http.names.items() if there == "" and name in properties), None),
    )
