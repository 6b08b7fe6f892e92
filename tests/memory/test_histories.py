"""What a history is made of, byte for byte: branches and rewinds equal their parent, traces rebuild it without a store."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.sessions import Sessions
from schemas.load import load_world
from schemas.types import Call, World
from store.db import Database
from store.provenance import Provenance, Standing
from store.traces.encode import decode_step, encode_header, encode_step
from store.traces.replay import TraceError, read_trace, view
from tests.running import HARBOUR

WORLD = load_world(HARBOUR)
CALLS: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.one_of(
    st.builds(lambda n: ("build_ship", {"name": f"ship {n}", "yard": "Leith"}), st.integers(0, 30)),
    st.builds(lambda n: ("scrap_ship", {"id": f"S-{n:03}"}), st.integers(1, 8)),
    st.builds(lambda n: ("moor_ship", {"id": f"S-{n:03}", "dock_id": "D-01"}), st.integers(1, 8)),
    st.just(("close_dock", {"id": "D-01"})),
    st.just(("list_ships", {})),
    st.just(("forecast", {"dock_id": "D-01"})),
)
SOME = st.lists(CALLS, max_size=12)


def _run(sessions: Sessions, session_id: str, calls: list[tuple[str, dict[str, Any]]]) -> None:
    for tool, arguments in calls:
        asyncio.run(sessions.open(session_id).call(Call(tool, arguments)))


def _bytes(sessions: Sessions, session_id: str) -> bytes:
    return b"".join(sessions.trace(session_id))


@given(first=SOME, other=SOME, then=SOME)
def test_a_branch_and_a_rewind_go_on_as_their_parent_would_have(first: Any, other: Any, then: Any) -> None:
    """Rows, clock, id counters and chance: the same calls give the same bytes, whatever happened in between."""
    database = Database("sqlite://")
    sessions = Sessions(database)
    for name in ("plain", "parent"):
        sessions.create(WORLD, session_id=name)
        _run(sessions, name, first)
    sessions.branch("parent", fresh_id="branch")
    _run(sessions, "parent", other)
    assert sessions.rows("branch") == sessions.rows("plain")
    sessions.rewind("parent", len(first))
    assert sessions.rows("parent") == sessions.rows("plain")
    for name in ("plain", "parent", "branch"):
        _run(sessions, name, then)
    assert _bytes(sessions, "branch") == _bytes(sessions, "plain")
    assert _bytes(sessions, "parent") == _bytes(sessions, "plain")
    database.close()


@given(calls=SOME)
def test_a_trace_rebuilds_every_moment_without_a_store_and_is_written_back_byte_for_byte(calls: Any) -> None:
    database = Database("sqlite://")
    sessions = Sessions(database)
    sessions.create(WORLD, session_id="one")
    _run(sessions, "one", calls)
    trace = read_trace(sessions.trace("one"))
    lines = [encode_header(trace.world, trace.seed), *map(encode_step, trace.steps)]
    assert b"".join(line + b"\n" for line in lines) == _bytes(sessions, "one")
    for n in range(len(calls) + 1):
        rebuilt = view(trace, n)
        assert {name: rebuilt.query(name) for name in WORLD.entities} == sessions.rows("one", at=n)
    assert view(trace, len(calls)).new_id("ship") == sessions.open("one").view().new_id("ship")
    database.close()


def _trace_of(world: World, *calls: tuple[str, dict[str, Any]]) -> tuple[Provenance, list[Any]]:
    database = Database("sqlite://")
    sessions = Sessions(database)
    sessions.create(world, session_id="one")
    answers = [asyncio.run(sessions.open("one").call(Call(tool, arguments))) for tool, arguments in calls]
    steps = [decode_step(line) for line in list(sessions.trace("one"))[1:]]
    database.close()
    return Provenance(world).follow(steps), answers


def test_an_id_is_known_once_shown_and_stale_once_deleted() -> None:
    found, answers = _trace_of(WORLD, ("build_ship", {"name": "Ada", "yard": "Leith"}))
    (ship,) = [change for change in found.minted if found.minted[change] == 1 and change[0] == "ship"]
    assert answers[0].structured_content["id"] == ship[1]
    assert found.standing(*ship) is Standing.KNOWN
    gone, _ = _trace_of(WORLD, ("build_ship", {"name": "Ada", "yard": "Leith"}), ("scrap_ship", {"id": ship[1]}))
    assert gone.standing(*ship) is Standing.STALE
    assert (gone.shown[ship], gone.deleted[ship]) == (1, 2)


def test_an_id_that_no_answer_named_is_told_from_one_that_nobody_has() -> None:
    found, _ = _trace_of(WORLD)
    seeded = WORLD.rows["ship"][0]["id"]
    assert found.standing("ship", seeded) is Standing.UNSHOWN
    assert found.standing("ship", "S-999") is Standing.INVENTED
    found.show("ship", seeded)
    assert found.standing("ship", seeded) is Standing.KNOWN
    assert found.standing("dock", seeded) is Standing.OTHER


@pytest.mark.parametrize("lines", [[], [b"{}"], [b"not json"], [b'{"format":"other"}']])
def test_what_is_no_trace_is_told_by_its_line(lines: list[bytes]) -> None:
    with pytest.raises(TraceError, match="line 1"):
        read_trace(lines)
