"""Closed-loop drift: a world model answers one call after the other, and what it said before is all that happened.

With the store, it answers in a real session: its proposals are checked, committed, and the rows shown to it again.
Without, it has its own earlier answers alone, as many as the same prompt holds. The calls, and the answers that are
right, are those of a recorded session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_sim.fidelity import score
from mcp_sim.responders.base import answer
from mcp_sim.sessions import Sessions
from mcp_sim.tasks.ground import Ground
from mcp_sim.worldmodel.client import Answer, Client, Unanswered
from mcp_sim.worldmodel.parse import Unreadable, parse
from mcp_sim.worldmodel.prompt import CHARACTERS_PER_TOKEN, Renderer
from mcp_sim.worldmodel.settings import Settings
from mcp_sim.worldmodel.shown import Shown
from mcp_sim.worldmodel.wire import Message, action, observed, spoken
from mcp_sim.worldmodel.worldmodel import WorldModel
from schemas.contracts.task import Asked
from schemas.marks import MARK, ROW_MARK
from schemas.recorded import RecordedCall
from schemas.types import Call, Observation, Step, Trace, View, World
from store.db import Database
from store.integrity import check_observation
from trainer.asking import Predictor
from trainer.bench.errors import BenchError
from trainer.rewards.glimpse import Glimpse

STEPS = (10, 100, 1000)
ARMS = {"with": "with the SQL store", "without": "history only"}


@dataclass(frozen=True, slots=True)
class Measured:
    """One answer of a drift: whether it is the right one, its leaf F1, and whether it names what does not exist."""

    exact: bool
    leaf_f1: float
    dangling: bool
    failed: bool


@dataclass(frozen=True)
class Drift:
    """How far a world model got, by arm.

    Attributes:
        world: the recorded one.
        arms: `with` and `without` the store, the measures of every step.
    """

    world: str
    arms: Mapping[str, Sequence[Measured]]

    def summary(self, horizons: Sequence[int] = STEPS) -> dict[str, Any]:
        """As plain JSON: the means over the first steps up to each horizon."""
        return {
            "world": self.world,
            **{
                arm: {
                    str(min(horizon, len(steps))): {
                        name: sum(getattr(one, name) for one in steps[:horizon]) / len(steps[:horizon])
                        for name in ("exact", "leaf_f1", "dangling", "failed")
                    }
                    for horizon in horizons
                    if steps and (horizon <= len(steps) or horizon == min(h for h in horizons if h >= len(steps)))
                }
                for arm, steps in self.arms.items()
            },
        }


async def drift(
    trace: Trace,
    predictor: Predictor,
    *,
    steps: int = max(STEPS),
    settings: Settings | None = None,
    told: Callable[[], None] = lambda: None,
) -> Drift:
    """Let a world model answer the calls of a trace, with the store and without.

    Args:
        trace: a recorded session, whose steps its effects answered.
        predictor: the world model: from messages to text.
        steps: the most that are answered.
        settings: the length of prompts, the number of tries; the servers in them are not asked.
        told: hears of each answer.

    Raises:
        BenchError: the trace has no steps.
    """
    if not trace.steps:
        raise BenchError("the trace has no steps, so nothing can drift")
    kept = settings or Settings(structured=False, deadline=120, first_token=120, pause=120)
    truth = list(trace.steps[:steps])
    said = {
        "with": await _with(trace, truth, predictor, kept, told),
        "without": await _without(trace, truth, predictor, kept, told),
    }
    return Drift(trace.world.name, _measure(trace, truth, said))


class _Predicted(Client):
    """A client that asks a function in place of a server."""

    def __init__(self, settings: Settings, predictor: Predictor) -> None:
        super().__init__(settings.model_copy(update={"urls": ("http://predictor.invalid/v1",)}))
        self._predictor = predictor

    async def models(self) -> dict[str, dict[str, Any]]:
        return {"predictor": {}}

    async def complete(self, model: str, messages: tuple[Message, ...], *, deadline: float, **asked: Any) -> Answer:  # noqa: ARG002 - of the protocol
        return Answer(await self._predictor(messages), False, "", {})


async def _with(
    trace: Trace, truth: list[Step], predictor: Predictor, settings: Settings, told: Callable[[], None]
) -> list[Observation | None]:
    client = _Predicted(settings, predictor)
    worldmodel = WorldModel(client.settings, client)
    database = Database("sqlite://")
    said: list[Observation | None] = []
    try:
        session = Sessions(database, worldmodel).create(_modelled(trace.world), seed=trace.seed, perturbations=())
        for step in truth:
            answered = await session.step(Call(step.call.tool, step.call.arguments))
            # What was made up because the world model gave nothing that holds is no answer of its own.
            own = answered.responder in ("worldmodel", "validate")
            said.append(answered.observation if own else None)
            told()
    finally:
        await worldmodel.close()
        database.close()
    return said


async def _without(
    trace: Trace, truth: list[Step], predictor: Predictor, settings: Settings, told: Callable[[], None]
) -> list[Observation | None]:
    bare = _bare(trace.world)
    renderers: dict[str, Renderer] = {}
    history: list[tuple[str, str]] = []
    said: list[Observation | None] = []
    for step in truth:
        tool = bare.tools.get(step.call.tool)
        if tool is None:
            said.append(None)
            continue
        if tool.name not in renderers:
            renderers[tool.name] = Renderer(tool, bare, settings.template, settings.prompt_tokens)
        view = Glimpse(bare, Shown(now=step.at), lambda _: False, step.n)
        first, *_, last = renderers[tool.name].render(step.call, view).messages
        room = int(settings.prompt_tokens * CHARACTERS_PER_TOKEN) - len(first["content"]) - len(last["content"])
        turns = [message for turn in _fitting(history, room) for message in _messages(*turn)]
        observation = await _observation(predictor, (first, *turns, last), data=tool.output_schema is not None)
        said.append(observation)
        answered = "" if observation is None else spoken(observation)
        history.append((action(step.n, tool.name, step.call.arguments), observed(answered)))
        told()
    return said


async def _observation(predictor: Predictor, messages: tuple[Message, ...], *, data: bool) -> Observation | None:
    try:
        text = await predictor(messages)
        said = parse(text, data=data, writes=False)
    except (Unanswered, Unreadable):
        return None
    if said.is_error:
        return Observation(said.observation, is_error=True, status=400)
    if isinstance(said.observation, str):
        return Observation(said.observation, said.observation if data else None)
    return answer(said.observation)


def _measure(
    trace: Trace, truth: Sequence[Step], said: Mapping[str, Sequence[Observation | None]]
) -> dict[str, list[Measured]]:
    """The measures of every arm, beside the world as it really is after each call."""
    found: dict[str, list[Measured]] = {arm: [] for arm in said}
    with Ground(trace.world) as ground, ground.trial(trace.seed) as trial:
        for at, step in enumerate(truth):
            trial.call(Asked(tool=step.call.tool, arguments=step.call.arguments))
            view = trial.view()
            for arm, answers in said.items():
                found[arm].append(_measured(trace.world, view, step, answers[at]))
    return found


def _measured(world: World, view: View, step: Step, said: Observation | None) -> Measured:
    call, truth = step.call, step.observation
    found = score(RecordedCall("", step.n, call.tool, call.arguments, truth.text, truth.is_error), said)
    f1 = found.leaves.f1 if found.leaves is not None else float(found.exact)
    broken = [] if said is None else check_observation(world.tools[call.tool], view, step.delta, said, call.arguments)
    return Measured(found.exact, f1, any(one.rule == "unknown-id" for one in broken), said is None)


def _messages(asked: str, answered: str) -> tuple[Message, Message]:
    return Message(role="user", content=asked), Message(role="assistant", content=answered)


def _fitting(history: Sequence[tuple[str, str]], room: int) -> list[tuple[str, str]]:
    """The latest turns that fit, oldest first."""
    kept: list[tuple[str, str]] = []
    for asked, answered in reversed(history):
        room -= len(asked) + len(answered)
        if room < 0:
            break
        kept.append((asked, answered))
    return kept[::-1]


def _modelled(world: World) -> World:
    """The world with every tool answered by the world model."""
    data = _plain(world)
    for pack in data["packs"]:
        for tool in pack["tools"].values():
            tool["answered_by"] = "worldmodel"
    return World.model_validate(data)


def _bare(world: World) -> World:
    """The world without its records: tools and lore alone."""
    data = _plain(world)
    for pack in data["packs"]:
        pack |= {"entities": {}, "seed": {}, "demonstrations": []}
        for tool in pack["tools"].values():
            tool |= {"effect": None, "answered_by": None}
            for schema in ("input_schema", "output_schema"):
                tool[schema] = _unmarked(tool[schema])
    return World.model_validate(data)


def _plain(world: World) -> dict[str, Any]:
    data: dict[str, Any] = world.model_dump(mode="json", by_alias=True)
    for pack in data["packs"]:
        for tool in pack["tools"].values():
            for short in ("input", "output"):
                if short in tool:
                    tool[f"{short}_schema"] = tool.pop(short)
    return {**data, "perturbations": [], "examples": []}


def _unmarked(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _unmarked(part) for name, part in schema.items() if name not in (MARK, ROW_MARK)}
    return [_unmarked(part) for part in schema] if isinstance(schema, list) else schema
