"""A twin learned from recorded calls answers calls that it never saw as the service would."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_sim.fidelity import same_text
from mcp_sim.learn.given import Given
from mcp_sim.learn.twin import Learned, learn
from mcp_sim.learn.write import write
from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.load import load_world
from schemas.recorded import RecordedCall
from schemas.types import Call, World
from store.db import Database
from tests.learn.service import recorded, rows

TAUGHT = range(60)


@pytest.fixture(scope="module")
def learned() -> Learned:
    return learn("harbour", Given(rows(), recorded(TAUGHT)))


@pytest.fixture(scope="module")
def twin(learned: Learned, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("twin")
    write(learned, folder)
    return load_world(folder)


def _wrong(twin: World, calls: list[RecordedCall]) -> list[RecordedCall]:
    """The calls that a twin answers otherwise than they were answered; each trajectory in a session of its own."""
    sessions = Sessions(Database("sqlite://"))
    running: dict[str, Session] = {}
    wrong = []
    for call in calls:
        session = running.setdefault(call.trajectory, running.get(call.trajectory) or sessions.create(twin))
        answer = asyncio.run(session.call(Call(call.tool, call.arguments)))
        if answer.is_error != call.is_error or not same_text(answer.text, call.text):
            wrong.append(call)
    return wrong


def test_it_answers_unseen_runs_exactly_by_its_own_rows_alone(twin: World) -> None:
    calls = recorded(range(1000, 1030))
    assert len(_wrong(twin, calls)) <= 0.01 * len(calls)


def test_it_answers_arguments_that_it_never_saw(twin: World) -> None:
    seen = {(call.tool, json.dumps(call.arguments, sort_keys=True)) for call in recorded(TAUGHT)}
    calls = recorded(range(2000, 2020))
    unseen = {
        (call.trajectory, call.index)
        for call in calls
        if (call.tool, json.dumps(call.arguments, sort_keys=True)) not in seen
    }
    assert len(unseen) > 30
    assert sum((call.trajectory, call.index) in unseen for call in _wrong(twin, calls)) <= 1


def test_a_balance_that_no_answer_of_the_write_shows_is_learned_from_later_reads(learned: Learned) -> None:
    hidden = [c for c in learned.facts["tools"]["hire_boat"]["changes"] if not c["shown"]]
    assert [change["field"] for change in hidden] == ["purses"]


def test_every_refusal_has_its_condition_and_they_stand_in_the_order_of_the_service(learned: Learned) -> None:
    errors = [guard["error"] for guard in learned.facts["tools"]["hire_boat"]["guards"]]
    assert errors == [
        "No boat {args.boat_id} in the harbour",
        "Only free boats can be hired",
        "Purse not found",
        "Not enough coins in the purse",
    ]


def test_what_overrides_say_wins_and_survives_learning_again(learned: Learned, tmp_path: Path) -> None:
    write(learned, tmp_path)
    own = {"tools": {"get_boat": {"description": "By hand."}, "search_boats": None}}
    (tmp_path / "overrides.json").write_text(json.dumps(own))
    write(learned, tmp_path)
    world = load_world(tmp_path)
    assert world.tools["get_boat"].description == "By hand."
    assert "search_boats" not in world.tools
    assert json.loads((tmp_path / "overrides.json").read_text()) == own


def test_the_pack_tells_beside_each_thing_what_speaks_for_it(learned: Learned, tmp_path: Path) -> None:
    write(learned, tmp_path)
    entities, tools = ((tmp_path / name).read_text() for name in ("entities.yaml", "tools.yaml"))
    assert "  # sailor_id -> sailors, 0.89: so named, 31 of 31 values name a row of sailors; enforced\n" in entities
    assert f"  # learned from {learned.facts['tools']['hire_boat']['calls']} calls; " in tools


def test_the_same_recordings_teach_the_same_pack() -> None:
    one, other = (learn("harbour", Given(rows(), recorded(range(8)))) for _ in range(2))
    assert one.pack == other.pack
    assert one.facts == other.facts


def test_errors_without_a_pattern_are_left_undecided_and_told() -> None:
    calls = recorded(range(25))
    days = {f"run{n}" for n in range(0, 25, 5)}
    moody = [
        replace(c, text="Try again later", is_error=True) if c.tool == "get_sailor" and c.trajectory in days else c
        for c in calls
    ]
    facts = learn("harbour", Given(rows(), moody)).facts["tools"]["get_sailor"]
    assert "Try again later" in [one["text"] for one in facts["unexplained"]]
    assert facts["confidence"] < 0.95


def test_one_recorded_answer_is_no_rule() -> None:
    text = json.dumps({"sunrise": "05:12", "wind": "west"})
    calls = [replace(call, tool="weather", arguments={}, text=text, is_error=False) for call in recorded(range(1))[:1]]

    learned = learn("harbour", Given({}, calls))

    assert "effect" not in learned.pack["tools"]["weather"]
    assert "memory, not a rule" in learned.facts["tools"]["weather"]["doubt"]


def test_what_is_wrong_about_calls_held_out_is_not_said_to_be_known() -> None:
    calls = [
        RecordedCall(f"run{n}", 0, "draw", {"pot": n % 3}, json.dumps({"lot": n * 7919 % 1000}), False, task=str(n))
        for n in range(30)
    ]
    assert learn("lots", Given({}, calls)).pack["tools"]["draw"].get("effect", {}).get("confidence", 0.0) == 0.0
