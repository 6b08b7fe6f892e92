"""How the errors of an operation look, as far as its spec declares them: one template, of a message and a status."""

from __future__ import annotations

from typing import Any

from mcp_sim.learn.openapi.operations import Operation
from mcp_sim.learn.openapi.schemas import Schemas
from mcp_sim.learn.openapi.words import words

_SAID = ("message", "msg", "detail", "details", "description", "reason", "title", "error", "errors", "text")
"""What messages are called, the surest name first; what leads to one comes last."""
_STATUS = {("status",), ("code",), ("status", "code"), ("http", "status"), ("error", "code"), ("statuscode",)}
_REQUESTS = ("invalid", "request", "bad", "client")
_DEEP = 4


def wording(schemas: Schemas, operation: Operation) -> Any:
    """The template of an error of an operation; None where it declares none that says anything."""
    for declared in operation.errors.values():
        if declared is not None and schemas.fields(declared)[0]:
            template, speaks = _template(schemas, declared, "", _DEEP)
            return template if speaks else None
    return None


def invalid(operation: Operation) -> int:
    """The status of an error where an argument is not valid."""
    return 422 if "422" in operation.errors and "400" not in operation.errors else 400


def _template(schemas: Schemas, schema: Any, name: str, depth: int) -> tuple[Any, bool]:
    """(template, whether it holds the message)."""
    kinds = schemas.types(schema)
    item = schemas.item(schema)
    spoken = words(name)
    if item is not None:
        inner, speaks = _template(schemas, item, name, depth - 1) if depth else (None, False)
        return ([inner], True) if speaks else ([], False)
    options = schemas.resolved(schema).get("enum")
    if isinstance(options, list) and options:
        return _likely(options), False
    if kinds == {"string"}:
        if set(spoken) & set(_SAID):
            return "{message}", True
        return ("{str(status)}" if spoken in _STATUS else ""), False
    if kinds and kinds <= {"integer", "number"}:
        return ("{status}" if spoken in _STATUS else 0), False
    if kinds == {"boolean"}:
        return False, False
    fields, required = schemas.fields(schema)
    speaker = _speaker(schemas, fields, depth)
    found: dict[str, Any] = {}
    for field, part in fields.items() if depth else ():
        if field == speaker or field in required or words(field) in _STATUS:
            inner, speaks = _template(schemas, part, field, depth - 1)
            if speaks == (field == speaker) or field in required:
                found[field] = inner
    return found, speaker is not None


def _speaker(schemas: Schemas, fields: dict[str, Any], depth: int) -> str | None:
    """The field that holds the message: a text by its name, else what leads to one."""
    spoken = {field: words(field)[-1:] for field in fields}
    for word in _SAID:
        for field, last in spoken.items():
            if last == (word,) and depth and _template(schemas, fields[field], field, depth - 1)[1]:
                return field
    return None


def _likely(options: list[Any]) -> Any:
    """What is said of a request that is not right."""
    texts = [option for option in options if isinstance(option, str)]
    return next((text for word in _REQUESTS for text in texts if word in text.lower()), options[0])
