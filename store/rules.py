"""The fields that the index of a world knows. What must hold, the database reads out of the definition by itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import orjson

from schemas.effects import List, Read, walk
from schemas.types import World

CUT = 256
"""Characters of a filtered value that the index keeps; longer ones are told apart by the row itself."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A field, or a path through objects and lists, by which rows are found.

    Attributes:
        paths: a JSON path, or a JSON list of the names on the way.
        has_nulls: whether the index tells which rows hold null: only for a field that is never a list.
    """

    entity: str
    field: str
    kind: Literal["reference", "filter"]
    paths: str
    has_nulls: bool


def filters(world: World) -> list[Rule]:
    """The fields of a world, beside its references, by which its tools find rows."""
    return [rule for rules in indexed(world).values() for rule in rules.values() if rule.kind == "filter"]


@lru_cache(maxsize=256)
def indexed(world: World) -> dict[str, dict[str, Rule]]:
    """The rules by which rows are found: entity to field to rule."""
    found: dict[str, dict[str, Rule]] = {}
    for name, entity in world.entities.items():
        kinds: dict[str, Literal["reference", "filter"]] = dict.fromkeys(_filtered(world, name), "filter")
        kinds |= dict.fromkeys(entity.references, "reference")
        found[name] = {
            field: Rule(name, field, kind, _path(field), _is_plain(entity.properties.get(field)))
            for field, kind in sorted(kinds.items())
        }
    return found


def _path(field: str) -> str:
    return orjson.dumps(field.split(".")).decode() if "." in field else f'$."{field}"'


def _is_plain(schema: Any) -> bool:
    types = schema.get("type", "array") if isinstance(schema, dict) else "array"
    return "array" not in ([types] if isinstance(types, str) else types)


def _filtered(world: World, entity: str) -> set[str]:
    fields = {field for group in world.entities[entity].unique for field in group}
    for tool in world.tools.values():
        for step in walk(tool.effect.steps) if tool.effect else ():
            if isinstance(step, Read | List) and (step.read if isinstance(step, Read) else step.list) == entity:
                fields.update(step.match)
    return {field for field in fields if _can_be_indexed(field)}


def _can_be_indexed(field: str) -> bool:
    """The index keeps other things than values under names that begin with one of `!=?`."""
    return field[:1] not in "!=?" and not set(field) & set('"\\') and field.isprintable()
