"""The act of one call: what is refused at the door, what a failure leaves, who is served when."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.responders.base import Effort
from mcp_sim.sessions import Sessions
from schemas.types import Call, Draft, Observation, View, World
from store.db import Database
from store.traces.encode import decode_step
from tests.running import Running
from tests.schemas.values import json_values, texts

Act = Callable[..., Running]


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("get_ship", {}, "'id' is required"),
        ("get_ship", {"id": 5}, "id: must be of type string (got 5)"),
        ("get_ship", {"idd": "S-001"}, "'idd' is not known (did you mean 'id'?); known: id"),
        ("list_ships", {"sort": "nam"}, 'sort: must be one of "name", "-name", "tonnes", "-tonnes" (got "nam")'),
        ("list_ships", {"limit": 99}, "limit: 99 is greater than the maximum of 50"),
        ("build_ship", {"name": "", "yard": "x"}, 'name: "" is shorter than 1 character'),
        ("get_ship", {"id": float("nan")}, "/id: NaN and Infinity are not JSON"),
        ("get_ship", {"id": [{"x": float("-inf")}]}, "/id/0/x: NaN and Infinity are not JSON"),
        ("get_ship", {"id": "\ud800"}, "not plain JSON: str is not valid UTF-8: surrogates not allowed"),
        ("get_ship", {"id": 2**64}, "not plain JSON: Integer exceeds 64-bit range"),
        ("get_ship", {"id": 2**63}, f"/id: {2**63} does not fit into 64 bits"),
        ("get_ship", {"id": "a\0b"}, "/id: a text cannot hold NUL characters"),
        ("get_ship", {"id": {1: 2}}, "not plain JSON: Dict key must be str"),
        ("get_ship", {"id": "x" * 5_000_000}, "5,000,009 bytes are too many; at most 1,048,576"),
    ],
)
def test_a_wrong_argument_is_named_with_its_fault_and_what_is_allowed(
    running: Running, tool: str, arguments: dict[str, Any], message: str
) -> None:
    found = running.refused(tool, **arguments)
    assert found.startswith(f"400 Invalid arguments for {tool}: ")
    assert message in found
    assert len(found) < 500


def test_every_wrong_argument_is_told_at_once(running: Running) -> None:
    found = running.refused("build_ship", name=5, tonnes=-1, colour="red")
    for part in ("name: must be", "tonnes: -1", "'colour' is not known", "'yard' is required"):
        assert part in found


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [300, 100_000])
def test_arguments_nested_too_deeply_are_refused(running: Running, depth: int) -> None:
    assert running.refused("get_ship", id=nested(depth)).endswith("not plain JSON: Recursion limit reached")


def test_a_refused_call_is_recorded_without_what_cannot_be_kept(running: Running) -> None:
    running.refused("get_ship", id=float("nan"))
    running.refused("get_ship", id="x" * 5_000_000)
    running.refused("get_ship", idd="S-001")
    calls = [decode_step(line).call.arguments for line in running.trace().splitlines()[1:]]
    assert calls == [
        {"$left_out": "/id: NaN and Infinity are not JSON"},
        {"$left_out": "5,000,009 bytes are too many; at most 1,048,576"},
        {"idd": "S-001"},
    ]


def test_an_unknown_tool_names_the_nearest_and_is_a_step_like_any_other(running: Running) -> None:
    assert running.refused("get_shp", id="S-001") == "404 no tool 'get_shp' (did you mean 'get_ship'?)"
    for name in ("x" * 100_000, "a\0b\ud800\n", ""):
        assert len(running.refused(name)) < 300
    steps = [decode_step(line) for line in running.trace().splitlines()[1:]]
    assert [(step.responder, step.reason) for step in steps] == [("validate", "the world has no such tool")] * 4
    assert [step.call for step in steps] == [
        Call("get_shp", {"id": "S-001"}),
        Call("x" * 128 + "…", {}),
        Call("a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}", {}),
        Call("", {}),
    ]
    assert all(step.observation.status == 404 and not step.delta.changes for step in steps)


def test_a_failing_effect_writes_nothing_and_says_where_it_failed(act: Act) -> None:
    running = act(
        {"delete": "ship", "key": "'S-003'"},
        {"create": "dock", "values": {"name": "East", "open": True}},
        returns="{1 / args.a}",
    )
    found = running.fault("act", a=0)
    assert re.search(r"^tool 'act', /effect/returns: `1 / args.a`: division by zero$", found)
    running.done("act", a=1)
    assert running.rows()["dock"]["D-03"]["name"] == "East"


def test_changes_that_the_database_alone_refuses_are_a_refusal_too(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_sim.session.check", lambda *_: [])
    assert running.refused("build_ship", name="Aurora", yard="Leith") == "409 two rows hold the same unique value"
    step = decode_step(running.trace().splitlines()[-1])
    assert [violation.rule for violation in step.attempts[0].violations] == ["database"]
    assert running.done("build_ship", name="Dora", yard="Leith")["id"] == "S-004"


class Waiting:
    """A responder that changes a row, but only after the signal."""

    name = "waiting"
    tries = 1
    invents = False

    def __init__(self, inner: Any) -> None:
        self.started = asyncio.Event()
        self.signal = asyncio.Event()
        self.served: list[Any] = []
        self._inner = inner

    async def respond(self, call: Call, view: View, effort: Effort) -> Draft:
        self.started.set()
        await self.signal.wait()
        self.served.append(call.arguments.get("name"))
        draft: Draft = await self._inner.respond(call, view, effort)
        return draft


def waiting(running: Running, tool: str) -> Waiting:
    compiled = running.session.registry.tools[tool]
    found = Waiting(compiled.route[0][0])
    compiled.route = ((found, "test"),)
    return found


@pytest.fixture
def alone(sessions: Sessions, harbour: World) -> Running:
    """A harbour of its own, whose responders may be exchanged."""
    return Running(sessions, World.model_validate(harbour.model_dump(mode="json", by_alias=True)))


def test_a_cancelled_call_writes_nothing_and_frees_the_session(alone: Running) -> None:
    responder = waiting(alone, "build_ship")
    before, trace = alone.rows(), alone.trace()

    async def cancel() -> None:
        task = asyncio.create_task(alone.session.call(Call("build_ship", {"name": "Dora", "yard": "Leith"})))
        await responder.started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not alone.session.busy

    asyncio.run(cancel())
    assert (alone.rows(), alone.trace()) == (before, trace)
    responder.signal.set()
    assert alone.done("build_ship", name="Dora", yard="Leith")["id"] == "S-004"


def test_a_call_that_waits_for_its_turn_can_be_cancelled(alone: Running) -> None:
    responder = waiting(alone, "build_ship")

    async def cancel() -> list[Observation]:
        calls = [Call("build_ship", {"name": name, "yard": "Leith"}) for name in ("first", "second", "third")]
        tasks = [asyncio.create_task(alone.session.call(call)) for call in calls]
        await responder.started.wait()
        tasks[1].cancel()
        responder.signal.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[1], asyncio.CancelledError)
        return [observation for observation in found if isinstance(observation, Observation)]

    assert [observation.structured_content["id"] for observation in asyncio.run(cancel())] == ["S-004", "S-005"]
    assert responder.served == ["first", "third"]


def test_fifty_calls_at_once_are_served_in_the_order_in_which_they_came(alone: Running) -> None:
    responder = waiting(alone, "build_ship")
    names = [f"Ship {n:02}" for n in range(50)]

    async def call_all() -> list[Observation]:
        calls = [alone.session.call(Call("build_ship", {"name": name, "yard": "Leith"})) for name in names]
        tasks = [asyncio.create_task(call) for call in calls]
        await responder.started.wait()
        responder.signal.set()
        return await asyncio.gather(*tasks)

    answers = asyncio.run(call_all())
    assert responder.served == names
    assert [answer.structured_content["id"] for answer in answers] == [f"S-{n:03}" for n in range(4, 54)]
    steps = [decode_step(line) for line in alone.trace().splitlines()[1:]]
    assert [step.call.arguments["name"] for step in steps] == names
    assert [step.n for step in steps] == list(range(1, 51))


def test_sessions_do_not_wait_for_one_another(sessions: Sessions, alone: Running, harbour: World) -> None:
    responder = waiting(alone, "build_ship")
    other = sessions.create(harbour)

    async def call_both() -> Observation:
        held = asyncio.create_task(alone.session.call(Call("build_ship", {"name": "Dora", "yard": "Leith"})))
        await responder.started.wait()
        answer = await asyncio.wait_for(other.call(Call("get_ship", {"id": "S-001"})), 5)
        responder.signal.set()
        await held
        return answer

    assert asyncio.run(call_both()).structured_content["name"] == "Aurora"


@given(
    tool=st.sampled_from(["list_ships", "get_ship", "build_ship", "moor_ship", "scrap_ship", "forecast"]),
    data=st.data(),
)
def test_any_arguments_are_answered_and_the_trace_stays_readable(
    harbour: World, tool: str, data: st.DataObject
) -> None:
    properties: Any = harbour.tools[tool].input_schema["properties"]
    names = st.sampled_from(list(properties)) | texts
    ids = st.sampled_from(["S-001", "S-003", "D-01", "D-02", ""])
    database = Database("sqlite://")
    running = Running(Sessions(database), harbour)
    for _ in range(3):
        arguments = data.draw(st.dictionaries(names, ids | json_values, max_size=4))
        observation = asyncio.run(running.session.call(Call(tool, arguments)))
        assert observation.status in (200, 400, 404, 409, 422)
        assert observation.is_error == (observation.status >= 400)
    assert [json.loads(line)["n"] for line in running.trace().splitlines()[1:]] == [1, 2, 3]
    database.close()
