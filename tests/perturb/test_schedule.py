"""The schedule is a pure function of world, seed and calls: after a branch, a rewind, a restart, in a replay."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from mcp_sim.errors import BadPerturbation
from mcp_sim.sessions import Sessions
from schemas.types import World
from store import migrations
from store.db import Database
from store.traces.replay import read_trace, view
from tests.perturb.conftest import Perturb
from tests.perturb.perturbed import Perturbed

MIX: list[dict[str, Any]] = [
    {"name": "slow", "latency": {"seconds": 0.1, "upto": 0.4}, "where": {"probability": 0.5}},
    {"name": "limit", "rate_limit": {"calls": 40, "per": 100, "burst": 3}},
    {"name": "window", "rate_limit": {"calls": 1, "per": 20, "style": "window"}, "where": {"tool": "get_parcel"}},
    {"name": "expiry", "auth": {"lifetime": 25, "refusals": 2}},
    {"name": "third", "error": {}, "where": {"every": 3, "times": 3}},
    {"name": "awake", "partial": {}, "where": {"after": {"tool": "label_parcel", "times": 2}, "probability": 0.7}},
    {"name": "lost", "timeout": {"seconds": 3, "after_commit": True}, "where": {"writes": True, "nth": [2, 6]}},
    {"name": "old", "stale": {"seconds": 5}, "where": {"probability": 0.6}},
    {"name": "hostile", "hostile": {}, "where": {"probability": 0.3}},
]
JOB: list[tuple[str, dict[str, Any]]] = [
    call
    for turn in range(4)
    for call in [
        ("list_parcels", {"limit": 4}),
        ("label_parcel", {"id": "P-001", "label": f"one {turn}"}),
        ("get_parcel", {"id": "P-001"}),
        ("get_parcel", {"idd": "P-001"}),
        ("create_parcel", {"label": "fresh", "weight": 2}),
        ("label_parcel", {"id": "P-002", "label": f"two {turn}"}),
        ("list_parcels", {"status": "lost"}),
        ("get_parcel", {"id": "P-002"}),
        ("send_parcels", {"ids": ["P-001", "P-002"]}),
        ("motto", {}),
    ]
]


def play(running: Perturbed, job: list[tuple[str, dict[str, Any]]] = JOB) -> bytes:
    for n, (tool, arguments) in enumerate(job):
        running.ask(tool, waited=n % 4 / 2, **arguments)
    return running.trace()


@pytest.fixture
def whole(perturb: Perturb) -> bytes:
    """The job, done at one go."""
    return play(perturb(*MIX, seed=3))


def test_every_perturbation_of_the_mix_acts(whole: bytes) -> None:
    steps = [orjson.loads(line) for line in whole.splitlines()[1:]]
    assert {acted["name"] for step in steps for acted in step["perturbations"]} == {one["name"] for one in MIX}


def test_the_same_calls_meet_the_same_perturbations(perturb: Perturb, whole: bytes) -> None:
    assert play(perturb(*MIX, seed=3)) == whole
    assert play(perturb(*MIX, seed=4)) != whole


def test_a_session_that_is_opened_again_before_every_call_goes_on_alike(
    tmp_path: Path, depot: World, whole: bytes
) -> None:
    url = f"sqlite:///{tmp_path / 'depot.db'}"
    database = Database(url)
    session = Perturbed(Sessions(database), depot, MIX, 3).session
    database.close()
    for n, (tool, arguments) in enumerate(JOB):
        database = Database(url)
        sessions = Sessions(database)
        running = Perturbed.of(sessions, sessions.open(session.id))
        running.ask(tool, waited=n % 4 / 2, **arguments)
        trace = running.trace()
        database.close()
    assert trace == whole


@pytest.mark.parametrize("at", [0, 1, 13, 39])
def test_a_branch_goes_on_as_its_source_did(perturb: Perturb, whole: bytes, at: int) -> None:
    source = perturb(*MIX, seed=3)
    play(source)
    branch = Perturbed.of(source.sessions, source.sessions.branch(source.session.id, at=at))
    for n, (tool, arguments) in list(enumerate(JOB))[at:]:
        branch.ask(tool, waited=n % 4 / 2, **arguments)
    assert branch.trace() == whole


@pytest.mark.parametrize("to", [0, 7, 25, "here"])
def test_after_a_rewind_the_same_happens_again(perturb: Perturb, whole: bytes, to: int | str) -> None:
    running = perturb(*MIX, seed=3)
    for n, (tool, arguments) in enumerate(JOB):
        if n == 11:
            running.sessions.snapshot(running.session.id, "here")
        running.ask(tool, waited=n % 4 / 2, **arguments)
    running.session = running.sessions.rewind(running.session.id, to)
    for n, (tool, arguments) in list(enumerate(JOB))[11 if to == "here" else int(to) :]:
        running.ask(tool, waited=n % 4 / 2, **arguments)
    assert running.trace() == whole


def test_a_reset_session_keeps_its_perturbations(perturb: Perturb, whole: bytes) -> None:
    running = perturb(*MIX, seed=3)
    running.ask("motto")
    running.session = running.sessions.reset(running.session.id)
    assert play(running) == whole


def test_a_trace_replays_byte_for_byte_from_what_it_says(sessions: Sessions, whole: bytes) -> None:
    trace = read_trace(whole.splitlines())
    (regime,) = trace.regimes
    again = Perturbed(sessions, trace.world, regime.perturbations, trace.seed)
    for step in trace.steps:
        again.ask(step.call.tool, waited=step.call.waited, **step.call.arguments)
    assert again.trace() == whole


def test_perturbations_of_the_world_act_like_those_of_a_session(sessions: Sessions, depot: World, whole: bytes) -> None:
    world = World.model_validate(depot.model_dump(mode="json", by_alias=True) | {"perturbations": MIX})
    running = Perturbed.of(sessions, sessions.create(world, seed=3))
    steps = play(running).splitlines()[1:]
    assert steps == whole.splitlines()[1:]
    assert read_trace(running.trace().splitlines()).regimes == ()


def test_one_that_is_taken_away_shifts_no_other(perturb: Perturb) -> None:
    chances = [{"name": name, "latency": {"seconds": 1}, "where": {"probability": 0.4}} for name in ("a", "b", "c")]
    alike = perturb(*chances, seed=9)
    fewer = perturb(*chances[1:], seed=9)
    for _ in range(30):
        one, other = alike.step("motto"), fewer.step("motto")
        assert [acted for acted in one.perturbations if acted.name != "a"] == list(other.perturbations)


def test_a_counterfactual_pair_differs_by_one_perturbation_alone(perturb: Perturb) -> None:
    source = perturb(*MIX, seed=3)
    play(source, JOB[:5])
    before = source.steps()
    pair = source.sessions.counterfactual(source.session.id, "third")
    others = []
    for session in pair:
        running = Perturbed.of(source.sessions, session)
        play(running, JOB[:2])
        assert running.steps()[:5] == before
        others.append([[acted.name for acted in step.perturbations] for step in running.steps()[5:]])
    with_it, without_it = others
    assert any("third" in names for names in with_it)
    assert not any("third" in names for names in without_it)
    assert [one.name for one in pair[1].perturbations] == [one["name"] for one in MIX if one["name"] != "third"]
    with pytest.raises(BadPerturbation, match=r"^no perturbation 'thrid' \(did you mean 'third'\?\)$"):
        source.sessions.counterfactual(source.session.id, "thrid")


def test_a_trace_says_from_which_step_on_other_perturbations_held(perturb: Perturb) -> None:
    running = perturb({"name": "a", "error": {}, "where": {"nth": 2}})
    running.ask("motto")
    running.session = running.sessions.perturb(running.session.id, [{"name": "b", "error": {}, "where": {"nth": 3}}])
    for _ in range(3):
        running.ask("motto")
    assert [[acted.name for acted in found] for found in running.acted()] == [[], [], ["b"], []]
    regimes = read_trace(running.trace().splitlines()).regimes
    assert [(regime.after, [one.name for one in regime.perturbations]) for regime in regimes] == [
        (0, ["a"]),
        (1, ["b"]),
    ]
    branch = running.sessions.branch(running.session.id, at=0)
    assert [(regime.after, regime.perturbations[0].name) for regime in branch.regimes] == [(0, "b")]


def test_two_servers_of_one_database_perturb_alike(
    tmp_path: Path, depot: World, perturb: Perturb, whole: bytes
) -> None:
    databases = [Database(f"sqlite:///{tmp_path / 'depot.db'}") for _ in range(2)]
    one = Perturbed(Sessions(databases[0]), depot, MIX, 3)
    sessions = Sessions(databases[1])
    both = [one, Perturbed.of(sessions, sessions.open(one.session.id))]
    for n, (tool, arguments) in enumerate(JOB):
        both[n // 3 % 2].ask(tool, waited=n % 4 / 2, **arguments)
    assert one.trace() == whole
    one.sessions.perturb(one.session.id, [{"permission": {}}])
    assert both[1].ask("motto").status == 403
    for database in databases:
        database.close()


def test_the_view_of_a_trace_is_that_of_the_session(perturb: Perturb, whole: bytes) -> None:
    running = perturb(*MIX, seed=3)
    play(running)
    trace = read_trace(whole.splitlines())
    rebuilt = view(trace, len(trace.steps))
    assert {name: rebuilt.query(name) for name in running.rows()} == running.rows()
    told = running.session.view().recent(50)
    assert told == rebuilt.recent(50)
    assert all(not step.perturbations and step.responder != "perturb" for step in told)


def test_a_database_of_the_first_version_is_brought_up_to_date(
    tmp_path: Path, depot: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.db"
    with monkeypatch.context() as patched:
        patched.setattr("store.migrations.MIGRATIONS", migrations.MIGRATIONS[:1])
        database = Database(f"sqlite:///{path}")
        Sessions(database).create(depot, session_id="s")
        database.close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("ALTER TABLE session DROP COLUMN regimes")
        raw.commit()
    database = Database(f"sqlite:///{path}")
    sessions = Sessions(database)
    assert Perturbed.of(sessions, sessions.perturb("s", [{"permission": {}}])).ask("motto").status == 403
    database.close()
