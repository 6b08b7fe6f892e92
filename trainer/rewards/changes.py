"""Proposed changes in one form: two proposals that come to the same are equal."""

from __future__ import annotations

from typing import Any

from schemas.canonical import canonical
from schemas.rows import is_key, key_text
from schemas.types import View, World
from trainer.naming import renamed


def settled(observation: Any, changes: list[Any], world: World, view: View) -> dict[str, Any]:
    """An observation and the changes to it: placeholders of new rows counted, and only what really changes kept.

    A new row goes without what is null; an updated one without what it held before, where that is in view.
    """
    kept = [_effective(change, view, world) for change in changes]
    kept.sort(key=lambda change: (_rank(change), canonical({**change, "row": _without_key(change, world)})))
    names: dict[str, str] = {}
    for change in kept:
        if change.get("op") == "create" and (key := _key(world, str(change.get("entity")), change.get("row"))):
            names.setdefault(key, f"(new {len(names) + 1})")
    return {"observation": renamed(observation, names), "changes": renamed(kept, names)}


def _effective(change: Any, view: View, world: World) -> dict[str, Any]:
    if not isinstance(change, dict) or not isinstance(change.get("row"), dict):
        return {"op": "", "row": change}
    entity, row = str(change.get("entity")), change["row"]
    if change.get("op") == "create":
        return {**change, "row": {name: value for name, value in row.items() if value is not None}}
    key = world.entities[entity].key if entity in world.entities else ""
    held = (view.get(entity, _key(world, entity, row)) if key else None) or {}
    if change.get("op") == "delete":
        return {**change, "row": {key: row.get(key)}}
    new = {name: value for name, value in row.items() if name == key or name not in held or held[name] != value}
    return {**change, "row": new}


def _key(world: World, entity: str, row: Any) -> str:
    """The key of a row as text; empty if it has none."""
    if entity not in world.entities or not isinstance(row, dict):
        return ""
    key = row.get(world.entities[entity].key)
    return key_text(key) if is_key(key) else ""


def _without_key(change: dict[str, Any], world: World) -> Any:
    """What a new row is sorted by: its placeholder is anybody's choice."""
    row, entity = change.get("row"), world.entities.get(str(change.get("entity")))
    if change.get("op") != "create" or entity is None or not isinstance(row, dict):
        return row
    return {name: value for name, value in row.items() if name != entity.key}


def _rank(change: dict[str, Any]) -> tuple[str, str]:
    return str(change.get("op")), str(change.get("entity"))
