"""That a task can be done, that nothing does not do it, and that its solution holds no call in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcp_sim.contracts import Run, judge
from mcp_sim.tasks.ground import Ground, Trial
from schemas.contracts.conduct import KnownIds
from schemas.contracts.contract import Contract
from schemas.contracts.task import Asked, Moment, Task
from schemas.types import Trace
from store.traces.encode import VERSION

NOTHING_SAID = ""
"""What an agent says that says nothing."""


def passes(contract: Contract, trace: Trace, answer: str | None = NOTHING_SAID) -> bool:
    """Whether a session fulfils a contract."""
    return judge(contract, trace, Run(answer=answer)).passed


def nothing_done(contract: Contract, seed: int) -> Trace:
    """A session in which the agent made no call."""
    return Trace(VERSION, contract.world, seed)


def without(trace: Trace, index: int) -> Trace:
    """The same session, had the agent not made this call that changed nothing."""
    return replace(trace, steps=(*trace.steps[:index], *trace.steps[index + 1 :]))


def objections(ground: Ground, task: Task) -> list[str]:
    """Why a task is no good; nothing, if it is proved.

    Its solution, replayed, passes, each of its calls succeeds, and its statements give what they gave; no call at all
    fails; and so does the solution without any one of its calls that a clause can miss.
    """
    found = []
    with ground.trial(task.seed) as trial:
        found += _untrue(trial, task, "start")
        for number, asked in enumerate(task.path, 1):
            if (observation := trial.call(asked)).is_error:
                found.append(f"call {number} ({asked.tool}) fails: {observation.text}")
        trace = trial.trace()
        found += _untrue(trial, task, "end")
    verdict = judge(task.contract, trace, Run(answer=task.answer or NOTHING_SAID))
    found += [f"the solution breaks '{clause.clause}': {clause.message}" for clause in verdict.broken]
    nothing = nothing_done(task.contract, task.seed)
    for answer in (NOTHING_SAID, None):
        if passes(task.contract, nothing, answer):
            found.append("an agent that does nothing fulfils it")
    if task.asks and passes(task.contract, trace, NOTHING_SAID):
        found.append("an agent that says nothing fulfils it")
    if not found and task.kind == "change":
        found += [f"call {index + 1} is not needed" for index in idle(ground, task.contract, task.seed, task.path)]
    return found


def idle(ground: Ground, contract: Contract, seed: int, path: Sequence[Asked]) -> list[int]:
    """The calls of a path without which it still fulfils the contract, from the last to the first."""
    trace = ground.replay(seed, path)
    found = unread(contract, trace)
    for index in writes_of(trace):
        left = ground.replay(seed, [asked for at, asked in enumerate(path) if at != index])
        if passes(contract, left):
            found.append(index)
    return sorted(found, reverse=True)


def unread(contract: Contract, trace: Trace) -> list[int]:
    """The calls of a session that only look, and whose answers it could do without, from the last to the first."""
    knowing = tuple(clause for clause in contract.clauses if isinstance(clause, KnownIds))
    less = contract.model_copy(update={"clauses": knowing})
    left, found = trace, []
    for index in reversed(range(len(trace.steps))):
        if not trace.steps[index].delta.changes and passes(less, shorter := without(left, index)):
            left = shorter
            found.append(index)
    return found


def writes_of(trace: Trace) -> list[int]:
    """The calls of a session that changed something, if more than one did."""
    writes = [index for index, step in enumerate(trace.steps) if step.delta.changes]
    return writes if len(writes) > 1 else []


def _untrue(trial: Trial, task: Task, at: Moment) -> list[str]:
    return [
        f"SQL says otherwise by now: {truth.sql}"
        for truth in task.truth
        if truth.at == at and trial.ask(truth.sql) != list(map(list, truth.rows))
    ]
