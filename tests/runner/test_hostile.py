"""Agents that misbehave: each is its own outcome with a clear sentence, and nothing of it outlives its trial."""

from __future__ import annotations

import asyncio
import sys

import pytest

from mcp_sim.runner import CaseResult, Limits, cases_of, run
from mcp_sim.runner.command import MOST_OUTPUT
from tests.runner.conftest import DRACO, Processes, TryOne, command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="waits for processes by their descriptors")


def verdict(result: CaseResult) -> tuple[str, str | None]:
    return result.outcome, result.trouble


def test_an_agent_that_does_its_job_passes(tried_once: TryOne) -> None:
    result = tried_once(command("does_the_job"))
    assert verdict(result) == ("passed", None)
    assert (result.told, result.status, result.output) == ("", 0, "")
    assert [step.call.tool for step in result.trace.steps] == ["build_ship"]


def test_a_command_that_is_not_there_is_no_fair_trial(tried_once: TryOne) -> None:
    result = tried_once("no-such-agent --now")
    assert verdict(result) == ("error", "not-started")
    assert result.told == "The agent did not start: there is no command 'no-such-agent'."
    assert result.verdict is None


def test_a_command_that_may_not_be_run_says_why(tried_once: TryOne) -> None:
    result = tried_once("/etc/passwd")
    assert result.told == "The agent did not start: '/etc/passwd' cannot be run: permission denied."


def test_a_task_that_no_argument_can_hold_is_told(tried_once: TryOne) -> None:
    result = tried_once(f"{sys.executable} -c pass {'{task}' * 3000}")
    assert verdict(result) == ("error", "not-started")
    assert "argument list too long" in result.told


def test_an_agent_that_ends_without_connecting(tried_once: TryOne) -> None:
    result = tried_once(command("does_nothing"))
    assert verdict(result) == ("error", "never-connected")
    assert result.told.startswith("The agent ended without connecting: the address is in MCP_SIM_URL")
    assert result.verdict is None


def test_an_agent_that_connects_and_calls_nothing_fails(tried_once: TryOne) -> None:
    result = tried_once(command("only_lists_tools"))
    assert verdict(result) == ("failed", "no-call")
    assert result.told == "The agent connected and called no tool."


def test_agents_that_do_not_end_are_ended_and_judged_as_far_as_they_came(processes: Processes) -> None:
    async def all_at_once() -> list[CaseResult]:
        (case,) = cases_of([DRACO])
        ways = ("never_connects", "hangs", "hangs_and_will_not_end")
        reports = (run([case], command(way), limits=Limits(timeout=3)) for way in ways)
        return [report.results[0] for report in await asyncio.gather(*reports)]

    silent, *hung = asyncio.run(all_at_once())
    assert verdict(silent) == ("error", "never-connected")
    assert silent.told.startswith("The agent did not connect within 3 s")
    for result in hung:
        assert verdict(result) == ("failed", "hung")
        assert result.told == "The agent did not end within 3 s, and was stopped after 1 call."
        assert result.status is None
        assert result.verdict is not None
        assert result.verdict.passed
    assert len(processes.noted) == 3
    assert processes.all_ended(within=0)


def test_an_agent_that_floods_is_stopped_at_its_limit(tried_once: TryOne) -> None:
    result = tried_once(command("floods"), calls=30)
    assert verdict(result) == ("failed", "flooded")
    assert result.told == "The agent made more than 30 calls and was stopped."
    assert len(result.trace.steps) == 30


def test_the_budget_of_a_contract_says_what_a_flood_is(tried_once: TryOne) -> None:
    result = tried_once(command("floods"))
    assert result.told == "The agent made more than 100 calls and was stopped."
    assert result.verdict is not None
    assert [clause.verb for clause in result.verdict.broken] == ["row", "budget"]


def test_a_flood_of_requests_that_call_nothing_is_stopped_as_well(tried_once: TryOne) -> None:
    result = tried_once(command("floods_with_requests"), calls=5)
    assert verdict(result) == ("failed", "flooded")
    assert result.told == "The agent sent more than 150 requests and was stopped after 0 calls."


def test_garbage_on_the_output_harms_nobody(tried_once: TryOne) -> None:
    result = tried_once(command("writes_garbage"))
    assert verdict(result) == ("passed", None)
    assert "red" in result.output
    assert len(result.output) < 64 * 1024
    assert all(sign.isprintable() or sign == "\n" for sign in result.output)


def test_output_without_end_ends_the_agent(tried_once: TryOne) -> None:
    result = tried_once(command("writes_without_end"))
    assert verdict(result) == ("failed", "garbage")
    assert result.told == f"The agent wrote more than {MOST_OUTPUT // 2**20} MiB of output and was stopped."
    assert len(result.output) < 64 * 1024


def test_garbage_sent_to_the_endpoint_is_told_as_such(tried_once: TryOne) -> None:
    result = tried_once(command("sends_garbage"))
    assert verdict(result) == ("failed", "garbage")
    assert (
        result.told
        == "The agent sent 5 requests that are no MCP message; the first begins with: \ufffd\ufffd\ufffd<xml>"
    )


def test_an_agent_that_gives_up_says_its_last_words(tried_once: TryOne) -> None:
    result = tried_once(command("gives_up"))
    assert verdict(result) == ("failed", "crashed")
    told = "The agent ended with exit status 3 after 1 call; its last words: no idea what to do next"
    assert (result.told, result.status) == (told, 3)
    assert result.verdict is not None


def test_an_agent_that_is_killed_says_by_what(tried_once: TryOne) -> None:
    result = tried_once(command("dies"))
    assert verdict(result) == ("failed", "crashed")
    assert (result.told, result.status) == ("The agent was killed by SIGKILL after 1 call.", -9)


@pytest.mark.parametrize("way", ["leaves_a_child", "leaves_an_orphan_in_a_session_of_its_own"])
def test_children_that_are_left_behind_are_found_and_killed(way: str, tried_once: TryOne, processes: Processes) -> None:
    result = tried_once(command(way))
    assert verdict(result) == ("failed", "left-children")
    assert result.told == "The agent left 1 process behind, now killed: sleep 1000000"
    assert len(processes.noted) == 1
    assert processes.all_ended(within=0)


def test_a_child_that_ends_right_after_its_agent_is_not_held_against_it(tried_once: TryOne) -> None:
    assert verdict(tried_once(command("leaves_a_child_that_ends"))) == ("passed", None)


@pytest.mark.slow
def test_an_agent_that_stops_its_keeper_does_not_escape(tried_once: TryOne, processes: Processes) -> None:
    assert verdict(tried_once(command("stops_its_keeper"), timeout=3)) == ("failed", "hung")
    assert len(processes.noted) == 1
    assert processes.all_ended()


def test_an_agent_that_kills_its_keeper_does_not_escape(tried_once: TryOne, processes: Processes) -> None:
    result = tried_once(command("kills_its_keeper"))
    assert verdict(result) == ("failed", "crashed")
    assert len(processes.noted) == 2
    assert processes.all_ended()
