"""A small world most of whose tools have no effect, so that a world model answers."""

from __future__ import annotations

from typing import Any

from schemas.types import World

_STAR = {
    "type": "object",
    "required": ["id", "name", "magnitude"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string", "minLength": 1},
        "magnitude": {"type": "number"},
        "near": {"type": ["string", "null"]},
        "seen": {"type": "integer", "default": 0},
    },
}
_ID = {"type": "string", "x-entity": "star"}
_BY_ID = {"type": "object", "additionalProperties": False, "required": ["id"], "properties": {"id": _ID}}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


_TOOLS: dict[str, Any] = {
    "get_star": {
        "description": "One star.",
        "input": _BY_ID,
        "effect": {"steps": [{"read": "star", "key": "args.id"}], "returns": "{star}"},
    },
    "rename_star": {
        "description": "Give a star another name.",
        "input": _object(id=_ID, name={"type": "string"}),
        "effect": {
            "steps": [{"update": "star", "key": "args.id", "set": {"name": "{args.name}"}}],
            "returns": "{star}",
        },
    },
    "delete_star": {
        "description": "Forget a star.",
        "input": _BY_ID,
        "effect": {"steps": [{"delete": "star", "key": "args.id"}], "returns": {"deleted": "{args.id}"}},
    },
    "describe_star": {
        "description": "A star in words.",
        "input": _BY_ID,
        "output": _object(id=_ID, words={"type": "string", "minLength": 3, "maxLength": 200}),
    },
    "show_star": {
        "description": "A star as it is, with a remark.",
        "input": _BY_ID,
        "output": _object(star={**_STAR, "x-row": "star"}, remark={"type": "string"}),
    },
    "suggest_stars": {
        "description": "Stars worth a look tonight.",
        "input": {"type": "object", "properties": {"mood": {"type": "string"}}},
        "output": _object(ids={"type": "array", "items": _ID, "maxItems": 3}, why={"type": "string"}),
    },
    "discover_star": {
        "description": "Look at a part of the sky; what is found there is added to the almanac.",
        "input": _object(part={"type": "string"}),
        "output": {**_STAR, "x-row": "star"},
        "annotations": {"read_only": False},
    },
    "tell": {"description": "A tale about the sky.", "input": {"type": "object", "properties": {"of": {"type": "string"}}}},
}  # fmt: skip


def almanac(**parts: Any) -> World:
    """The almanac, with other parts of the world where they are given."""
    pack = {
        "name": "almanac",
        "entities": {
            "star": {
                "id": "ST-{n:03}",
                "schema": _STAR,
                "references": {"near": {"to": "star", "on_delete": "set-null"}},
                "unique": [["name"]],
            }
        },
        "tools": {**_TOOLS, **parts.pop("tools", {})},
        "seed": {
            "star": [
                {"id": "ST-001", "name": "Alba", "magnitude": 1.5, "near": None, "seen": 3},
                {"id": "ST-002", "name": "Brisa", "magnitude": 2.25, "near": "ST-001", "seen": 0},
                {"id": "ST-003", "name": "Corvo", "magnitude": 4.0, "near": "ST-001", "seen": 1},
            ]
        },
        "demonstrations": parts.pop("demonstrations", []),
    }
    return World.model_validate({"name": "almanac", "lore": "The sky over a small island.", "packs": [pack], **parts})
