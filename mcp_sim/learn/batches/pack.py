"""Programs over collections as entities and effects of a pack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from mcp_sim.learn.batches.answers import Form, Part
from mcp_sim.learn.batches.collections import Collection, Row
from mcp_sim.learn.batches.operations import KEY, Edit, Select
from mcp_sim.learn.batches.programs import Program
from mcp_sim.learn.sources import attribute, literal

_TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}


def entity_of(collection: Collection, rows: Iterable[Row]) -> dict[str, Any]:
    """A collection as an entity, whose keys count its rows in the order in which they came."""
    properties: dict[str, Any] = {KEY: {"type": "string"}}
    rows = list(rows)
    for name in collection.scalars:
        properties[name] = {"type": sorted({_TYPES[type(row[name])] for row in rows} | {"null"})}
    properties |= {name: {"type": "array"} for name in collection.lists}
    schema = {"type": "object", "required": [KEY], "properties": properties}
    return {"key": KEY, "id": "{n:010}", "schema": schema}


def effect_of(program: Program) -> dict[str, Any]:
    """A program as an effect, without its confidence."""
    steps: list[dict[str, Any]] = []
    names = {name: f"{name}_rows" for name in program.operations}
    late = []
    for name, operation in program.operations.items():
        if isinstance(operation, Select):
            if operation.of is not None:
                late.append((name, operation))
            else:
                steps += operation.steps(names[name], names)
        elif isinstance(operation, Edit):
            missing = _escaped(program.missing or "not found").replace(
                "{{}}", f"{{{attribute('each', operation.named)}}}"
            )
            steps += operation.steps(names[name], missing)
        else:
            steps += operation.steps(names[name])
    for name, operation in late:
        steps += operation.steps(names[name], names)
    effect: dict[str, Any] = {"steps": steps, "text": _text(program.text, names)}
    if program.json is not None:
        effect["returns"] = _json(program.json, names)
    return effect


def _json(form: Form, names: Mapping[str, str]) -> Any:
    if form.whole is not None:
        return _value(form.whole, names)
    return {name: _value(part, names) for name, part in form.members}


def _value(part: Part, names: Mapping[str, str]) -> Any:
    return f"{{{_source(part, names)}}}" if part.result else _constant(part.constant)


def _text(form: Form, names: Mapping[str, str]) -> str:
    if form.whole is not None and not form.whole.result:
        value = form.whole.constant
        return _escaped(value if isinstance(value, str) else orjson.dumps(value).decode())
    if form.whole is not None:
        return f"{{{_source(form.whole, names)}}}"
    members = ", ".join(
        f"{literal(name)}: {_source(part, names) if part.result else literal(part.constant)}"
        for name, part in form.members
    )
    return f"{{ {{{members}}} }}"


def _source(part: Part, names: Mapping[str, str]) -> str:
    if not part.names:
        return names[part.result]
    renamed = ", ".join(f"{literal(shown)}: {attribute('r', own)}" for shown, own in part.names)
    return f"[{{{renamed}}} for r in {names[part.result]}]"


def _constant(value: Any) -> Any:
    if isinstance(value, str):
        return _escaped(value)
    if isinstance(value, list):
        return [_constant(part) for part in value]
    if isinstance(value, dict):
        return {name: _constant(part) for name, part in value.items()}
    return value


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
