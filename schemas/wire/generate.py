"""JSON Schemas of packs, worlds, traces, contracts and verdicts, from the types themselves."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import TypeAdapter

from schemas.contracts import Contract
from schemas.types import Pack, Step, Verdict, World

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def documents() -> dict[str, str]:
    """File name to text, for every published schema."""
    return {
        "pack.schema.json": _text("A pack file of mcp-sim", pack()),
        "world.schema.json": _text("A world file of mcp-sim", world()),
        "step.schema.json": _text("One step of a trace: every line after the first", TypeAdapter(Step).json_schema()),
        "contract.schema.json": _text("A contract file of mcp-sim", contract()),
        "verdict.schema.json": _text("A session judged by a contract", TypeAdapter(Verdict).json_schema()),
    }


def pack() -> dict[str, Any]:
    """A pack as it stands in a file: tools carry no name of their own, other files may be included."""
    schema = Pack.model_json_schema(mode="validation")
    tool = schema["$defs"]["Tool"]
    tool["properties"].pop("name")
    tool.pop("required", None)
    schema["properties"]["include"] = {
        "type": "array",
        "items": {"type": "string"},
        "description": "Further files of this folder whose entities, tools and seed belong to this pack.",
    }
    return schema


def world() -> dict[str, Any]:
    """A world as it stands in a file: packs are named, not spelled out."""
    schema = World.model_json_schema(mode="validation")
    schema["properties"]["packs"] = {
        "type": "array",
        "minItems": 1,
        "items": {"type": "string"},
        "description": "Folders or files beside the world, or packs that ship with mcp-sim.",
    }
    schema["$defs"] = _needed(schema["properties"], schema["$defs"])
    return schema


def contract() -> dict[str, Any]:
    """A contract as it stands in a file: its world is named, and a pattern of calls may be a text."""
    schema = Contract.model_json_schema(mode="validation")
    schema["properties"]["world"] = {
        "type": "string",
        "description": "A world that ships with mcp-sim, or a file or folder beside the contract.",
    }
    tools = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    schema["$defs"]["Pattern"] = {"anyOf": [*tools, schema["$defs"]["Pattern"]]}
    schema["$defs"] = _needed(schema["properties"], schema["$defs"])
    return schema


def _needed(part: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The definitions that a part of a schema refers to, directly or through others."""
    needed: set[str] = set()
    parts = [part]
    while parts:
        found = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(parts.pop()))) - needed
        needed |= found
        parts += [definitions[name] for name in found]
    return {name: definitions[name] for name in sorted(needed)}


def _text(title: str, schema: dict[str, Any]) -> str:
    document = {"$schema": _DIALECT, **schema, "title": title}
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
