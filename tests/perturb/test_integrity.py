"""Integrity survives every perturbation: whatever acts, the rows are those of the calls that were carried out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_sim.errors import BadPerturbation
from mcp_sim.sessions import Sessions
from schemas.types import World
from store.db import Database
from tests.memory.audit import audit
from tests.perturb.conftest import Perturb
from tests.perturb.perturbed import Perturbed
from tests.perturb.test_schedule import MIX, play


def follow_cursor(running: Perturbed, **arguments: Any) -> list[str]:
    found: list[str] = []
    after: dict[str, Any] = {}
    while True:
        page = running.ask("list_parcels", **arguments, **after).structured_content
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            return found
        after = {"cursor": page["next"]}


def follow_offset(running: Perturbed, **arguments: Any) -> list[str]:
    found: list[str] = []
    while True:
        page = running.ask("scan_parcels", offset=len(found), **arguments).structured_content
        found += [item["id"] for item in page["parcels"]]
        if len(found) >= page["total"]:
            return found


def follow_pages(running: Perturbed, **arguments: Any) -> list[str]:
    found: list[str] = []
    page: int | None = 1
    while page is not None:
        content = running.ask("leaf_parcels", page=page, **arguments).structured_content
        found += [item["id"] for item in content["items"]]
        page = content["next_page"]
    return found


@pytest.mark.parametrize("items", [1, 3, 7, 29, 30, 31])
@pytest.mark.parametrize("follow", [follow_cursor, follow_offset, follow_pages])
def test_all_pages_together_are_the_list(perturb: Perturb, items: int, follow: Any) -> None:
    expected = follow(perturb())
    assert len(expected) == 30
    assert follow(perturb({"page": {"items": items}})) == expected


def test_pages_that_are_smaller_only_at_times_are_still_the_list(perturb: Perturb) -> None:
    running = perturb(
        {"page": {"items": 2}, "where": {"tool": "list_parcels", "probability": 0.5}},
        {"page": {"items": 3}, "where": {"tool": "scan_parcels", "every": 2}},
    )
    assert follow_cursor(running, limit=5) == follow_cursor(perturb())
    assert follow_offset(running, limit=5) == follow_offset(perturb())
    assert follow_cursor(running, status="lost") == follow_cursor(perturb(), status="lost")


KINDS: list[dict[str, Any]] = [
    {"latency": {"seconds": 1, "upto": 9}},
    {"auth": {"lifetime": 7, "renewed_by": "login"}},
    {"rate_limit": {"calls": 3, "per": 9}},
    {"rate_limit": {"calls": 3, "per": 9, "style": "window"}},
    {"permission": {}},
    {"unavailable": {"gone": True}},
    {"error": {"status": 500}},
    {"protocol_error": {}},
    {"protocol_error": {"instead_of": "error"}},
    {"timeout": {"after_commit": False}},
    {"timeout": {"after_commit": True}},
    {"cancel": {"after_commit": False}},
    {"cancel": {"after_commit": True}},
    {"batch": {"share": 0.5}},
    {"page": {"items": 2}},
    {"stale": {"steps": 2}},
    {"stale": {"seconds": 5}},
    {"partial": {"labelled": False}},
    {"withhold": {"share": 0.3}},
    {"withhold": {"fields": ["note"]}},
    {"distract": {"records": 2}},
    {"duplicate": {}},
    {"reorder": {}},
    {"hostile": {}},
    {"drift": {}},
    {"format": {"as": "envelope"}},
    {"format": {"as": "yaml"}},
    {"malform": {}},
    {"truncate": {}},
]
WHERE: list[dict[str, Any]] = [{}, {"probability": 0.5}, {"every": 2}, {"nth": [1, 4]}, {"times": 2}, {"from": 5}]
KEYS = st.sampled_from([f"P-{n:03}" for n in (1, 2, 3, 31, 32, 99)])
CALLS = st.lists(
    st.one_of(
        st.tuples(st.just("get_parcel"), st.fixed_dictionaries({"id": KEYS})),
        st.tuples(st.just("drop_parcel"), st.fixed_dictionaries({"id": KEYS})),
        st.tuples(st.just("label_parcel"), st.fixed_dictionaries({"id": KEYS, "label": st.sampled_from(["a", "b"])})),
        st.tuples(st.just("create_parcel"), st.just({"label": "new", "weight": 1})),
        st.tuples(st.just("send_parcels"), st.fixed_dictionaries({"ids": st.lists(KEYS, min_size=1, max_size=4)})),
        st.tuples(st.just("list_parcels"), st.fixed_dictionaries({"limit": st.integers(0, 9)})),
        st.tuples(st.just("leaf_parcels"), st.fixed_dictionaries({"page": st.integers(1, 4)})),
        st.tuples(st.sampled_from(["login", "motto", "list_vans", "forecast"]), st.just({})),
    ),
    min_size=1,
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120)
@given(
    chosen=st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(WHERE)), min_size=1, max_size=6),
    calls=CALLS,
    seed=st.integers(0, 9),
)
def test_the_rows_are_those_of_the_calls_that_were_carried_out(
    depot: World, chosen: list[Any], calls: list[Any], seed: int
) -> None:
    database = Database("sqlite://")
    sessions = Sessions(database)
    perturbations = [{**kind, "where": where} for kind, where in chosen]
    try:
        running = Perturbed(sessions, depot, perturbations, seed)
    except BadPerturbation:  # what never acts, or a limit by chance
        database.close()
        return
    for tool, arguments in calls:
        before = running.rows()
        step = running.step(tool, **arguments)
        assert step.call.arguments == arguments
        if step.responder == "perturb":
            assert running.rows() == before
            assert step.perturbations
    plain = Perturbed(sessions, depot, [], seed)
    for step in running.steps():
        undisturbed = step.undisturbed
        if undisturbed is not None:
            observation = plain.ask(undisturbed.call.tool, **undisturbed.call.arguments)
            if undisturbed.call.tool not in OF_THE_MOMENT:
                assert observation == replace(undisturbed.observation, wire=None)  # every answer carries headers
    assert plain.rows() == running.rows()
    database.close()


OF_THE_MOMENT = {"login", "forecast"}
"""Tools whose answer depends on the time or the number of the step, which perturbations move."""


def test_an_auditor_of_the_raw_tables_finds_nothing_wrong(tmp_path: Path, depot: World) -> None:
    database = Database(f"sqlite:///{tmp_path / 'depot.db'}")
    play(Perturbed(Sessions(database), depot, MIX, 3))
    database.close()
    assert audit(f"sqlite:///{tmp_path / 'depot.db'}") == []


def test_nothing_that_a_perturbation_made_up_is_ever_learned_from(perturb: Perturb) -> None:
    running = perturb({"error": {}, "where": {"nth": 1}}, {"hostile": {}}, {"malform": {}})
    running.ask("get_parcel", id="P-001")
    running.ask("get_parcel", id="P-001")
    (told,) = running.session.view().recent(9)
    assert told.observation.structured_content == running.rows()["parcel"][0]
