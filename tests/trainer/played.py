"""Records and traces of random sessions of a world, whose answers are those of its declared effects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from random import Random
from typing import Any

from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from mcp_sim.tasks.draw import Draw
from mcp_sim.tasks.ground import Ground, is_decided
from mcp_sim.worldmodel.prompt import Renderer
from mcp_sim.worldmodel.wire import compact
from schemas.contracts.task import Asked
from schemas.load import load_world
from schemas.rows import key_text
from schemas.types import Call, Step, Trace, World
from store.db import Database
from trainer.record import Record, Turn, identified

SHIPPED = ("helpdesk", "mars-colony", "shop")
_WRONG = 0.12


def trace(world: World, calls: int, seed: int = 0) -> Trace:
    """What happens when so many calls are drawn."""
    chance, near = Random(seed), dict[str, list[Any]]()
    tools = [tool for tool in world.tools.values() if is_decided(tool)]
    with Ground(world) as ground, ground.trial(seed) as trial:
        draw = Draw(world, trial.rows, chance, near)
        made = 0
        while made < calls:
            tool = chance.choice(tools)
            arguments = draw.arguments(tool)
            if chance.random() < _WRONG:
                arguments = {
                    name: value.replace("0", "9") if isinstance(value, str) else value
                    for name, value in arguments.items()
                }
            if not tool.arguments.holds(arguments):
                continue
            trial.call(Asked(tool=tool.name, arguments=arguments))
            made += 1
            for change in trial.last().delta.changes:
                if change.after is not None:
                    near.setdefault(change.entity, []).append(change.after[world.entities[change.entity].key])
        return trial.trace()


def said(step: Step, world: World, *, writes: bool) -> str:
    """What a world model would have to say for the step to come about."""
    observation = step.observation
    if observation.is_error:
        return compact({"error": observation.text})
    content = observation.text if observation.structured_content is None else observation.structured_content
    if not writes:
        return content if isinstance(content, str) else compact(content)
    changes: list[Any] = []
    minted: dict[str, str] = {}
    for change in step.delta.changes:
        row = change.after or change.before or {}
        if change.op == "create":
            minted[key_text(row[world.entities[change.entity].key])] = f"new-{len(minted) + 1}"
        key, before = world.entities[change.entity].key, change.before or {}
        kept = {name: value for name, value in row.items() if name == key or before.get(name) != value}
        changes.append({"op": change.op, "entity": change.entity, "row": kept})
    return compact(_renamed({"observation": content, "changes": changes}, minted))


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _renamed(part, names) for name, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, names) for part in value]
    return names.get(value, value) if isinstance(value, str) else value


def records(recorded: Trace) -> Iterator[Record]:
    """A record of each step of a trace."""
    world = recorded.world
    database = Database("sqlite://")
    session: Session = Sessions(database).create(world, seed=recorded.seed, perturbations=())
    for step in recorded.steps:
        renderer = Renderer(world.tools[step.call.tool], world)
        prompt = renderer.render(Call(step.call.tool, step.call.arguments), session.view())
        answer = said(step, world, writes=renderer.question.writes)
        turns = [Turn(message["role"], message["content"]) for message in prompt.messages]  # type: ignore[arg-type]
        yield identified(
            Record(
                id="",
                intent="next-observation",
                template="v1",
                turns=(*turns, Turn("assistant", answer, loss=True)),
                domain=world.name,
                server=world.name,
                trajectory=f"{world.name}-{recorded.seed}",
                at=step.n - 1,
                facts={
                    "tool": step.call.tool,
                    "arguments": step.call.arguments,
                    "answer": answer,
                    "is_error": step.observation.is_error,
                    "status": step.observation.status,
                    "kind": "write" if renderer.question.writes else "read",
                    "state_in_view": True,
                    "rows": sorted([entity, key] for entity, keys in prompt.shown.items() for key in keys),
                },
            )
        )
        with suppress(StopIteration):
            session.step(Call(step.call.tool, step.call.arguments)).send(None)
    database.close()


@cache
def shipped(calls: int = 15) -> tuple[Record, ...]:
    """So many records of each shipped world."""
    return tuple(record for name in SHIPPED for record in records(trace(load_world(name), calls)))
