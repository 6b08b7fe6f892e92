"""What was learned, made to hold as a pack: what breaks a rule of packs is left out, and told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from schemas.check import check_pack
from schemas.document import Pointer
from schemas.types import Pack

_ROUNDS = 5


def settled(document: dict[str, Any], made_up: Mapping[str, dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """The document without what no pack may have, and a sentence for each such thing.

    Args:
        made_up: how each tool stands in the pack of which nothing is known.
    """
    told: list[str] = []
    for _ in range(_ROUNDS):
        found = _findings(document)
        if not found:
            break
        rows: dict[str, set[int]] = {}
        for at, message in found:
            said = _left_out(document, at, made_up, rows)
            told.append(f"{said}: {message}")
        for name, places in rows.items():
            document["seed"][name] = [row for k, row in enumerate(document["seed"][name]) if k not in places]
    return document, list(dict.fromkeys(told))


def _findings(document: dict[str, Any]) -> list[tuple[Pointer, str]]:
    try:
        pack = Pack.model_validate(document)
    except ValidationError as error:
        return [(fault["loc"], fault["msg"]) for fault in error.errors(include_url=False)]
    return [(finding.at, finding.message) for finding in check_pack(pack)]


def _left_out(
    document: dict[str, Any], at: Pointer, made_up: Mapping[str, dict[str, Any]], rows: dict[str, set[int]]
) -> str:
    """Leave out what stands there; what was left out."""
    kind, name, *rest = map(str, at) if len(at) > 1 else (*map(str, at), "", "")
    if kind == "tools" and rest[:1] == ["effect"] and document["tools"].get(name) != made_up.get(name):
        document["tools"][name] = made_up[name]
        return f"{name}: what was learned of it cannot be said in a pack"
    if kind == "tools":
        document["tools"].pop(name, None)
        return f"{name}: the tool is left out"
    if kind == "seed" and len(rest) == 2 and (wrong := _paths(document, name, rest[1])):
        for path in wrong:
            document["entities"][name]["references"].pop(path)
        return f"{name}: reference {', '.join(wrong)} is not enforced"
    if kind == "seed" and rest:
        rows.setdefault(name, set()).add(int(rest[0]))
        return f"{name}: row {int(rest[0]) + 1} is left out"
    if kind == "entities" and rest[:1] == ["references"]:
        document["entities"][name]["references"].pop(rest[1], None)
        return f"{name}: reference {rest[1]} is left out"
    document["entities"].pop(name, None)
    document["seed"].pop(name, None)
    return f"{name}: the entity is left out"


def _paths(document: dict[str, Any], entity: str, field: str) -> list[str]:
    """The references of an entity that stand in one of its fields."""
    references = document["entities"].get(entity, {}).get("references", {})
    return [path for path in references if path.partition(".")[0] == field]
