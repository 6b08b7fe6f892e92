"""Runs of our own worlds by chance, as traces: a source of events that needs no recording."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from mcp_sim.tasks.ground import Ground
from schemas.contracts.task import Asked
from schemas.load import load_world
from store.traces.encode import encode_header, encode_step
from trainer.player import Manner, Player
from trainer.tailor.classes import draw
from trainer.tailor.recipe import Source


def played(source: Source, world: str, number: int) -> Iterator[bytes]:
    """The lines of the trace of one run; the same source, world and number give the same bytes."""
    definition = load_world(world)
    chance = Random(f"{source.seed}:{world}:{number}")  # noqa: S311 - no secret
    seed = int(draw(f"{source.seed}:{world}:{number}") * 2**31)
    manner = Manner(wrong=source.faults, unfit=0.3, again=0.5)
    with Ground(definition) as ground, ground.trial(seed) as trial:
        player = Player(definition, [*ground.reading, *ground.writing], trial, chance, manner)
        for _ in range(source.calls):
            call = player.call()
            trial.call(Asked(tool=call.tool, arguments=call.arguments))
            player.saw(trial.last())
        trace = trial.trace()
    yield encode_header(trace.world, trace.seed)
    yield from map(encode_step, trace.steps)
