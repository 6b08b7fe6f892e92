"""Records from worlds of our own: random calls in real sessions, so that every answer is exact, and none guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from mcp_sim.fidelity import same_text
from mcp_sim.tasks.draw import Draw
from mcp_sim.tasks.ground import Ground, Trial, is_decided
from mcp_sim.worldmodel.parse import Unreadable
from mcp_sim.worldmodel.prompt import Prompt, Renderer
from mcp_sim.worldmodel.wire import compact
from schemas.canonical import canonical
from schemas.contracts.task import Asked
from schemas.effects import Read, Require, walk
from schemas.marks import marks
from schemas.rows import key_text, values_at, without
from schemas.types import Call, Change, Row, StateDelta, Step, Tool, Trace, View, World
from store.traces.encode import encode_header, encode_step
from store.traces.replay import view
from trainer.cases import Case, Scene
from trainer.naming import renamed
from trainer.record import Record, Turn, identified

INTENT = "next-observation"
_WRONG = 0.12
"""How often one id of a call is changed into one that no row has."""
_NEAR = 12
"""Rows that earlier calls had to do with, by entity."""
_DIGIT = re.compile(r"\d")
_HOLE = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Play:
    """How a world is played.

    Attributes:
        trajectories: sessions that are opened.
        calls: made in each.
        seed: of the choices.
        prompt_tokens: the most that a question holds, as the renderer reckons them.
        template: version of the wording.
    """

    trajectories: int
    calls: int
    seed: int = 0
    prompt_tokens: int = 6000
    template: str = "v1"


def play(world: World, how: Play, traces: Path | None = None) -> Iterator[Record]:
    """The records of random sessions of a world, in order; equal arguments give equal records.

    Args:
        world: whose tools with a declared effect are called.
        how: how often, and how the questions are rendered.
        traces: a folder in which the trace of every session is kept, by its trajectory.
    """
    tools = [tool for tool in world.tools.values() if is_decided(tool)]
    renderers = {tool.name: Renderer(tool, world, how.template, how.prompt_tokens) for tool in tools}
    with Ground(world) as ground:
        for number in range(how.trajectories):
            chance = Random(f"{how.seed}/{world.name}/{number}")  # noqa: S311 - repeatable on purpose
            name = f"{world.name}-{how.seed}-{number}"
            with ground.trial(chance.getrandbits(32)) as trial:
                player = _Player(world, tools, trial, chance)
                records = []
                for at in range(how.calls):
                    call = player.call()
                    now = trial.view()
                    prompt = renderers[call.tool].render(call, now)
                    known = _named(world, call, now)
                    trial.call(Asked(tool=call.tool, arguments=call.arguments))
                    step = trial.last()
                    player.saw(step)
                    writes = renderers[call.tool].question.writes
                    records.append(_record(world, how.template, name, at, prompt, known, step, writes))
                trace = trial.trace()
                yield from (record for record in records if _can_be_said(record, trace))
                if traces is not None:
                    lines = [encode_header(trace.world, trace.seed), *map(encode_step, trace.steps)]
                    traces.mkdir(parents=True, exist_ok=True)
                    (traces / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


class _Player:
    """Draws calls that stay near the rows that earlier ones had to do with."""

    def __init__(self, world: World, tools: list[Tool], trial: Trial, chance: Random) -> None:
        self._world, self._tools, self._trial, self._chance = world, tools, trial, chance
        self._near: dict[str, list[Any]] = {}

    def call(self) -> Call:
        """The next call; it fits the input schema."""
        draw = Draw(self._world, self._trial.rows, self._chance, self._near)
        while True:
            tool = self._chance.choice(self._tools)
            arguments = draw.arguments(tool)
            if self._chance.random() < _WRONG:
                arguments = self._mistaken(tool, arguments)
            if tool.arguments.holds(arguments):
                return Call(tool.name, arguments)

    def saw(self, step: Step) -> None:
        """Stay near the rows that a step changed or named."""
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


def answer_of(step: Step, world: World, *, writes: bool) -> str:
    """What a world model would have to say for a step to come about as it did."""
    observation = step.observation
    if observation.is_error:
        return compact({"error": observation.text})
    content = observation.text if observation.structured_content is None else observation.structured_content
    if not writes:
        return content if isinstance(content, str) else compact(content)
    new = {
        key_text(change.after[world.entities[change.entity].key]): f"new-{number}"
        for number, change in enumerate((made for made in step.delta.changes if made.op == "create"), 1)
        if change.after is not None
    }
    changes = [_proposed(change, world) for change in step.delta.changes if not _follows(change, step.delta, world)]
    return compact({"observation": renamed(content, new), "changes": renamed(changes, new)})


def _follows(change: Change, delta: StateDelta, world: World) -> bool:
    """Whether a change is what the delete of another row brings with it."""
    gone = {(other.entity, other.key) for other in delta.changes if other.op == "delete"} - {
        (change.entity, change.key)
    }
    if change.op == "create" or change.before is None:
        return False
    kept = change.before
    for path, reference in world.entities[change.entity].references.items():
        for _, value in values_at(change.before, path):
            if (reference.to, key_text(value)) in gone:
                if change.op == "delete" and reference.on_delete == "cascade":
                    return True
                kept = without(kept, path, key_text(value)) if reference.on_delete == "set-null" else kept
    return change.op == "update" and kept is not change.before and kept == change.after


def _can_be_said(record: Record, trace: Trace) -> bool:
    """Whether a world model that gives the answer of the record brings the step about; it cannot name a new row."""
    step = trace.steps[record.at]
    case = Case(record, Scene(trace.world, trace.world.tools[step.call.tool], view(trace, record.at), step))
    try:
        given = case.read(case.gold)
    except Unreadable:
        return False
    told, seen = given.observation, step.observation
    if told is None or told.is_error != seen.is_error or not same_text(told.text, seen.text):
        return False
    return sorted(map(canonical, given.delta.changes)) == sorted(map(canonical, step.delta.changes))


def _proposed(change: Change, world: World) -> dict[str, Any]:
    """A change as a world model proposes it: a new row without what is blank anyway, else what is new in it."""
    key = world.entities[change.entity].key
    before, after = change.before or {}, change.after or {}
    if change.op == "delete":
        row: Row = {key: before[key]}
    else:
        held = world.entities[change.entity].blank if change.op == "create" else before
        row = {name: value for name, value in after.items() if name == key or held.get(name, _MISSING) != value}
    return {"op": change.op, "entity": change.entity, "row": row}


_MISSING: Any = object()


def _named(world: World, call: Call, view: View) -> list[tuple[str, str, bool]]:
    """The rows that a call names by a marked argument, and whether each exists."""
    finder = marks(world.tools[call.tool].input_schema)
    found = finder(call.arguments, "") if finder else ()
    return [(entity, key_text(value), view.exists(entity, key_text(value))) for entity, _, value in found]


def _record(
    world: World,
    template: str,
    name: str,
    at: int,
    prompt: Prompt,
    named: list[tuple[str, str, bool]],
    step: Step,
    writes: bool,
) -> Record:
    answer = answer_of(step, world, writes=writes)
    turns = [Turn(role=message["role"], content=message["content"]) for message in prompt.messages]  # type: ignore[arg-type]
    facts: dict[str, Any] = {
        "tool": step.call.tool,
        "arguments": step.call.arguments,
        "answer": answer,
        "is_error": step.observation.is_error,
        "status": step.observation.status,
        "kind": "write" if writes else "read",
        "state_in_view": True,
        "rows": sorted([entity, key] for entity, keys in prompt.shown.items() for key in keys),
        "named": [list(found) for found in named],
        "guard": _guard(world.tools[step.call.tool], step),
        "changes": [
            {"op": change.op, "entity": change.entity, "key": change.key, "fields": _fields(change)}
            for change in step.delta.changes
        ],
    }
    return identified(
        Record(
            id="",
            intent=INTENT,
            template=template,
            turns=(*turns, Turn("assistant", answer, loss=True)),
            domain=world.name,
            server=world.name,
            trajectory=name,
            at=at,
            facts=facts,
        )
    )


def _fields(change: Change) -> list[str]:
    before, after = change.before or {}, change.after or {}
    return [name for name, value in after.items() if before.get(name, _MISSING) != value]


def _guard(tool: Tool, step: Step) -> str:
    """The condition that an error came from, as the effect declares it; nothing where the call was carried out."""
    if not step.observation.is_error or tool.effect is None:
        return ""
    for part in walk(tool.effect.steps):
        if isinstance(part, Require) and _says(part.error, step.observation.text):
            return part.require
        if isinstance(part, Read) and not part.optional and part.missing and _says(part.missing, step.observation.text):
            return f"{part.read} exists"
    return "the named records exist"


def _says(template: str, text: str) -> bool:
    """Whether a template may have said this."""
    literal = [re.escape(part) for part in _HOLE.split(template)]
    return re.fullmatch(".*".join(literal), text, re.DOTALL) is not None
