"""Replay: exact answers by tool, arguments and state; a miss is loud."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp_sim.sessions import Sessions
from mcp_sim.traffic.recording import Recording
from mcp_sim.traffic.replay import MISS, Replay
from mcp_sim.traffic.worlds import called, world_of
from schemas.recorded import RecordedCall
from schemas.types import Call, Observation
from store.db import Database
from store.traces.redaction import redact
from tests.traffic.conftest import agent

UUID = "0b9c3a52-7f10-4d2e-9a57-1c2d3e4f5a6b"
OTHER = "f47ac10b-58cc-4372-a567-0e02b2c3d479"


def recorded(*calls: tuple[str, dict[str, Any], Any], trajectory: str = "a") -> list[RecordedCall]:
    """Calls with their answers: what begins with `get` or `list` reads; an answer that begins with `no` is an error."""
    return [
        RecordedCall(
            trajectory,
            index,
            tool,
            arguments,
            str(said),
            str(said).startswith("no "),
            structured=None if isinstance(said, str) else said,
            kind="read" if tool.startswith(("get", "list")) else "write",
            source=f"{trajectory}:{index}",
        )
        for index, (tool, arguments, said) in enumerate(calls)
    ]


def ask(calls: list[RecordedCall], *asked: tuple[str, dict[str, Any]]) -> list[Observation]:
    """What a replay of these calls says to these."""
    world = world_of("replayed", called(calls))
    someone = agent(world, Replay(Recording(calls, world.tools)))

    async def talk() -> list[Observation]:
        return [(await someone.call(tool, **arguments)).observation for tool, arguments in asked]

    return asyncio.run(talk())


DOOR = recorded(
    ("get_door", {}, "open"),
    ("list_doors", {}, "one"),
    ("shut_door", {"who": "Ada"}, "done"),
    ("get_door", {}, "shut"),
    ("open_door", {"who": "Ada"}, "no key"),
    ("get_door", {}, "shut, and locked"),
)


def test_equal_calls_are_answered_by_the_state_that_they_met_not_in_the_order_of_the_recording() -> None:
    said = ask(
        DOOR, ("list_doors", {}), ("get_door", {}), ("get_door", {}), ("shut_door", {"who": "Ada"}), ("get_door", {})
    )
    assert [one.text for one in said] == ["one", "open", "open", "done", "shut"]


def test_a_failed_write_leaves_the_state_as_it_was() -> None:
    said = ask(DOOR, ("shut_door", {"who": "Ada"}), ("open_door", {"who": "Ada"}), ("get_door", {}))
    assert [(one.text, one.is_error) for one in said] == [("done", False), ("no key", True), ("shut", False)]


def test_a_miss_names_the_nearest_recorded_call_and_what_differs() -> None:
    (wrong,) = ask(DOOR, ("shut_door", {"who": "Bob"}))
    assert wrong.is_error
    assert wrong.wire is not None
    assert wrong.wire.code == MISS
    assert wrong.text == (
        "Replay: shut_door(who='Bob') was not recorded in this state; "
        "nearest is shut_door(who='Ada') at a:2, which has /who: 'Ada', not 'Bob'"
    )


def test_a_call_in_a_state_that_was_never_recorded_is_a_miss_and_changes_nothing() -> None:
    early, shut, again = ask(
        DOOR, ("open_door", {"who": "Ada"}), ("shut_door", {"who": "Ada"}), ("shut_door", {"who": "Ada"})
    )
    assert early.text.endswith("which came after shut_door, and this one comes after no write")
    assert shut.text == "done"
    assert again.text.endswith("which came after no write, and this one comes after shut_door")


ORDER = recorded(
    ("put_order", {"request": UUID, "at": "2026-11-21T18:00:00Z", "item": "tea"}, {"order": 7, "request": UUID}),
    ("get_order", {"request": UUID}, {"order": 7, "state": f"asked for by {UUID}"}),
    ("get_order", {"request": "order-0001"}, "no order"),
)


def test_an_id_that_the_agent_makes_up_is_the_recorded_one_from_then_on() -> None:
    made, read = ask(
        ORDER,
        ("put_order", {"request": OTHER, "at": "2027-01-02T03:04:05Z", "item": "tea"}),
        ("get_order", {"request": OTHER}),
    )
    assert made.structured_content == {"order": 7, "request": OTHER}
    assert read.structured_content["state"] == f"asked for by {OTHER}"


def test_an_id_stands_for_one_recorded_id_alone() -> None:
    made, mixed_up, what_was_meant = ask(
        ORDER,
        ("put_order", {"request": OTHER, "at": "2027-01-02", "item": "tea"}),
        ("get_order", {"request": OTHER.replace("f", "e")}),
        ("put_order", {"request": OTHER, "at": "2027-01-02", "item": "coffee"}),
    )
    assert not made.is_error
    assert mixed_up.text.startswith("Replay: get_order(")
    assert what_was_meant.text.startswith("Replay: put_order(")


def test_an_id_that_the_service_gave_is_no_id_of_the_agent() -> None:
    calls = recorded(("list_orders", {}, {"orders": ["order-00017"]}), ("get_order", {"id": "order-00017"}, "tea"))
    (wrong,) = ask(calls, ("get_order", {"id": "order-00018"}))
    assert wrong.text.startswith("Replay: get_order(")


def test_a_secret_that_was_taken_out_of_the_recording_is_known_again() -> None:
    secret = {"password": "open-Sesame1", "user": "ada"}
    calls = recorded(("log_in", redact(secret)[0], "welcome"))
    assert ask(calls, ("log_in", secret))[0].text == "welcome"


def test_every_trajectory_of_a_recording_starts_at_the_beginning() -> None:
    calls = [*DOOR, *recorded(("paint_door", {}, "red"), ("get_door", {}, "red and open"), trajectory="b")]
    assert [one.text for one in ask(calls, ("paint_door", {}), ("get_door", {}))] == ["red", "red and open"]


def test_a_branch_goes_on_where_it_left() -> None:
    world = world_of("replayed", called(DOOR))
    sessions = Sessions(Database("sqlite://"), modes={world: Replay(Recording(DOOR, world.tools))})

    async def talk() -> list[str]:
        first = sessions.create(world, perturbations=())
        await first.call(Call("shut_door", {"who": "Ada"}))
        second = sessions.branch(first.id)
        third = sessions.branch(first.id, at=0)
        return [(await one.call(Call("get_door", {}))).text for one in (first, second, third)]

    assert asyncio.run(talk()) == ["shut", "shut", "open"]
