"""The tools of a world as Python functions, their types and Google docstrings made from the JSON Schemas."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable, Mapping
from functools import reduce
from operator import or_
from typing import Any, Literal

from schemas.marks import MARK, at_pointer
from schemas.types import Tool
from schemas.validate import part_validator

Call = Callable[[str, dict[str, Any]], str]
"""Makes a call of a tool, by name and arguments, and gives the text of its answer."""

_DEPTH = 6
_SECTION = re.compile(r"\b(Args|Returns|Raises):")
_SCALARS = (str, int, float, bool, type(None))


class Signature:
    """How a tool is called in Python.

    Attributes:
        name: of the function; that of the tool, where Python allows it.
        parameters: those that are needed first.
        doc: the description, and every argument.
    """

    def __init__(self, tool: Tool, name: str) -> None:
        schema = tool.input_schema
        properties = _mapping(schema.get("properties"))
        required = schema.get("required")
        needed = {part for part in required if isinstance(part, str)} if isinstance(required, list) else set()
        self.tool = tool.name
        self.name = name
        self._arguments = names_for(properties)
        self._nullable = {
            argument for argument in properties if part_validator(properties[argument], schema).holds(None)
        }
        ordered = sorted(properties, key=lambda argument: argument not in needed)
        self._positions = [self._arguments[argument] for argument in ordered]
        self.parameters = [
            inspect.Parameter(
                self._arguments[argument],
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                annotation=hint(properties[argument], schema, is_needed=argument in needed),
                default=inspect.Parameter.empty if argument in needed else None,
            )
            for argument in ordered
        ]
        self.doc = _documentation(tool, [(self._arguments[one], properties[one]) for one in ordered])

    def arguments(self, values: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of the tool, as JSON has them; null where that cannot be meant is what was left out.

        Whatever else was given is passed on, for the service to object to.
        """
        given = {**dict(zip(self._positions, values, strict=False)), **named}
        given |= {f"argument {index + 1}": value for index, value in enumerate(values[len(self._positions) :])}
        original = {python: argument for argument, python in self._arguments.items()}
        found = {original.get(name, name): value for name, value in given.items()}
        known = set(self._arguments)
        return {
            name: value
            for name, value in found.items()
            if value is not None or name not in known or name in self._nullable
        }

    def function(self, call: Call) -> Callable[..., str]:
        """A function that makes the call."""

        def tool(*values: Any, **named: Any) -> str:
            return call(self.tool, self.arguments(values, named))

        return self._dressed(tool, self.parameters)

    def method(self, call: Callable[[Any, str, dict[str, Any]], str]) -> Callable[..., str]:
        """The same as a method of a class."""

        def tool(self_: Any, /, *values: Any, **named: Any) -> str:
            return call(self_, self.tool, self.arguments(values, named))

        return self._dressed(
            tool, [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD), *self.parameters]
        )

    def _dressed(self, function: Callable[..., str], parameters: list[inspect.Parameter]) -> Callable[..., str]:
        function.__name__ = function.__qualname__ = self.name
        function.__doc__ = self.doc
        typed = {one.name: one.annotation for one in parameters if one.annotation is not inspect.Parameter.empty}
        function.__annotations__ = {**typed, "return": str}
        function.__signature__ = inspect.Signature(parameters, return_annotation=str)  # type: ignore[attr-defined]  # what `inspect` reads
        return function


def signatures(tools: Mapping[str, Tool], taken: frozenset[str] = frozenset()) -> list[Signature]:
    """How each of these tools is called in Python; no function has one of the names that are `taken`."""
    names = names_for(tools, taken)
    return [Signature(tool, names[name]) for name, tool in tools.items()]


