"""Generated tasks: solvable, not solved by nothing, without a call in vain, each once, and the same every time."""

from __future__ import annotations

import pytest

from mcp_sim.contracts import Run, judge
from mcp_sim.tasks import Ground, NoTasks, make_tasks, objections
from mcp_sim.tasks.proof import idle, nothing_done, passes
from schemas.contracts.check import check_contract
from schemas.contracts.task import Asked, Task, encode_task
from schemas.load import shipped_world
from schemas.types import Pack, Tool, World
from tests.tasks.conftest import N


def test_every_task_is_proved(ground: Ground, tasks: list[Task]) -> None:
    assert len(tasks) == N
    assert [found for task in tasks for found in objections(ground, task)] == []


def test_every_contract_is_one_that_could_stand_in_a_file(tasks: list[Task]) -> None:
    assert [found for task in tasks for found in check_contract(task.contract)] == []


def test_an_agent_that_does_nothing_fails_whatever_it_says(tasks: list[Task]) -> None:
    for task in tasks:
        nothing = nothing_done(task.contract, task.seed)
        for said in (None, "", "I am done.", task.answer):
            assert not passes(task.contract, nothing, said), (task.name, said)


def test_a_solution_holds_no_call_in_vain(ground: Ground, changes: list[Task]) -> None:
    for task in changes:
        assert idle(ground, task.contract, task.seed, task.path) == [], task.name


def test_a_call_in_vain_is_seen(ground: Ground, changes: list[Task]) -> None:
    task = next(task for task in changes if len(task.path) == 1)
    look = next(tool.name for tool in ground.reading if not tool.input_schema.get("required"))
    padded = task.model_copy(update={"path": (Asked(tool=look), *task.path)})
    assert objections(ground, padded) == ["call 1 is not needed"]


def test_a_change_beyond_what_was_asked_fails(ground: Ground, changes: list[Task]) -> None:
    one, other = changes[0], next(task for task in changes[1:] if task.path[-1] != changes[0].path[-1])
    trace = ground.replay(one.seed, [*one.path, *other.path])
    assert trace.steps[-1].delta.changes
    assert not passes(one.contract, trace)


def test_a_wrong_answer_fails_and_the_right_one_may_come_with_words(ground: Ground, questions: list[Task]) -> None:
    for task in questions:
        trace = ground.replay(task.seed, task.path)
        assert task.answer is not None
        for right in (task.answer, f"I have looked it up.\n\n{task.answer}\n"):
            assert judge(task.contract, trace, Run(answer=right)).passed, (task.instruction, right)
        for wrong in ("", "none", "-1", f"9{task.answer}", f"{task.answer}\nor perhaps not"):
            assert not judge(task.contract, trace, Run(answer=wrong)).passed, (task.instruction, wrong)


def test_the_truth_is_what_sql_says(ground: Ground, tasks: list[Task]) -> None:
    for task in tasks:
        assert task.truth
        with ground.trial(task.seed) as trial:
            for truth in task.truth:
                if truth.at == "start":
                    assert trial.ask(truth.sql) == list(map(list, truth.rows))
            for asked in task.path:
                assert not trial.call(asked).is_error
            for truth in task.truth:
                if truth.at == "end":
                    assert trial.ask(truth.sql) == list(map(list, truth.rows))


def test_a_task_whose_truth_has_changed_is_objected_to(ground: Ground, questions: list[Task]) -> None:
    task = questions[0]
    (truth, *_) = task.truth
    false = task.model_copy(update={"truth": (truth.model_copy(update={"rows": (("no",),)}),)})
    assert objections(ground, false) == [f"SQL says otherwise by now: {truth.sql}"]


def test_no_task_comes_twice(tasks: list[Task]) -> None:
    assert len({task.name for task in tasks}) == len(tasks)
    assert len({task.instruction for task in tasks}) == len(tasks)


def test_the_first_tasks_do_not_depend_on_how_many_are_made(harbour: World, tasks: list[Task]) -> None:
    few = make_tasks(harbour, 9, seed=5)
    assert [encode_task(task) for task in few] == [encode_task(task) for task in tasks[:9]]


def test_another_seed_gives_other_tasks(harbour: World, tasks: list[Task]) -> None:
    others = {task.instruction for task in make_tasks(harbour, 9, seed=6)}
    assert len(others - {task.instruction for task in tasks}) >= 6


def test_tasks_reach_the_world_and_are_of_several_levels(harbour: World, tasks: list[Task]) -> None:
    called = {asked.tool for task in tasks for asked in task.path}
    assert {tool.name for tool in harbour.tools.values() if tool.writes} <= called
    assert {name for task in tasks for name in task.entities} >= {"ship", "sailor", "dock"}
    assert len({task.difficulty.level for task in tasks}) >= 3


def test_what_is_hidden_has_to_be_found_first(ground: Ground, changes: list[Task]) -> None:
    hiding = [task for task in changes if task.difficulty.reads]
    assert hiding
    for task in hiding:
        assert task.difficulty.depth > 1
        writes = [asked for asked in task.path if ground.world.tools[asked.tool].writes]
        verdict = judge(task.contract, ground.replay(task.seed, writes), Run(answer=""))
        assert [clause.verb for clause in verdict.broken] == ["known_ids"], task.name


@pytest.mark.parametrize("name", ["shop", "helpdesk", "mars-colony"])
def test_the_shipped_worlds_give_tasks(name: str) -> None:
    world = shipped_world(name)
    with Ground(world) as ground:
        for task in make_tasks(world, 4, seed=11):
            assert objections(ground, task) == []
            assert check_contract(task.contract) == []


def test_a_world_without_effects_gives_no_tasks() -> None:
    world = World(name="still", packs=(Pack(name="still", tools={"look": Tool(name="look")}),))
    with pytest.raises(NoTasks, match=r"world 'still' has no tool with a declared effect"):
        make_tasks(world, 1)
