"""Declared arguments that a service took otherwise: the schema gives way there, and nowhere else."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from mcp_sim.learn.forms import json_kind
from mcp_sim.learn.openapi.api import Api
from mcp_sim.learn.openapi.recorded.history import Example
from schemas.validate import Fault, validator

_ROUNDS = 20
_DEEP = 3
"""How far inside of the arguments a part stands that other tools may share: a whole argument is their own."""
_Opening = tuple[Any, Any]


def open_inputs(api: Api, examples: dict[str, list[Example]]) -> None:
    """Let every tool take what its service took, of it or of others with the same part in their arguments."""
    found: list[_Opening] = []
    for tool, of in examples.items():
        for example in of:
            if example.call.is_error or validator(api.tools[tool]["input"]).holds(example.arguments):
                continue
            api.tools[tool]["input"] = opened(api.tools[tool]["input"], example.arguments, found)
            api.note(f"/tools/{tool}/input", 0.9, "the service took what the spec does not allow")
    if found:
        for one in api.tools.values():
            one["input"] = {**one["input"], "properties": _with(found, one["input"].get("properties", {}))}


def opened(schema: dict[str, Any], value: dict[str, Any], found: list[_Opening] | None = None) -> dict[str, Any]:
    """A schema that takes a value as well: what it says elsewhere stays. `found` takes in what gave way."""
    schema = deepcopy(schema)
    for _ in range(_ROUNDS):
        faults = validator(schema).faults(value)
        for fault in faults:
            opening = _give_way(schema, fault, value)
            if found is not None and len(fault.rule) > _DEEP:
                found.append(opening)
        if not faults:
            return schema
    return {"type": "object"}


def _give_way(schema: dict[str, Any], fault: Fault, value: Any) -> _Opening:
    """Take the broken rule away, or let it allow what was seen; gives the part before and after."""
    *path, keyword = fault.rule
    part: Any = schema
    for name in path:
        part = part[name]
    before, seen = deepcopy(part), _at(value, fault.pointer)
    match keyword:
        case "required":
            part["required"] = [name for name in part["required"] if name in seen]
        case "type":
            kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
            part["type"] = [*kinds, json_kind(seen)]
        case _:  # one value outside of a list or a range says that there are more
            del part[keyword]
    return before, deepcopy(part)


def _with(found: list[_Opening], schema: Any) -> Any:
    """A schema with every part that gave way elsewhere as it is there."""
    for before, after in found:
        if schema == before:
            return after
    if isinstance(schema, dict):
        return {name: _with(found, part) for name, part in schema.items()}
    return [_with(found, part) for part in schema] if isinstance(schema, list) else schema


def _at(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value[int(name) if isinstance(value, list) else name]
    return value
