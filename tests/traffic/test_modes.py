"""Capture, spy and diff between an agent and a real service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, closing
from pathlib import Path

import pytest

from mcp_sim.learn.tools import tools_of
from mcp_sim.responders.live.mcp import McpUpstream
from mcp_sim.traffic import report
from mcp_sim.traffic.capture import Capture
from mcp_sim.traffic.diff import Comparison, Diff
from mcp_sim.traffic.real import Real
from mcp_sim.traffic.record import Cleaner, TraceFile
from mcp_sim.traffic.spy import Spy
from mcp_sim.traffic.worlds import listed, world_of
from schemas.types import World
from store.traces.importers import read_recorded, recorded_tools
from tests.traffic.conftest import Pinboard, agent, run
from tests.traffic.test_upstream import ROGUE

SECRET = "sk-proj-" + "a1B2c3D4e5F6" * 4


@asynccontextmanager
async def capture(pinboard: Pinboard, path: Path) -> AsyncIterator[tuple[World, Capture]]:
    """The pinboard, captured into a file."""
    async with pinboard() as upstream:
        world = world_of("captured", listed(tools_of(await upstream.tools(), upstream.name)))
        with closing(TraceFile(path, world, Cleaner())) as record:
            yield world, Capture(Real(world, upstream, record))


def test_captured_calls_are_written_down_as_they_were_answered(pinboard: Pinboard, tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"

    async def talk() -> None:
        async with capture(pinboard, path) as captured:
            someone = agent(*captured)
            await someone.call("add_note", id="N-2", title="Feed the cat")
            await someone.call("get_note", id="N-9")
            assert (await someone.call("count_notes")).observation.text == "2 notes"

    run(talk)
    added, missing, counted = read_recorded([path])
    assert (added.tool, added.arguments["title"], added.kind) == ("add_note", "Feed the cat", "write")
    assert added.structured == {"id": "N-2", "title": "Feed the cat", "pins": 0}
    assert (missing.text, missing.is_error) == ("no note N-9", True)
    assert (counted.text, counted.structured, counted.kind) == ("2 notes", None, "read")
    assert {tool["name"] for tool in recorded_tools(path)} >= {"get_note", "add_note", "start_over"}


def test_the_agent_sees_a_secret_that_the_recording_does_not_hold(pinboard: Pinboard, tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"

    async def talk() -> None:
        async with capture(pinboard, path) as captured:
            someone = agent(*captured)
            step = await someone.call("add_note", id="N-2", title="The door", key=SECRET)
            assert step.observation.structured_content["key"] == SECRET

    run(talk)
    (call,) = read_recorded([path])
    assert SECRET not in path.read_text()
    assert call.arguments["key"].startswith("REDACTED-")
    assert call.structured["key"] == call.arguments["key"]
    assert call.arguments["key"] in call.text


def test_an_upstream_that_dies_is_a_sentence_for_the_agent_and_no_recorded_answer(tmp_path: Path) -> None:
    path = tmp_path / "rogue.jsonl"

    async def talk() -> None:
        async with aclosing(McpUpstream(ROGUE)) as upstream:
            world = world_of("captured", listed(tools_of(await upstream.tools(), upstream.name)))
            with closing(TraceFile(path, world, Cleaner())) as record:
                someone = agent(world, Capture(Real(world, upstream, record)))
                dead = (await someone.call("die")).observation
                assert dead.is_error
                assert "ended the connection during 'die'" in dead.text
                assert not (await someone.call("ask")).observation.is_error

    run(talk)
    assert [call.tool for call in read_recorded([path])] == ["ask"]


def test_spy_asks_the_real_service_where_the_twin_is_not_sure_and_learns_its_rows(
    pinboard: Pinboard, twin: World
) -> None:
    async def talk() -> None:
        async with pinboard() as upstream:
            someone = agent(twin, Spy(Real(twin, upstream), confidence=0.9))
            known = await someone.call("get_note", id="N-1")
            assert (known.responder, known.reason[:5]) == ("effects", "twin:")
            added = await someone.call("add_note", id="N-2", title="Feed the cat")
            assert added.responder == "live"
            assert "right in 60% of such calls (measured), 90% are asked for" in added.reason
            assert (await someone.call("get_note", id="N-2")).responder == "effects"
            assert someone.session.view().get("note", "N-2") == {
                "id": "N-2", "title": "Feed the cat", "pins": 0, "key": None,
            }  # fmt: skip
            counted = await someone.call("count_notes")
            assert (counted.responder, counted.observation.text) == ("live", "2 notes")
            assert "its answer is made up" in counted.reason

    run(talk)


def test_spy_does_not_believe_a_refusal_for_a_value_that_was_never_seen(pinboard: Pinboard, twin: World) -> None:
    async def talk() -> None:
        async with pinboard() as upstream:
            real = Real(twin, upstream)
            await agent(twin, Spy(real, 1.0)).call("add_note", id="N-7", title="There before")
            step = await agent(twin, Spy(real, 0.9)).call("get_note", id="N-7")
            assert (step.responder, step.observation.is_error) == ("live", False)
            assert "it refuses, but has never seen id 'N-7'" in step.reason

    run(talk)


def test_spy_answers_with_the_twin_flagged_once_the_budget_is_used_up(pinboard: Pinboard, twin: World) -> None:
    async def talk() -> None:
        async with pinboard() as upstream:
            spy = Spy(Real(twin, upstream), confidence=0.9, budget=1)
            someone = agent(twin, spy)
            assert (await someone.call("count_notes")).responder == "live"
            last = await someone.call("add_note", id="N-3", title="Too late")
            assert (last.responder, spy.left) == ("effects", 0)
            assert "the budget of 1 real calls is used up" in last.reason
            assert any(note.startswith("unsure") for note in last.notes)
            assert (await upstream.ask(twin.tools["get_note"], {"id": "N-3"})).is_error

    run(talk)


def test_diff_tells_every_field_that_differs_once(pinboard: Pinboard, twin: World, tmp_path: Path) -> None:
    comparison = Comparison(twin.name, "the pinboard")

    async def talk() -> None:
        async with pinboard() as upstream:
            someone = agent(twin, Diff(Real(twin, upstream), comparison))
            assert (await someone.call("get_note", id="N-1")).notes == ()
            await someone.call("get_note", id="N-9")
            assert comparison.is_equal
            pinned = await someone.call("pin_note", id="N-1")
            assert pinned.observation.structured_content["pins"] == 3
            assert "differs: structured/pins: 3, not 4" in pinned.notes
            # The rows of the twin follow the real ones, so that one mistake is told once.
            assert (await someone.call("get_note", id="N-1")).notes == ()

    run(talk)
    summary = comparison.summary()
    assert (summary["calls"], summary["differing"]) == (4, 1)
    assert summary["by_tool"]["pin_note"]["fields"] == {"structured/pins": 1, "text": 1}
    for name in ("diff.json", "diff.html"):
        report.write(comparison, tmp_path / name)
    assert json.loads((tmp_path / "diff.json").read_text()) == json.loads(json.dumps(summary))
    page = (tmp_path / "diff.html").read_text()
    assert "structured/pins" in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_report_of_differences_holds_no_secret(pinboard: Pinboard, twin: World, tmp_path: Path) -> None:
    comparison = Comparison(twin.name, "the pinboard")

    async def talk() -> None:
        async with pinboard() as upstream:
            await agent(twin, Diff(Real(twin, upstream), comparison)).call("add_note", id="N-4", title="A", key=SECRET)

    run(talk)
    assert comparison.differing["add_note"] == 1
    for name in ("diff.json", "diff.html"):
        report.write(comparison, tmp_path / name)
        told = (tmp_path / name).read_text()
        assert "REDACTED-" in told
        assert SECRET not in told


def test_a_call_that_cannot_be_kept_reaches_nobody(pinboard: Pinboard, twin: World) -> None:
    async def talk() -> None:
        async with pinboard() as upstream:
            step = await agent(twin, Capture(Real(twin, upstream))).call("get_note", id=float("nan"))
            assert step.observation.text.startswith("Invalid arguments for get_note")

    run(talk)


def test_two_agents_at_once_are_both_recorded_whole(pinboard: Pinboard, tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"

    async def talk() -> None:
        async with capture(pinboard, path) as captured:
            both = [agent(*captured), agent(*captured)]
            calls = [
                one.call("add_note", id=f"N-{n}-{who}", title="x") for n in range(5) for who, one in enumerate(both)
            ]
            await asyncio.gather(*calls)

    run(talk)
    assert len(list(read_recorded([path], tell=pytest.fail))) == 10
