"""JSON Schema validation with errors that tell a caller what to send instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from schemas.canonical import canonical

SHOWN = 5
"""How many errors one message lists."""


class SchemaError(ValueError):
    """A JSON Schema that cannot be compiled."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a value breaks its schema.

    Attributes:
        pointer: JSON Pointer into the value.
        message: what to do about it.
        rule: where the keyword that is broken stands in the schema.
    """

    pointer: str
    message: str
    rule: tuple[str | int, ...] = ()


class Validator:
    """A compiled JSON Schema (2020-12 unless `$schema` says otherwise). Remote references are never fetched."""

    __slots__ = ("_compiled", "_properties")

    def __init__(self, schema: dict[str, Any]) -> None:
        try:
            self._compiled = jsonschema_rs.validator_for(schema, validate_formats=True, retriever=_refuse)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise SchemaError(str(error).splitlines()[0]) from None
        properties = schema.get("properties")
        self._properties = tuple(properties) if isinstance(properties, dict) else ()

    def holds(self, value: Any) -> bool:
        """Whether the value obeys the schema."""
        return bool(self._compiled.is_valid(value))

    def faults(self, value: Any) -> list[Fault]:
        """Every way in which the value breaks the schema, at most `SHOWN`."""
        found: list[Fault] = []
        for error in self._compiled.iter_errors(value):
            rule = tuple(error.schema_path)
            found.append(Fault(pointer(error.instance_path), self._message(error), rule))
            if len(found) == SHOWN:
                break
        return found

    def _message(self, error: jsonschema_rs.ValidationError) -> str:
        kind = error.kind.as_dict()
        match error.kind.name:
            case "additionalProperties":
                return "; ".join(_unknown(name, self._properties) for name in kind["unexpected"][:SHOWN])
            case "required":
                return f"'{kind['property']}' is required"
            case "enum":
                allowed = ", ".join(_short(option) for option in kind["options"][:20])
                return f"must be one of {allowed} (got {_short(error.instance)})"
            case "type":
                return f"must be of type {' or '.join(kind['types'])} (got {_short(error.instance)})"
            case _:
                return str(error.message) if len(str(error.message)) <= 300 else f"{str(error.message)[:300]}…"


def pointer(path: Iterable[str | int]) -> str:
    """A JSON Pointer (RFC 6901) from its parts."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def nearest(name: str, names: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for the nearest valid name, or nothing."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


@lru_cache(maxsize=4096)
def _compiled(schema: bytes) -> Validator:
    return Validator(orjson.loads(schema))


def validator(schema: dict[str, Any]) -> Validator:
    """The compiled form of a schema; equal schemas share one.

    Raises:
        SchemaError: not a valid JSON Schema.
    """
    return _compiled(canonical(schema))


def part_validator(part: Any, whole: dict[str, Any]) -> Validator:
    """The compiled form of a schema that stands inside another, and may refer to its `$defs`."""
    if not isinstance(part, dict):
        return validator({} if part else {"not": {}})
    return validator({**part, "$defs": whole["$defs"]} if "$defs" in whole else part)


def _unknown(name: str, known: tuple[str, ...]) -> str:
    return f"'{name}' is not known{nearest(name, known)}; known: {', '.join(known) or 'none'}"


def _short(value: Any) -> str:
    text = orjson.dumps(value, default=repr).decode()
    return text if len(text) <= 60 else f"{text[:57]}…"


def _refuse(uri: str) -> Any:
    raise ValueError(f"remote $ref '{uri}' is never fetched; put the schema under $defs")
