"""An environment: tasks, tools and rewards, many side by side, over MCP as well."""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor

import pytest
from mcp.client import Client

from mcp_sim.env import Environment, Hall, NotReset, environment_class, rows
from mcp_sim.errors import BadPerturbation, SetupError, UnknownSession
from mcp_sim.tasks import make_tasks
from schemas.contracts.task import Task
from schemas.load import shipped_world


def solve(environment: Environment, task: Task) -> None:
    for asked in task.path:
        assert not environment.call(asked.tool, asked.arguments).is_error
    if task.answer is not None:
        environment.say(task.answer)


def test_a_solved_task_is_worth_one(environment: Environment, tasks: list[Task]) -> None:
    for task in tasks:
        assert environment.reset(task) == task.instruction
        solve(environment, task)
        reward = environment.reward()
        assert (reward.value, reward.passed, reward.held, reward.reached, reward.kept) == (1, True, 1, 1, 1)
        assert (reward.calls, reward.errors, reward.is_fair) == (len(task.path), 0, True)


def test_nothing_done_is_worth_nothing_and_spoils_nothing(environment: Environment, tasks: list[Task]) -> None:
    for task in tasks:
        environment.reset(task)
        reward = environment.reward()
        assert (reward.value, reward.reached, reward.kept) == (0, 0, 1)
        assert 0 < reward.held < 1


def test_a_part_of_the_way_is_worth_a_part(environment: Environment, task: Task) -> None:
    environment.reset(task)
    worth = [environment.reward().reached]
    for asked in task.path:
        environment.call(asked.tool, asked.arguments)
        worth.append(environment.reward().reached)
    assert worth == sorted(worth)
    assert any(0 < part < 1 for part in worth)
    assert worth[-1] == 1


def test_collateral_is_told_apart_from_progress(environment: Environment, tasks: list[Task]) -> None:
    one, other = [task for task in tasks if task.kind == "change"][:2]
    environment.reset(one)
    solve(environment, one)
    for asked in other.path:
        environment.call(asked.tool, asked.arguments)
    reward = environment.reward()
    assert (reward.value, reward.passed) == (0, False)
    assert reward.kept < 1


def test_a_question_is_answered_by_what_is_said(environment: Environment, question: Task) -> None:
    environment.reset(question)
    for asked in question.path:
        environment.call(asked.tool, asked.arguments)
    assert not environment.reward().passed
    environment.say("I do not know")
    assert not environment.reward().passed
    environment.say(str(question.answer))
    assert environment.verdict().passed


def test_a_reset_begins_anew(environment: Environment, task: Task) -> None:
    environment.reset(task)
    solve(environment, task)
    environment.reset(task)
    assert environment.trace().steps == ()
    assert environment.reward().value == 0


def test_what_an_agent_does_wrong_is_an_observation(environment: Environment, task: Task) -> None:
    environment.reset(task)
    for tool, arguments in [
        ("get_shipp", {}),
        ("get_ship", {"idd": 1}),
        ("get_ship", [1]),
        ("", None),
        ("get_ship", {1: 2}),
    ]:
        found = environment.call(tool, arguments)  # type: ignore[arg-type]
        assert found.is_error
        assert found.text
    assert "did you mean 'get_ship'?" in environment.call("get_shipp").text
    assert environment.reward().errors == 4  # what is no object of arguments was no call


def test_the_tools_are_typed_functions_that_never_raise(environment: Environment, task: Task) -> None:
    environment.reset(task)
    tools = environment.tools
    assert set(tools) == set(task.world.tools)
    get_ship = tools["get_ship"]
    assert get_ship.__name__ == "get_ship"
    assert inspect.signature(get_ship).return_annotation is str
    first = next(iter(task.world.rows["ship"]))["id"]
    assert f'"{first}"' in get_ship(first)
    assert get_ship(id=first) == get_ship(first)
    for wrong in (get_ship(), get_ship(nothing=1), get_ship(1, 2, 3), get_ship(id="nowhere")):
        assert wrong.startswith("error: ")


def test_sessions_of_one_seed_are_alike(hall: Hall, task: Task) -> None:
    with Environment(hall) as one, Environment(hall) as other:
        for environment in (one, other):
            environment.reset(task, seed=9)
            solve(environment, task)
        assert one.trace().steps == other.trace().steps
        assert one.trace().seed == 9


def test_perturbations_come_by_profile_and_an_unknown_one_is_told(environment: Environment, task: Task) -> None:
    environment.reset(task, profile="rate-limited")
    assert environment.trace().regimes
    with pytest.raises(BadPerturbation, match="did you mean 'flaky'"):
        environment.reset(task, profile="flakey")


def test_without_a_task_there_is_nothing_to_ask(environment: Environment, task: Task) -> None:
    with pytest.raises(NotReset, match="give it one with reset"):
        environment.reward()
    environment.reset(task)
    gone = environment.session_id
    environment.close()
    with pytest.raises(NotReset):
        environment.call("get_ship")
    with pytest.raises(UnknownSession):
        environment._hall.sessions.info(gone)


def test_an_mcp_client_finds_the_same_session(environment: Environment, task: Task) -> None:
    environment.reset(task)

    async def play() -> list[str]:
        async with Client(environment.address) as client:
            for asked in task.path:
                await client.call_tool(asked.tool, dict(asked.arguments))
            return [tool.name for tool in (await client.list_tools()).tools]

    assert asyncio.run(play()) == list(task.world.tools)
    assert environment.reward().passed


def test_nothing_is_served_before_an_address_is_asked_for(hall: Hall, task: Task) -> None:
    with Environment(hall) as environment:
        environment.reset(task)
        assert hall._serving is None


def test_three_hundred_sessions_run_side_by_side(hall: Hall, tasks: list[Task]) -> None:
    environments = [Environment(hall) for _ in range(300)]
    chosen = [tasks[index % len(tasks)] for index in range(300)]

    def play(environment: Environment, task: Task) -> bool:
        environment.reset(task)
        solve(environment, task)
        return environment.reward().passed

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(play, environments, chosen))
    assert len({environment.session_id for environment in environments}) == 300
    assert len(hall.sessions._registries) == 1


def test_a_class_for_trl_has_the_tools_as_its_methods(hall: Hall, tasks: list[Task]) -> None:
    kind = environment_class(tasks, hall=hall)
    public = {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}
    assert public == {*tasks[0].world.tools, "reset", "get_reward", "answer"}
    environment = kind()
    for task, row in zip(tasks, rows(tasks), strict=True):
        assert environment.reset(**row) == task.instruction
        assert environment.get_reward() == 0
        for asked in task.path:
            assert not getattr(environment, asked.tool)(**asked.arguments).startswith("error")
        if task.answer is not None:
            environment.answer(task.answer)
        assert environment.get_reward() == 1


def test_a_class_without_questions_takes_no_answer_and_weighs_as_told(hall: Hall, task: Task) -> None:
    kind = environment_class([task], worth=lambda reward: 5 * reward.kept, hall=hall)
    environment = kind()
    assert not hasattr(environment, "answer")
    assert environment.reset() == task.instruction
    assert environment.get_reward() == 5
    with pytest.raises(SetupError, match="there is no task 'x'"):
        environment.reset(task="x")


def test_one_class_has_one_world(tasks: list[Task]) -> None:
    others = make_tasks(shipped_world("shop"), 1)
    with pytest.raises(SetupError, match="environments of one class have one world"):
        environment_class([*tasks, *others])
