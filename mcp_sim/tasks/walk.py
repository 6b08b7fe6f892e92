"""A way to a goal state: calls that really change rows, found by trying them in a session."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from mcp_sim.tasks.draw import Draw
from mcp_sim.tasks.ground import Ground, Trial
from schemas.contracts.task import Asked
from schemas.marks import MARK, marks
from schemas.rows import key_text, values_at
from schemas.types import Tool

FIRST_TRIES = 40
"""How often arguments are drawn for a call that nothing has prepared."""
NEXT_TRIES = 16
"""The same for each later call, and for each that prepares another."""
PREPARATIONS = 5
"""How many calls may prepare the one that is wanted."""

_CLOSER = 0.6
"""How often a call that was refused in a new way is tried again with one other argument."""
_NUMBERED = re.compile(r"\S*\d\S*")
_WORD = re.compile(r"[\w-]+")


def walk(ground: Ground, seed: int, chance: Random, target: Tool, length: int) -> list[Asked]:
    """Calls that each changed rows, one of them of `target`, about `length` in all; empty where none was found."""
    with ground.trial(seed) as trial:
        walker = _Walker(ground, trial, chance)
        if not walker.step([target], FIRST_TRIES) and not walker.prepare(target):
            return []
        while len(walker.path) < length and walker.step(walker.related(), NEXT_TRIES):
            pass
        return walker.path


class _Walker:
    """Goes from call to call in one session, and stays near the rows that it had to do with."""

    def __init__(self, ground: Ground, trial: Trial, chance: Random) -> None:
        self.path: list[Asked] = []
        self._ground = ground
        self._trial = trial
        self._chance = chance
        self._near: dict[str, list[Any]] = {}
        self._hinted: dict[str, list[Any]] = {}
        self._named: dict[str, list[str]] = {}
        for entity, key in ground.places:
            if not key.isalpha():  # a word that is a key would be heard everywhere
                self._named.setdefault(key, []).append(entity)

    def related(self) -> list[Tool]:
        """Writing tools that take an id of what is near."""
        return [tool for tool in self._ground.writing if _entities(tool) & self._near.keys()] or self._ground.writing

    def prepare(self, target: Tool) -> bool:
        """Go to where the target works: change what stands in its way, or is around one of its rows, and try again."""
        entities = [entity for entity in sorted(_entities(target)) if self._trial.rows(entity)]
        if not entities:
            return False
        own = [tool for tool in self._ground.writing if tool is not target]
        self._surround(self._main(target, entities))
        for _ in range(PREPARATIONS):
            if self._hinted:
                self._near, self._hinted = self._hinted, {}
            around = [tool for tool in own if _entities(tool) & self._near.keys()]
            if not around or not self.step(around, NEXT_TRIES):
                return False
            if self.step([target], NEXT_TRIES):
                return True
        return False

    def step(self, tools: list[Tool], tries: int) -> bool:
        """Go one call further; whether one was found.

        What the service says when it refuses shows the way: to something it has not said before, one comes closer.
        """
        draw = Draw(self._ground.world, self._trial.rows, self._chance, self._near)
        heard: set[str] = set()
        close: tuple[Tool, dict[str, Any], str] | None = None
        for _ in range(tries):
            if close is not None and self._chance.random() < _CLOSER:
                tool, base, told = close
                arguments = draw.variation(tool, base, told)
            else:
                tool = self._chance.choice(tools)
                arguments = draw.arguments(tool)
            if not tool.arguments.holds(arguments):
                continue
            observation = self._trial.call(Asked(tool=tool.name, arguments=arguments))
            if not observation.is_error:
                if self._took(tool, arguments):
                    return True
                continue
            kind = _NUMBERED.sub("#", observation.text)
            if kind not in heard:
                heard.add(kind)
                close = tool, arguments, observation.text
                self._hear(observation.text, arguments)
        return False

    def _took(self, tool: Tool, arguments: dict[str, Any]) -> bool:
        """Whether the last call changed anything; if so, it is part of the path."""
        changes = self._trial.last().delta.changes
        if not changes:
            return False
        self.path.append(Asked(tool=tool.name, arguments=arguments))
        finder = marks(tool.input_schema)
        for entity, _, key in finder(arguments, "") if finder is not None else ():
            self._add(entity, key)
        for change in changes[:8]:
            if change.after is not None:
                self._add(change.entity, change.after[self._ground.world.entities[change.entity].key])
        gone = {(change.entity, change.key) for change in changes if change.op == "delete"}
        for entity, key in gone:
            self._near[entity] = [known for known in self._near.get(entity, []) if key_text(known) != key]
        return True

    def _hear(self, told: str, arguments: dict[str, Any]) -> None:
        """Note the rows that a refusal names, other than those that were asked for."""
        asked = set(map(str, arguments.values()))
        for key in dict.fromkeys(_WORD.findall(told)):
            for entity in self._named.get(key, ()) if key not in asked else ():
                self._hinted.setdefault(entity, []).append(key)

    def _main(self, target: Tool, entities: list[str]) -> str:
        """The entity that a tool is about: that of its first id."""
        properties = target.input_schema.get("properties")
        first = [_marked(part) for part in properties.values()] if isinstance(properties, dict) else []
        return next((found[0] for found in first if found and found[0] in entities), entities[0])

    def _surround(self, entity: str) -> None:
        """Make one row of an entity near, and those that it refers to, or that refer to it."""
        world = self._ground.world
        row = self._chance.choice(self._trial.rows(entity))
        key = row[world.entities[entity].key]
        self._add(entity, key)
        for path, reference in world.entities[entity].references.items():
            for _, value in values_at(row, path):
                self._add(reference.to, value)
        for name, definition in world.entities.items():
            for path, reference in definition.references.items():
                for other in self._trial.rows(name) if reference.to == entity else ():
                    if any(value == key for _, value in values_at(other, path)):
                        self._add(name, other[definition.key])

    def _add(self, entity: str, key: Any) -> None:
        known = self._near.setdefault(entity, [])
        if key not in known:
            known.append(key)


def _entities(tool: Tool) -> set[str]:
    """The entities whose keys a tool takes."""
    return set(_marked(tool.input_schema))


def _marked(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [found for part in schema for found in _marked(part)]
    if isinstance(schema, dict):
        own = [str(schema[MARK])] if isinstance(schema.get(MARK), str) else []
        return own + [found for part in schema.values() for found in _marked(part)]
    return []