def names_for(given: Mapping[str, Any], taken: frozenset[str] = frozenset()) -> dict[str, str]:
    """For each name one that Python allows, all of them different."""
    found: dict[str, str] = {}
    used = set(taken) | {name for name in given if _is_free(name, taken)}
    for name in given:
        if _is_free(name, taken):
            found[name] = name
            continue
        fresh = re.sub(r"\W", "_", name).lstrip("_") or "tool"
        fresh = f"n{fresh}" if fresh[0].isdigit() else fresh
        while fresh in used or keyword.iskeyword(fresh):
            fresh += "_"
        found[name] = fresh
        used.add(fresh)
    return found


def _is_free(name: str, taken: frozenset[str]) -> bool:
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("_")
        and name not in taken | {"self"}
    )


def hint(schema: Any, whole: Any, *, is_needed: bool = True, depth: int = 0) -> Any:
    """The Python type for a JSON Schema; `Any` where there is none that says more."""
    found = _hint(_resolved(schema, whole), whole, depth)
    return found if is_needed or found is Any else found | None


def _hint(schema: dict[str, Any], whole: Any, depth: int) -> Any:
    if depth > _DEPTH:
        return Any
    if "const" in schema:
        return _literal([schema["const"]])
    if isinstance(schema.get("enum"), list):
        return _literal(schema["enum"])
    for word in ("anyOf", "oneOf"):
        if isinstance(schema.get(word), list):
            return _either([hint(part, whole, depth=depth + 1) for part in schema[word]])
    kind = schema.get("type")
    if isinstance(kind, list):
        return _either([_hint({**schema, "type": one}, whole, depth + 1) for one in kind])
    match kind:
        case "string":
            return str
        case "integer":
            return int
        case "number":
            return float
        case "boolean":
            return bool
        case "null":
            return None
        case "array":
            return list[hint(schema.get("items"), whole, depth=depth + 1)]  # type: ignore[misc]  # a type made at run time
        case "object":
            return dict[str, Any]
    return Any


def _literal(options: list[Any]) -> Any:
    if not options or not all(isinstance(option, _SCALARS) for option in options):
        return Any
    return Literal[tuple(options)]


def _either(hints: list[Any]) -> Any:
    if not hints or any(one is Any for one in hints):
        return Any
    return reduce(or_, [type(None) if one is None else one for one in hints])


def _resolved(schema: Any, whole: Any) -> dict[str, Any]:
    followed: set[str] = set()
    while isinstance(schema, dict) and isinstance(target := schema.get("$ref"), str) and target not in followed:
        followed.add(target)
        schema = at_pointer(whole, target[1:])
    return _mapping(schema)


def _documentation(tool: Tool, arguments: list[tuple[str, Any]]) -> str:
    lines = [_line(tool.description) or _line(tool.title or "") or f"Call {tool.name}."]
    if arguments:
        lines += ["", "Args:"]
        lines += [f"    {name}: {_described(name, _mapping(schema))}" for name, schema in arguments]
    return "\n".join([*lines, "", "Returns:", "    The answer of the service as JSON, or `error:` and what is wrong."])


def _described(name: str, schema: dict[str, Any]) -> str:
    """What an argument is, and what of its schema a type cannot say."""
    said = _line(str(schema.get("description", ""))).rstrip(".")
    more = [f"id of a {str(schema[MARK]).replace('_', ' ')}"] if MARK in schema else []
    words = {
        "minimum": "at least",
        "maximum": "at most",
        "exclusiveMinimum": "more than",
        "exclusiveMaximum": "less than",
    }
    more += [f"{words[word]} {schema[word]}" for word in words if word in schema]
    more += [f"{schema['format']}"] if isinstance(schema.get("format"), str) else []
    more += [f"default {schema['default']}"] if schema.get("default") is not None else []
    known = ", ".join(more)
    return f"{said or name.replace('_', ' ').capitalize()}{f' ({known})' if known else ''}."


def _line(text: str) -> str:
    """A text in one line that a reader of docstrings takes for no section."""
    return _SECTION.sub(r"\1 -", " ".join(text.split()))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
