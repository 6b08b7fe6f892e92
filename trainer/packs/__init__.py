"""Packs by the thousand: services that do not exist, for a world model to learn what services have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from random import Random
from typing import Any

import orjson

from trainer.packs.entities import Thing, thing
from trainer.packs.tools import Toolmaker, manner
from trainer.packs.words import Side, Words, side_of

__all__ = ["Side", "packs", "shape"]


def packs(side: Side, count: int, seed: int = 0, unheard: float = 1.0) -> Iterator[dict[str, Any]]:
    """Packs of one side, as pack files hold them; equal arguments give equal packs.

    The sides share no word that names an entity, a field, a state or an action, but for `id` and the like, and no
    shape: what is left of a pack when names and values are taken away.

    Args:
        side: of the words and shapes.
        count: how many.
        seed: of everything.
        unheard: how many times as often as usual a word is one that nobody knows.
    """
    made = tries = 0
    while made < count:
        chance = Random(f"{seed}/{side}/{tries}")  # noqa: S311 - repeatable on purpose
        tries += 1
        pack = _pack(chance, Words(chance, side, unheard), f"{side.replace('_', '-')}-{made:05}")
        if side_of(shape(pack)) == side:
            made += 1
            yield pack


def shape(pack: dict[str, Any]) -> str:
    """What a pack is like, whatever things are called: kinds of fields, references, arguments and steps of tools."""
    places = {name: number for number, name in enumerate(pack["entities"])}
    entities = [
        [
            [_kind(part) for part in entity["schema"]["properties"].values()],
            [[places[found["to"]], found["on_delete"]] for found in entity["references"].values()],
        ]
        for entity in pack["entities"].values()
    ]
    tools = [
        [
            [_kind(part) for part in tool["input"]["properties"].values()],
            [sorted(step.keys() & _VERBS) for step in tool["effect"]["steps"]],
        ]
        for tool in pack["tools"].values()
    ]
    return hashlib.sha256(orjson.dumps([entities, tools])).hexdigest()


_VERBS = {"read", "list", "create", "update", "delete", "require", "match"}


def _kind(schema: dict[str, Any]) -> Any:
    return len(schema["enum"]) if "enum" in schema else schema.get("type")


def _pack(chance: Random, words: Words, name: str) -> dict[str, Any]:
    things: list[Thing] = []
    for _ in range(chance.choice((1, 1, 2, 2, 2, 3))):
        things.append(thing(chance, words, things))
    spoken = manner(chance)
    tools: dict[str, Any] = {}
    for one in things:
        most = 5 if len(things) == 1 else 4 if len(things) == 2 else 3
        tools |= Toolmaker(one, spoken, chance, words).tools(chance.randint(most - 1, most))
    return {
        "name": name,
        "title": f"{things[0].plural}",
        "entities": {one.name: one.definition for one in things},
        "tools": tools,
        "seed": {one.name: list(one.rows) for one in things},
    }
