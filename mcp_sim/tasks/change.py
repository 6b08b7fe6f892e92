"""A task to change something: a path found by trying, the goal that it leads to, and the words for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from mcp_sim.tasks.demands import demands
from mcp_sim.tasks.difficulty import difficulty
from mcp_sim.tasks.find import Finder, distinct
from mcp_sim.tasks.ground import Ground
from mcp_sim.tasks.names import Names
from mcp_sim.tasks.outcome import At, Outcome, outcomes
from mcp_sim.tasks.proof import NOTHING_SAID, nothing_done, passes, unread, writes_of
from mcp_sim.tasks.walk import walk
from mcp_sim.tasks.wording import instruction
from schemas.contracts.contract import Contract
from schemas.contracts.task import Asked, Task, Truth, goal_of
from schemas.marks import marks
from schemas.rows import key_text
from schemas.types import Change, Tool, Trace, World
from store import ground_truth


class NoTask(Exception):
    """An attempt that came to nothing; the text says why, in few words that are the same for all of its kind."""


@dataclass(frozen=True)
class _Goal:
    """Where a path leads."""

    outcomes: list[Outcome]
    truth: tuple[Truth, ...]


def change_task(ground: Ground, finder: Finder, seed: int, attempt: int, chance: Random, target: Tool) -> Task:
    """A task whose solution calls `target`, perhaps among others.

    Raises:
        NoTask: none was found this time.
    """
    length = chance.choices((1, 2, 3, 4), (40, 30, 18, 12))[0]
    hide = chance.choice((0.0, 0.5, 1.0))
    writes = walk(ground, seed, chance, target, length)
    if not writes:
        raise NoTask("no call was found that the service carries out")
    words = chance.getrandbits(64)
    goal, contract, names, path, trace = _solved(ground, finder, seed, writes, words, hide)
    while vain := _vain(ground, contract, seed, path, trace):  # the goal is reached without them: a shorter way to it
        writes = [asked for asked in writes if asked not in vain]
        goal, contract, names, path, trace = _solved(ground, finder, seed, writes, words, hide)
    about = frozenset(one.entity for one in goal.outcomes) | _named_entities(ground.world, path)
    return Task(
        name=contract.name,
        kind="change",
        contract=contract,
        difficulty=difficulty(ground.world, trace.steps, contract.instruction, about),
        seed=seed,
        attempt=attempt,
        path=path,
        truth=(*names.truth, *goal.truth),
    )


def _solved(
    ground: Ground, finder: Finder, seed: int, writes: Sequence[Asked], words: int, hide: float
) -> tuple[_Goal, Contract, Names, tuple[Asked, ...], Trace]:
    """The goal that these calls lead to, its contract, and a solution with what it looks at first."""
    goal = _goal(ground, seed, writes)
    contract, names = _contract(ground, seed, goal, writes, Random(words), hide)  # noqa: S311 - words, not a secret
    if passes(contract, nothing_done(contract, seed), None):
        raise NoTask("the calls came to nothing in the end")
    path = (*_reads(ground, finder, contract, writes), *writes)
    trace = ground.replay(seed, path)
    not_needed = frozenset(unread(contract, trace))
    if not_needed:
        path = tuple(asked for index, asked in enumerate(path) if index not in not_needed)
        trace = ground.replay(seed, path)
    if any(step.observation.is_error for step in trace.steps) or not passes(contract, trace, NOTHING_SAID):
        raise NoTask("what came of the calls depends on what was looked at before")
    return goal, contract, names, path, trace


def _vain(ground: Ground, contract: Contract, seed: int, path: Sequence[Asked], trace: Trace) -> list[Asked]:
    """A call that the goal is reached without, if there is one."""
    for index in reversed(writes_of(trace)):
        if passes(contract, ground.replay(seed, [asked for at, asked in enumerate(path) if at != index])):
            return [path[index]]
    return []


def _goal(ground: Ground, seed: int, writes: Sequence[Asked]) -> _Goal:
    """What SQL says after the calls, as far as it says the same at another moment."""
    with ground.trial(seed) as trial:
        now = _changes(trial, writes)
        given = frozenset(name for asked in writes for name in asked.arguments)
        with ground.trial(seed) as other:
            other.shift()
            later = _changes(other, writes)
        found = outcomes(ground.world, now, later, given)
        if not found:
            raise NoTask("what came of the calls depends on the moment")
        truth = []
        for one in found:
            fields = [*one.fields, *one.fresh]
            sql = ground_truth.fields_of(one.entity, one.key, fields)
            truth.append(Truth(sql=sql, rows=tuple(map(tuple, trial.ask(sql)))))
    return _Goal(found, tuple(truth))


def _changes(trial: Any, writes: Sequence[Asked]) -> list[Change]:
    for asked in writes:
        if trial.call(asked).is_error:
            raise NoTask("the calls do not go well every time")
    changes: list[Change] = trial.changed()
    return changes


def _contract(
    ground: Ground, seed: int, goal: _Goal, writes: Sequence[Asked], chance: Random, hide: float
) -> tuple[Contract, Names]:
    world = ground.world
    with ground.trial(seed) as trial:
        names = Names(world, ground.places, trial.ask, chance, hide)
        chosen = _ids(world, writes)
        text = instruction(world, chance, names, goal.outcomes, chosen)
    clauses = demands(world, goal.outcomes)
    if text is None or clauses is None:
        raise NoTask("the outcome cannot be told in few words")
    draft = Contract(name="draft", world=world, instruction=text, clauses=clauses)
    return draft.model_copy(update={"name": f"change-{goal_of(draft)}"}), names


def _reads(ground: Ground, finder: Finder, contract: Contract, writes: Sequence[Asked]) -> tuple[Asked, ...]:
    """What an agent looks at that knows nothing but its instruction, before it does this."""
    reads: list[Asked] = []
    for entity, key in sorted(_ids(ground.world, writes) & ground.places.keys()):
        if key in contract.instruction:
            continue
        way = finder.way_to(entity, key)
        if way is None:
            raise NoTask("an id that the calls need is shown nowhere")
        reads += way
    return distinct(reads)


def _ids(world: World, path: Sequence[Asked]) -> frozenset[At]:
    """The ids in the arguments."""
    found = set()
    for asked in path:
        finder = marks(world.tools[asked.tool].input_schema)
        for entity, _, value in finder(asked.arguments, "") if finder is not None else ():
            found.add((entity, key_text(value)))
    return frozenset(found)


def _named_entities(world: World, path: Sequence[Asked]) -> frozenset[str]:
    return frozenset(entity for entity, _ in _ids(world, path))
