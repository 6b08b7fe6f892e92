"""Declared rows that recorded traffic contradicts, loosened where it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mcp_sim.learn.openapi.api import Api
from mcp_sim.learn.openapi.recorded.history import Example
from schemas.rows import key_text, values_at
from schemas.types import Row
from schemas.validate import validator

_ROUNDS = 20


def loosen_rows(api: Api, rows: Iterable[tuple[str, Row]]) -> None:
    """Let every entity hold what its rows were seen to hold."""
    for entity, row in rows:
        schema = api.entities[entity]["schema"]
        key = api.entities[entity]["key"]
        given = {**row, key: key_text(row[key])} if schema["properties"][key].get("type") == "string" else row
        if _loosened(schema, given, keep=key):
            api.note(f"/entities/{entity}/schema", 0.9, "rows were seen that the spec does not allow")


def release_references(api: Api, trajectories: Iterable[list[tuple[str, Row]]]) -> None:
    """Let go of references to rows that no answer showed before: not all of them are tracked."""
    for rows in trajectories:
        seen: dict[str, set[str]] = {}
        for entity, row in rows:
            one = api.entities[entity]
            seen.setdefault(entity, set()).add(key_text(row[one["key"]]))
            for path, reference in list(one["references"].items()):
                values = [value for _, value in values_at(row, path) if value is not None]
                if any(key_text(value) not in seen.get(reference["to"], ()) for value in values):
                    del one["references"][path]
                    why = f"rows name a {reference['to']} that no answer shows before"
                    api.note(f"/entities/{entity}/references/{path}", 0.3, why)


def _loosened(schema: dict[str, Any], value: dict[str, Any], keep: str = "") -> bool:
    """Take away what keeps a value from fitting; gives whether anything did."""
    changed = False
    for _ in range(_ROUNDS):
        faults = list(validator(schema).faults(value))
        if not faults:
            return changed
        changed = True
        names = list(dict.fromkeys(_first(fault.pointer) for fault in faults))
        if any(not name for name in names) or not schema.get("properties"):
            schema["required"] = [name for name in schema.get("required", ()) if name in value]
            schema.pop("additionalProperties", None)
            names = [name for name in names if name]
        for name in names:
            part = schema["properties"].get(name)
            if name != keep:
                told = part.get("description") if isinstance(part, dict) else None
                schema["properties"][name] = {"description": told} if told else {}
            else:
                schema["properties"][name] = {"type": "integer" if isinstance(value[name], int) else "string"}
    return changed


def _first(pointer: str) -> str:
    return pointer.strip("/").split("/")[0].replace("~1", "/").replace("~0", "~")


def rows_of(api: Api, example: Example) -> Iterator[tuple[str, Row]]:
    """(entity, row) for every row that stands where the answer of its tool has them."""
    plan = api.plans.get(example.call.tool)
    if plan is None or plan.entity is None or plan.path is None or example.call.is_error:
        return
    if plan.entity not in api.entities:
        return
    key = api.entities[plan.entity]["key"]
    value = example.body
    for name in plan.path:
        value = value.get(name) if isinstance(value, dict) else None
    for row in value if isinstance(value, list) and plan.many else [value]:
        if isinstance(row, dict) and isinstance(row.get(key), str | int) and not isinstance(row[key], bool):
            yield plan.entity, row
