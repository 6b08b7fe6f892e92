"""Runs of our own worlds by chance, as traces: a source of events that needs no recording."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from mcp_sim.tasks.draw import Draw
from mcp_sim.tasks.ground import Ground, Trial
from schemas.contracts.task import Asked
from schemas.load import load_world
from schemas.types import Tool
from store.traces.encode import encode_header, encode_step
from trainer.tailor.classes import draw
from trainer.tailor.recipe import Source

_TRIES = 20


def played(source: Source, world: str, number: int) -> Iterator[bytes]:
    """The lines of the trace of one run; the same source, world and number give the same bytes."""
    definition = load_world(world)
    chance = Random(f"{source.seed}:{world}:{number}")  # noqa: S311 - no secret
    seed = int(draw(f"{source.seed}:{world}:{number}") * 2**31)
    with Ground(definition) as ground, ground.trial(seed) as trial:
        _Player(ground, trial, chance, source.faults).play(source.calls)
        trace = trial.trace()
    yield encode_header(trace.world, trace.seed)
    yield from map(encode_step, trace.steps)


class _Player:
    """Calls tools by chance, near the rows that it has met."""

    def __init__(self, ground: Ground, trial: Trial, chance: Random, faults: float) -> None:
        self._chance = chance
        self._trial = trial
        self._faults = faults
        self._near: dict[str, list[Any]] = {}
        self._draw = Draw(ground.world, trial.rows, chance, self._near)
        self._world = ground.world
        self._tools = [ground.reading, ground.writing]
        self._last: Asked | None = None

    def play(self, calls: int) -> None:
        """Make so many calls."""
        for _ in range(calls):
            asked = self._next()
            observation = self._trial.call(asked)
            self._last = asked if observation.is_error else None
            for change in self._trial.last().delta.changes[:4]:
                if change.after is not None:
                    key = change.after[self._world.entities[change.entity].key]
                    self._near.setdefault(change.entity, []).append(key)

    def _next(self) -> Asked:
        if self._last is not None and self._chance.random() < 0.5:  # once more, with other arguments
            tool = self._world.tools[self._last.tool]
            return Asked(tool=tool.name, arguments=self._fitting(tool))
        kinds = [tools for tools in self._tools if tools]
        tool = self._chance.choice(self._chance.choice(kinds))
        arguments = self._fitting(tool)
        if self._chance.random() < self._faults:
            arguments = self._spoilt(arguments)
        return Asked(tool=tool.name, arguments=arguments)

    def _fitting(self, tool: Tool) -> dict[str, Any]:
        for _ in range(_TRIES):
            arguments = self._draw.arguments(tool)
            if tool.arguments.holds(arguments):
                break
        return arguments

    def _spoilt(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with one left out, or naming what is not there."""
        if not arguments:
            return {"unknown": True}
        name = self._chance.choice(sorted(arguments))
        if self._chance.random() < 0.3:
            return {other: value for other, value in arguments.items() if other != name}
        return {**arguments, name: f"{arguments[name]}9"}
