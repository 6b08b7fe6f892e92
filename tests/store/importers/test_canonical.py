"""Our own traces as recorded calls."""

from __future__ import annotations

from mcp_sim.sessions import Sessions
from schemas.types import World
from tests.running import Running
from tests.store.importers.conftest import Reading


def test_a_trace_of_ours_is_read_step_by_step(reading: Reading, sessions: Sessions, harbour: World) -> None:
    running = Running(sessions, harbour)
    tool = next(name for name, tool in harbour.tools.items() if tool.effect and not tool.writes)
    running.ask(tool)
    running.ask(tool, nonsense=1)

    calls = reading.bytes(b"".join(sessions.trace(running.session.id)))

    assert [(call.tool, call.arguments, call.index) for call in calls] == [(tool, {}, 0), (tool, {"nonsense": 1}, 1)]
    assert (calls[1].is_error, calls[0].kind, calls[0].domain) == (True, "read", harbour.name)
    assert reading.told == []


def test_a_step_that_is_cut_off_is_told_and_the_rest_is_read(
    reading: Reading, sessions: Sessions, harbour: World
) -> None:
    running = Running(sessions, harbour)
    tool = next(iter(harbour.tools))
    for _ in range(3):
        running.ask(tool)
    header, *steps = b"".join(sessions.trace(running.session.id)).splitlines()

    calls = reading.bytes(b"\n".join([header, steps[0], steps[1][:40], steps[2]]))

    assert [call.index for call in calls] == [0, 1]
    assert reading.told == ["FILE:3: not a step of a trace; left out"]
