"""An agent that calls tools by chance, near the rows that its earlier calls had to do with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from mcp_sim.tasks.draw import Draw
from mcp_sim.tasks.ground import Trial
from schemas.marks import MARK, marks
from schemas.types import Call, Step, Tool, World

_NEAR = 12
"""Rows that earlier calls had to do with, by entity."""
_BOUND = {MARK, "enum", "const", "pattern", "format"}
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Manner:
    """How it calls.

    Attributes:
        wrong: how often a call has a mistake: one id is changed into one that no row has.
        unfit: the share of mistakes that do not fit the input schema: an argument is left out.
        again: how often a refused call is followed by another one of the same tool.
        texts: gives texts for arguments; None: such as the rows hold.
    """

    wrong: float = 0.12
    unfit: float = 0.0
    again: float = 0.0
    texts: Callable[[Random], str] | None = None


class Player:
    """Draws calls that stay near the rows that earlier ones had to do with."""

    def __init__(self, world: World, tools: list[Tool], trial: Trial, chance: Random, how: Manner) -> None:
        self._world, self._tools, self._trial, self._chance, self._how = world, tools, trial, chance, how
        self._near: dict[str, list[Any]] = {}
        self._refused: Tool | None = None

    def call(self) -> Call:
        """The next call; it fits the input schema, but for mistakes that are to be unfit."""
        draw = Draw(self._world, self._trial.rows, self._chance, self._near)
        again = self._refused if self._refused and self._happens(self._how.again) else None
        while True:
            tool = again or self._chance.choice(self._tools)
            arguments = self._worded(tool, draw.arguments(tool))
            if self._happens(self._how.wrong):
                if arguments and self._happens(self._how.unfit):
                    return Call(tool.name, self._without_one(arguments))
                arguments = self._mistaken(tool, arguments)
            if tool.arguments.holds(arguments):
                return Call(tool.name, arguments)

    def _happens(self, often: float) -> bool:
        return bool(often) and self._chance.random() < often

    def _without_one(self, arguments: dict[str, Any]) -> dict[str, Any]:
        gone = self._chance.choice(sorted(arguments))
        return {name: value for name, value in arguments.items() if name != gone}

    def _worded(self, tool: Tool, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with texts of the player's own, where any text will do."""
        if self._how.texts is None:
            return arguments
        forms: Any = tool.input_schema.get("properties", {})
        free = [name for name, value in arguments.items() if isinstance(value, str) and not forms[name].keys() & _BOUND]
        return {**arguments, **{name: self._how.texts(self._chance) for name in free}}

    def saw(self, step: Step) -> None:
        """Stay near the rows that a step changed or named."""
        self._refused = self._world.tools[step.call.tool] if step.observation.is_error else None
        for change in step.delta.changes:
            if change.after is not None:
                self._add(change.entity, change.after[self._world.entities[change.entity].key])
        finder = marks(self._world.tools[step.call.tool].input_schema)
        for entity, _, value in finder(step.call.arguments, "") if finder else ():
            if any(row[self._world.entities[entity].key] == value for row in self._trial.rows(entity)):
                self._add(entity, value)

    def _add(self, entity: str, key: Any) -> None:
        held = [other for other in self._near.get(entity, []) if other != key]
        self._near[entity] = [*held, key][-_NEAR:]

    def _mistaken(self, tool: Tool, arguments: dict[str, Any]) -> dict[str, Any]:
        finder = marks(tool.input_schema)
        found = list(finder(arguments, "")) if finder else []
        named = [name for name, value in arguments.items() if any(value == key for _, _, key in found)]
        if not named:
            return arguments
        name = self._chance.choice(named)
        value = arguments[name]
        if isinstance(value, int):
            return {**arguments, name: value + self._chance.randint(100, 900)}
        return {**arguments, name: _DIGIT.sub(lambda _: str(self._chance.randint(0, 9)), str(value))}
