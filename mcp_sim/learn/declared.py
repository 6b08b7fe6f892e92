"""What a service declares of a tool, kept as far as the service itself keeps to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_sim.learn.forms import form_of
from mcp_sim.learn.history import answer_of
from schemas.recorded import RecordedCall, as_declared
from schemas.validate import SchemaError, Validator, part_validator, validator

Schema = dict[str, Any]
_ROOT = ("type", "properties", "required", "additionalProperties", "$defs", "definitions", "description", "title")


def input_of(declared: Mapping[str, Any] | None, calls: list[RecordedCall]) -> tuple[Schema, list[str]]:
    """The input schema of a tool that takes every recorded call, and what had to be loosened for that.

    A service that answers a call which its schema forbids answers it by itself, and so does its twin.
    """
    shown = dict.fromkeys(name for call in calls for name in call.arguments)
    if declared is None:
        return {"type": "object", "properties": {name: {} for name in shown}}, []
    schema: Schema = dict(declared)
    properties = schema.get("properties")
    properties = dict(properties) if isinstance(properties, dict) else {}
    unknown = [name for name in shown if name not in properties]
    asked = [as_declared(call.arguments, schema) if call.status is not None else call.arguments for call in calls]
    if _all_hold(validator(schema), asked):
        return schema | ({"properties": {**properties, **{name: {} for name in unknown}}} if unknown else {}), []
    told: list[str] = []
    for name, part in properties.items():
        given = [arguments[name] for arguments in asked if name in arguments]
        if given and not _all_hold(part_validator(part, schema), given):
            properties[name] = _said(part)
            told.append(f"'{name}' takes what its schema forbids")
    required = schema.get("required")
    required = required if isinstance(required, list) else []
    always = [name for name in required if all(name in arguments for arguments in asked)]
    told += [f"'{name}' is not required" for name in required if name not in always]
    if schema.get("additionalProperties") is False:
        told += [f"'{name}' is taken as well" for name in unknown]
    properties |= {name: {} for name in unknown}
    schema |= {"properties": properties, "required": always}
    if not _all_hold(validator(schema), asked):
        schema = {word: schema[word] for word in _ROOT if word in schema} | {"additionalProperties": True}
        told.append("conditions on several arguments do not hold")
    return schema, told


def output_of(declared: Mapping[str, Any] | None, calls: list[RecordedCall]) -> tuple[Schema | None, list[str]]:
    """The output schema of a tool where all its recorded answers keep to it, and what had to be left out."""
    if declared is None:
        return None, []
    answers = [answer_of(call) for call in calls if not call.is_error]
    try:
        wrong = sum(not validator(dict(declared)).holds(answer) for answer in answers)
    except SchemaError:
        return None, []
    if not wrong:
        return dict(declared), []
    return None, [f"{wrong:,} of {len(answers):,} answers do not fit the declared output schema, which is left out"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A tool as it stands in a pack.

    Attributes:
        declared: what is said of it, without an effect that was learned.
        made_up: the same, with how its answers are made up as long as nothing is known of them.
        told: what its declaration is wrong about.
    """

    declared: dict[str, Any]
    made_up: dict[str, Any]
    told: list[str]


def entry_of(name: str, declared: Mapping[str, Any] | None, calls: list[RecordedCall]) -> Entry:
    """A tool by what is declared of it, as it stands in a pack, if anything, and by its recorded calls."""
    given = dict(declared or {})
    inputs, told = input_of(given.get("input"), calls)
    output, wrong = output_of(given.get("output"), calls)
    entry = {**given, "input": inputs}
    entry.pop("output", None)
    entry |= {} if output is None else {"output": output}
    answers = {} if output is not None or "effect" in given else _made_up(name, given, calls)
    return Entry(entry, {**entry, **answers}, [f"{name}: {what}" for what in (*told, *wrong)])


def _made_up(name: str, declared: Mapping[str, Any], calls: list[RecordedCall]) -> dict[str, Any]:
    """How a tool answers whose answers are not declared: in the form of those that were recorded, else with a text."""
    answers = [answer_of(call) for call in calls if not call.is_error]
    if answers and not any(isinstance(answer, str) for answer in answers):
        return {"output": form_of(answers)}
    about = f"the answer of {name}: {declared.get('description', '')}"[:600].replace("{", "{{").replace("}", "}}")
    step = {"imagine": "answer", "schema": {"type": "string"}, "about": about}
    return {"effect": {"steps": [step], "text": "{answer}", "confidence": 0.0}}


def _all_hold(schema: Validator, values: Iterable[Any]) -> bool:
    return all(schema.holds(value) for value in values)


def _said(part: Any) -> Schema:
    """What a schema says for people."""
    return {w: part[w] for w in ("title", "description") if w in part} if isinstance(part, Mapping) else {}
