"""The expressions of an effect: do they parse, and is every name in them there when they run?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from schemas.document import Finding, Pointer
from schemas.effects import (
    Append,
    Compute,
    Create,
    Definition,
    Delete,
    Edit,
    Effect,
    ForEach,
    Imagine,
    Link,
    List,
    Read,
    Require,
    Unlink,
    Update,
)
from schemas.expressions import FUNCTIONS, Expression, ExpressionError, Fields, expressions, parse, parse_template
from schemas.types import Pack, Tool
from schemas.validate import nearest

_ENTITY_FUNCTIONS = {"get", "find", "count", "referrers"}


class Scope:
    """The names that the expressions of one effect may use, step by step."""

    def __init__(self, pack: Pack, tool: Tool) -> None:
        self._entities = pack.entities
        properties = tool.input_schema.get("properties")
        self._arguments = properties if isinstance(properties, dict) else {}
        self._names = {"args", "now"}
        self._rows: dict[str, str] = {}

    def check(self, effect: Effect, at: Pointer) -> Iterator[Finding]:
        """Every error of the effect, which stands at a pointer into the pack."""
        yield from self._steps(effect.steps, (*at, "steps"))
        yield from self._template(effect.returns, (*at, "returns"))
        if effect.text is not None:
            yield from self._template(effect.text, (*at, "text"))
        if effect.http:
            for name in re.findall(r"{(\w+)}", effect.http.path):
                if name not in self._arguments:
                    message = f"'{{{name}}}' is not an argument of the tool{nearest(name, self._arguments)}"
                    yield Finding((*at, "http", "path"), message)
            for name in (*effect.http.query, *effect.http.names):
                if name not in self._arguments:
                    message = f"'{name}' is not an argument of the tool{nearest(name, self._arguments)}"
                    yield Finding((*at, "http"), message)
            self._names |= {"message", "status"}
            yield from self._template(effect.http.error, (*at, "http", "error"))

    def _steps(self, steps: list[Any], at: Pointer) -> Iterator[Finding]:
        for index, step in enumerate(steps):
            yield from self._step(step, (*at, index))

    def _step(self, step: Any, at: Pointer) -> Iterator[Finding]:
        if step.when is not None:
            yield from self._expression(step.when, (*at, "when"))
        match step:
            case Require():
                yield from self._expression(step.require, (*at, "require"))
                yield from self._template(step.error, (*at, "error"))
            case ForEach():
                yield from self._expression(step.for_each, (*at, "for_each"))
                self._names.add(step.as_)
                yield from self._steps(step.steps, (*at, "steps"))
            case Compute():
                for name, value in step.compute.items():
                    yield from self._template(value, (*at, "compute", name))
                    self._names.add(name)
            case Imagine():
                yield from self._template(step.about, (*at, "about"))
                self._names.add(step.imagine)
            case _:
                yield from self._row_step(step, at)

    def _row_step(self, step: Definition, at: Pointer) -> Iterator[Finding]:
        verb = type(step).__name__.lower()
        name = getattr(step, verb)
        if name not in self._entities:
            yield Finding((*at, verb), f"no entity '{name}'{nearest(name, self._entities)}")
            return
        properties = self._entities[name].properties
        for field in ("key", "to", "limit", "offset", "cursor"):
            if (source := getattr(step, field, None)) is not None:
                yield from self._expression(source, (*at, field))
        for field in ("missing", "values", "set", "value", "sort"):
            if (template := getattr(step, field, None)) is not None:
                extra = {"item"} if isinstance(step, Edit) else set()
                yield from self._template(template, (*at, field), extra)
        if isinstance(step, Delete) and step.restricted is not None:
            yield from self._template(step.restricted, (*at, "restricted"), {"blocker", "count"})
        if isinstance(step, Read) and (step.key is None) == (not step.match):
            yield Finding(at, "read takes either `key` or `match`")
        if isinstance(step, Read | List):
            for field, template in step.match.items():
                yield from self._field(field, properties, (*at, "match", field))
                yield from self._template(template, (*at, "match", field))
        if isinstance(step, List):
            if step.where is not None:
                yield from self._expression(step.where, (*at, "where"), {"row"})
            if step.search is not None:
                yield from self._expression(step.search.text, (*at, "search", "text"))
                for field in step.search.fields:
                    yield from self._field(field, properties, (*at, "search", "fields"))
            sorts = step.sort if isinstance(step.sort, list) else [step.sort]
            for by in sorts:
                if isinstance(by, str) and "{" not in by:
                    yield from self._field(by.removeprefix("-"), properties, (*at, "sort"))
        if isinstance(step, Create | Update):
            word = "values" if isinstance(step, Create) else "set"
            yield from self._written(getattr(step, word), properties, (*at, word))
        if isinstance(step, Link | Unlink | Append | Edit):
            yield from self._field(step.field, properties, (*at, "field"))
        if isinstance(step, Edit):
            yield from self._expression(step.where, (*at, "where"), {"item"})
            if step.remove == (step.set is not None):
                yield Finding(at, "edit takes either `set` or `remove: true`")
        if not isinstance(step, Delete):
            alias = getattr(step, "as_", None)
            self._names.add(alias or (f"{name}s" if isinstance(step, List) else name))

    def _written(self, template: Any, properties: dict[str, Any], at: Pointer) -> Iterator[Finding]:
        for field in template if isinstance(template, dict) else ():
            yield from self._field(field, properties, (*at, field))
        if not isinstance(template, dict):
            try:
                whole = not isinstance(parse_template(template), Fields) and expressions(parse_template(template))
            except ExpressionError:
                return
            if not whole:
                yield Finding(at, "give an object of fields, or one {expression} that is an object")

    def _field(self, path: str, properties: dict[str, Any], at: Pointer) -> Iterator[Finding]:
        first = path.partition(".")[0]
        if first not in properties:
            yield Finding(at, f"'{first}' is not a field{nearest(first, properties)}; fields: {', '.join(properties)}")

    def _template(self, template: Any, at: Pointer, extra: Iterable[str] = ()) -> Iterator[Finding]:
        try:
            found = expressions(parse_template(template))
        except ExpressionError as error:
            yield Finding(at, str(error))
            return
        for expression in found:
            yield from self._names_of(expression, at, set(extra))

    def _expression(self, source: str, at: Pointer, extra: Iterable[str] = ()) -> Iterator[Finding]:
        try:
            expression = parse(source)
        except ExpressionError as error:
            yield Finding(at, str(error))
            return
        yield from self._names_of(expression, at, set(extra))

    def _names_of(self, expression: Expression, at: Pointer, extra: set[str]) -> Iterator[Finding]:
        known = self._names | extra
        for name in sorted(expression.names - known):
            yield Finding(at, f"`{expression.source}`: no name '{name}' here{nearest(name, known)}")
        for name, field in sorted(expression.fields):
            if name == "args" and field not in self._arguments:
                message = f"`{expression.source}`: no argument '{field}'{nearest(field, self._arguments)}"
                yield Finding(at, message)
        for function, first, keywords in expression.calls:
            if function not in FUNCTIONS:
                yield Finding(at, f"`{expression.source}`: no function '{function}'{nearest(function, FUNCTIONS)}")
            elif function in _ENTITY_FUNCTIONS and isinstance(first, str):
                if first not in self._entities:
                    message = f"`{expression.source}`: no entity '{first}'{nearest(first, self._entities)}"
                    yield Finding(at, message)
                elif function in {"find", "count"}:
                    for keyword in keywords:
                        yield from self._field(keyword, self._entities[first].properties, at)
