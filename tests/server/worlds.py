"""Small worlds for the tests of the MCP face."""

from __future__ import annotations

from typing import Any

from mcp_sim.sessions import DEFAULT, Sessions
from schemas.types import World
from store.db import Database

BOOK: dict[str, Any] = {
    "id": "B-{n:03}",
    "schema": {
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "title", "shelf"],
        "properties": {"id": {"type": "string"}, "title": {"type": "string"}, "shelf": {"type": ["string", "null"]}},
    },
    "references": {"shelf": {"to": "shelf", "on_delete": "restrict"}},
}
SHELF: dict[str, Any] = {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}}
ROW = {"type": "object", "properties": {"id": {"type": "string", "x-entity": "book"}}, "required": ["id"]}
NO_ARGUMENTS = {"type": "object", "properties": {}, "additionalProperties": False}
BY_ID = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id"],
    "properties": {"id": {"type": "string", "x-entity": "book"}},
}

TOOLS: dict[str, Any] = {
    "get_book": {
        "title": "Get a book",
        "description": "One book.",
        "input": BY_ID,
        "output": ROW,
        "effect": {"steps": [{"read": "book", "key": "args.id"}], "returns": "{book}"},
    },
    "list_books": {
        "description": "Every book.",
        "output": {"type": "array", "items": {"$ref": "#/$defs/book"}, "$defs": {"book": ROW}},
        "effect": {"steps": [{"list": "book"}], "returns": "{books.items}"},
    },
    "add_book": {
        "description": "A new book.",
        "input": {
            "type": "object",
            "additionalProperties": False,
            "required": ["title"],
            "properties": {"title": {"type": "string"}, "weight": {"type": "number"}},
        },
        "output": ROW,
        "effect": {
            "steps": [{"create": "book", "values": {"title": "{args.title}", "shelf": "S-1"}}],
            "returns": "{book}",
        },
    },
    "delete_shelf": {
        "description": "Take a shelf away.",
        "effect": {
            "steps": [{"delete": "shelf", "key": "'S-1'", "restricted": "Shelf S-1 holds {count} books"}],
            "returns": {},
        },
    },
}


def world(tools: dict[str, Any] | None = None, **fields: Any) -> World:
    """A library, with its usual tools or with others."""
    pack = {
        "name": "library",
        "entities": {"book": BOOK, "shelf": SHELF},
        "tools": TOOLS if tools is None else tools,
        "seed": {"shelf": [{"id": "S-1"}], "book": [{"id": "B-001", "title": "Dune", "shelf": "S-1"}]},
    }
    return World.model_validate({"name": "library", "packs": [pack], **fields})


def sessions(*worlds: World) -> Sessions:
    """A directory in memory; the first world is the session `default`, the others are named after themselves."""
    directory = Sessions(Database("sqlite://"))
    for number, each in enumerate(worlds or (world(),)):
        directory.create(each, session_id=DEFAULT if number == 0 else each.name)
    return directory
