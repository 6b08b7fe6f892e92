"""What is right in a pack or world that is not, so that its other errors are told in the same breath."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from schemas.shape import shaped
from schemas.sources import Problem, Sources
from schemas.types import Pack, World
from schemas.validate import pointer

_STAND_IN = {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}}
"""For an entity of which nothing is known but its name."""


def remains_of_pack(sources: Sources, problems: Iterable[Problem]) -> tuple[Pack, frozenset[str]] | None:
    """A pack without the parts that have these problems, and the entities of which it knows no more than the name.

    None where too much is missing: what is left would look wrong only because of that.
    """
    broken = _places(problems)
    if any(len(place) == 1 and place[0] not in ("name", "title", "description") for place in broken):
        return None

    def sound(section: str) -> dict[str, Any]:
        content = sources.data.get(section) or {}
        return {name: part for name, part in content.items() if (section, *_parts((name,))) not in broken}

    given = {section: sources.data.get(section) or {} for section in ("entities", "tools", "seed")}
    entities, tools, seed = (sound(section) for section in given)
    vague = given["entities"].keys() - entities.keys()
    unsure = vague | (given["seed"].keys() - seed.keys())
    parts = {
        "entities": {name: entities.get(name, _STAND_IN) for name in given["entities"]},
        "tools": {name: tool for name, tool in tools.items() if not _names(tool, vague)},
        "seed": {name: rows for name, rows in seed.items() if name not in unsure},
    }
    pack, _ = shaped(Pack, {"name": "remains", **parts}, sources)
    return None if pack is None else (pack, frozenset(unsure))


def remains_of_world(packs: list[Pack], sources: Sources, problems: Iterable[Problem]) -> World | None:
    """A world of these packs without the parts of its file that have these problems."""
    broken = {place[0] for place in _places(problems) if place}
    sound = {name: part for name, part in sources.data.items() if name not in broken}
    world, _ = shaped(World, {"name": "remains", **sound, "packs": packs}, sources)
    return world


def _places(problems: Iterable[Problem]) -> set[tuple[str, ...]]:
    """The first two parts of where each problem stands."""
    return {tuple(problem.pointer.split("/")[1:3]) for problem in problems}


def _parts(at: tuple[str, ...]) -> list[str]:
    return pointer(at).split("/")[1:]


def _names(tool: Any, entities: Iterable[str]) -> bool:
    """Whether a tool speaks of one of these entities."""
    text = json.dumps(tool)
    return any(re.search(rf"\b{re.escape(name)}\b", text) for name in entities)
