"""The names in a contract: tools, arguments, entities, fields, and what expressions speak of."""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from schemas.contracts.patterns import Pair, Pattern, meant
from schemas.document import Finding, Pointer
from schemas.expressions import FUNCTIONS, Expression, ExpressionError, parse
from schemas.rows import schema_at
from schemas.types import Entity, Tool, World
from schemas.validate import nearest, part_validator

CALL = ("args", "observation", "text", "is_error", "status", "n", "at", "waited", "tool", "changes")
"""What a condition over a call may name."""

_OF_ROWS = frozenset({"get", "find", "count", "referrers"})
_BY_CHANCE = "random_int"


class Scope:
    """What the clauses of a contract may name in one world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def tools(self, pattern: Pattern) -> list[Tool]:
        """The tools that a pattern is for."""
        return [self.world.tools[name] for name in meant(pattern, self.world.tools)]

    def pattern(self, pattern: Pattern, at: Pointer) -> Iterator[Finding]:
        """What is wrong with a pattern of calls."""
        for name in pattern.tools:
            if not meant(Pattern(tool=name), self.world.tools):
                known = nearest(name, self.world.tools)
                yield Finding(
                    at, f"no tool '{name}'{known}" if name.isidentifier() else f"no tool fits '{name}'{known}"
                )
        tools = self.tools(pattern)
        for name, value in pattern.args.items() if tools else ():
            yield from self._argument(name, value, tools, (*at, "args", name))
        if pattern.where is not None:
            yield from self.over_call(pattern.where, tools, (*at, "where"))

    def over_call(self, source: str, tools: list[Tool], at: Pointer) -> Iterator[Finding]:
        """What is wrong with a condition over one call of these tools."""
        expression = yield from self._parsed(source, at, CALL)
        if expression is None:
            return
        yield from self._no_rows(expression, at)
        if not expression.names:
            yield Finding(at, f"`{source}` says the same of every call")
        for name, field in sorted(expression.fields):
            yield from self._part(source, name, field, tools, at)

    def over_pair(self, source: str, pair: Pair, at: Pointer) -> Iterator[Finding]:
        """What is wrong with a condition over a call a and a call b."""
        expression = yield from self._parsed(source, at, ("a", "b"))
        if expression is None:
            return
        yield from self._no_rows(expression, at)
        if expression.names < {"a", "b"}:
            only = next(iter(expression.names), None)
            hint = f"of {only} alone; put it into `where` of that pattern" if only else "the same of every two calls"
            yield Finding(at, f"`{source}` speaks {hint}" if only else f"`{source}` says {hint}")
        for name, field in sorted(expression.fields):
            if name in ("a", "b") and field not in CALL:
                message = f"`{source}`: a call has no '{field}'{nearest(field, CALL)}; it has {', '.join(CALL)}"
                yield Finding(at, message)
        for name, part, field in _deep(expression.node):
            if name in expression.names & {"a", "b"}:
                yield from self._part(source, part, field, self.tools(pair[name == "b"]), at)

    def over_rows(
        self, source: str, at: Pointer, names: Iterable[str] = (), entity: Entity | None = None
    ) -> Iterator[Finding]:
        """What is wrong with an expression over rows; `entity`: of the names `row` and `before`."""
        expression = yield from self._parsed(source, at, ("now", *names))
        if expression is None:
            return
        if not expression.names and not any(function in _OF_ROWS for function, _, _ in expression.calls):
            yield Finding(at, f"`{source}` depends on no row")
        for name, field in sorted(expression.fields):
            if entity is not None and name in ("row", "before") and field not in entity.properties:
                yield Finding(at, f"`{source}`: no field '{field}'{nearest(field, entity.properties)}")
        for function, first, keywords in expression.calls:
            if function not in _OF_ROWS or not isinstance(first, str):
                continue
            found = self.world.entities.get(first)
            if found is None:
                yield Finding(at, f"`{source}`: no entity '{first}'{nearest(first, self.world.entities)}")
                continue
            for keyword in keywords if function in ("find", "count") else ():
                if keyword.partition(".")[0] not in found.properties:
                    yield Finding(at, f"`{source}`: no field '{keyword}'{nearest(keyword, found.properties)}")

    def entity(self, name: str, at: Pointer) -> Iterator[Finding]:
        """Whether an entity is there."""
        if name not in self.world.entities:
            yield Finding(at, f"no entity '{name}'{nearest(name, self.world.entities)}")

    def values(self, entity: Entity, fields: dict[str, Any], at: Pointer) -> Iterator[Finding]:
        """What is wrong with fields and the values that they are to hold, or to contain."""
        for path, value in fields.items():
            part = schema_at(entity.row, path)
            whole = entity.properties.get(path)
            if part is None:
                yield from self.field(entity, path, (*at, path))
                continue
            allowed = [part_validator(schema, entity.row) for schema in (whole, part) if schema is not None]
            if not any(schema.holds(value) for schema in allowed):
                message = next((fault.message for schema in allowed for fault in schema.faults(value)), "")
                yield Finding((*at, path), f"'{path}' never holds this: {message}")

    def field(self, entity: Entity, path: str, at: Pointer) -> Iterator[Finding]:
        """Whether a field, or a path that starts with one, is there."""
        if schema_at(entity.row, path) is None and path not in entity.properties:
            known = ", ".join(entity.properties)
            yield Finding(at, f"'{path}' is not a field{nearest(path, entity.properties)}; fields: {known}")

    def _argument(self, name: str, value: Any, tools: list[Tool], at: Pointer) -> Iterator[Finding]:
        named = [(tool, properties_of(tool)[name]) for tool in tools if name in properties_of(tool)]
        if not named:
            known = sorted({found for tool in tools for found in properties_of(tool)})
            yield Finding(at, f"'{name}' is not an argument{nearest(name, known)}; arguments: {', '.join(known)}")
            return
        allowed = [part_validator(part, tool.input_schema) for tool, part in named]
        if not any(schema.holds(value) for schema in allowed):
            message = next((fault.message for schema in allowed for fault in schema.faults(value)), "")
            yield Finding(at, f"no call with this is ever accepted: {message}")

    def _part(self, source: str, name: str, field: str, tools: list[Tool], at: Pointer) -> Iterator[Finding]:
        """Whether `args.field` or `observation.field` may be there in a call of one of these tools."""
        if name == "args" and tools:
            known = {found for tool in tools for found in properties_of(tool)}
            if field not in known:
                yield Finding(at, f"`{source}`: no argument '{field}'{nearest(field, known)}")
        if name == "observation" and tools:
            shown = [_closed(tool.output_schema) for tool in tools]
            if None not in shown and not any(field in (part or ()) for part in shown):
                known = {found for part in shown for found in part or ()}
                yield Finding(at, f"`{source}`: no answer has a '{field}'{nearest(field, known)}")

    def _parsed(self, source: str, at: Pointer, names: Iterable[str]) -> Generator[Finding, None, Expression | None]:
        """The findings about an expression, which is what the generator returns."""
        try:
            expression = parse(source)
        except ExpressionError as error:
            yield Finding(at, str(error))
            return None
        known = tuple(names)
        for name in sorted(expression.names - set(known)):
            yield Finding(at, f"`{source}`: no name '{name}' here{nearest(name, known)}; there is {', '.join(known)}")
        for function, _, _ in expression.calls:
            if function not in FUNCTIONS:
                yield Finding(at, f"`{source}`: no function '{function}'{nearest(function, FUNCTIONS)}")
            elif function == _BY_CHANCE:
                yield Finding(at, f"`{source}`: a verdict leaves nothing to chance")
        return expression

    def _no_rows(self, expression: Expression, at: Pointer) -> Iterator[Finding]:
        for function, _, _ in expression.calls:
            if function in _OF_ROWS:
                message = f"`{expression.source}`: {function}() reads rows, which a condition over calls does not see; "
                yield Finding(at, message + "take `observation` or `changes`")


def properties_of(tool: Tool) -> dict[str, Any]:
    """The arguments of a tool, each with its JSON Schema."""
    properties = tool.input_schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _closed(schema: dict[str, Any] | None) -> set[str] | None:
    """The fields of an answer, if the schema leaves no others."""
    if schema is None or schema.get("additionalProperties") is not False:
        return None
    properties = schema.get("properties")
    return set(properties) if isinstance(properties, dict) else None


def _deep(node: ast.expr) -> Iterator[tuple[str, str, str]]:
    """(x, part, field) for every `x.part.field`."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Attribute):
            inner = part.value
            if isinstance(inner.value, ast.Name):
                yield inner.value.id, inner.attr, part.attr
