"""Records from worlds of our own: random calls in real sessions, so that every answer is exact, and none guessed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from mcp_sim.tasks.ground import Ground, Trial, is_decided
from mcp_sim.worldmodel.prompt import CHARACTERS_PER_TOKEN, Renderer
from schemas.contracts.task import Asked
from schemas.types import Tool, Trace, World
from store.traces.encode import encode_header, encode_step
from trainer.conversation import conversation
from trainer.episode import Episode, can_be_said, history_only, named
from trainer.player import Manner, Player
from trainer.record import Record


@dataclass(frozen=True, slots=True)
class Play:
    """How a world is played.

    Attributes:
        trajectories: sessions that are opened.
        calls: made in each.
        seed: of the choices.
        prompt_tokens: the most that a question holds, as the renderer reckons them.
        template: version of the wording.
        state: whether the questions show the rows; else they tell of the calls before.
        manner: of the agent.
    """

    trajectories: int
    calls: int
    seed: int = 0
    prompt_tokens: int = 6000
    template: str = "v1"
    state: bool = True
    manner: Manner = field(default_factory=Manner)


def play(world: World, how: Play, traces: Path | None = None) -> Iterator[Record]:
    """The records of random sessions of a world, in order; equal arguments give equal records.

    Args:
        world: whose tools with a declared effect are called.
        how: how often, and how the questions are rendered.
        traces: a folder in which the trace of every session is kept, by its trajectory.
    """
    tools = _tools(world)
    renderers = {tool.name: Renderer(tool, world, how.template, how.prompt_tokens) for tool in tools}
    with Ground(world) as ground:
        for number in range(how.trajectories):
            with _session(ground, how, number) as (name, trial, player):
                records = []
                for at in range(how.calls):
                    call = player.call()
                    now, renderer = trial.view(), renderers[call.tool]
                    prompt, known = renderer.render(call, now), named(world, call, now)
                    if not how.state:
                        room = int(how.prompt_tokens * CHARACTERS_PER_TOKEN)
                        prompt = history_only(prompt, trial.steps(), room)
                    trial.call(Asked(tool=call.tool, arguments=call.arguments))
                    step = trial.last()
                    player.saw(step)
                    episode = Episode(world, prompt, known, step, writes=renderer.question.writes)
                    records.append(episode.record(how.template, name, at))
                trace = trial.trace()
            yield from (record for record in records if can_be_said(record, trace))
            if traces is not None:
                _keep(trace, traces / f"{name}.jsonl")


def conversations(world: World, how: Play) -> Iterator[Record]:
    """Random sessions of a world, each as one record in which every observation is learned."""
    with Ground(world) as ground:
        for number in range(how.trajectories):
            with _session(ground, how, number) as (name, trial, player):
                for _ in range(how.calls):
                    call = player.call()
                    trial.call(Asked(tool=call.tool, arguments=call.arguments))
                    player.saw(trial.last())
                yield conversation(trial.trace(), name)


@contextmanager
def _session(ground: Ground, how: Play, number: int) -> Iterator[tuple[str, Trial, Player]]:
    chance = Random(f"{how.seed}/{ground.world.name}/{number}")  # noqa: S311 - repeatable on purpose
    with ground.trial(chance.getrandbits(32)) as trial:
        player = Player(ground.world, _tools(ground.world), trial, chance, how.manner)
        yield f"{ground.world.name}-{how.seed}-{number}", trial, player


def _tools(world: World) -> list[Tool]:
    return [tool for tool in world.tools.values() if is_decided(tool)]


def _keep(trace: Trace, path: Path) -> None:
    lines = [encode_header(trace.world, trace.seed), *map(encode_step, trace.steps)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
