"""Fields of a row that hold when something happened, and those that never hold anything else."""

from __future__ import annotations

import re
from typing import Any

from mcp_sim.learn.openapi.schemas import Schemas
from mcp_sim.learn.openapi.words import words

MADE = {"created", "create", "creation", "date_created"}
CHANGED = {"updated", "modified", "changed", "update"}
EPOCH = "{int(seconds_between('1970-01-01T00:00:00Z', now))}"


def moments(schemas: Schemas, fields: dict[str, Any], about: set[str]) -> dict[str, str]:
    """A template for every field that holds the time of an act, named after it: a text, or seconds since 1970."""
    found = {}
    for name, part in fields.items():
        if not set(words(name)) & about:
            continue
        told = schemas.resolved(part)
        if told.get("format") == "date-time":
            found[name] = "{now}"
        elif told.get("format") == "unix-time" or _is_epoch(schemas, part, str(told.get("description") or "")):
            found[name] = EPOCH
    return found


def constants(schemas: Schemas, fields: dict[str, Any]) -> dict[str, Any]:
    """What a field always holds: the only value that its schema allows."""
    found = {}
    for name, part in fields.items():
        schema = schemas.resolved(part)
        options = schema.get("enum")
        if "const" in schema:
            found[name] = schema["const"]
        elif isinstance(options, list) and len(options) == 1:
            found[name] = options[0]
    return {name: literal(value) for name, value in found.items()}


def literal(value: Any) -> Any:
    """A constant that a template takes as it is."""
    return value.replace("{", "{{").replace("}", "}}") if isinstance(value, str) else value


def _is_epoch(schemas: Schemas, part: Any, told: str) -> bool:
    return (
        schemas.types(part) == {"integer"}
        and re.search(r"\bseconds since\b|\bunix (?:epoch|time)", told, re.I) is not None
    )
