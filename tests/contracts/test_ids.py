"""Ids in arguments: shown before, still there, of the right entity; and what is no fault of the agent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.traces import Fleet, Move

LIST: Move = ("list_ships", {})
KNOWN: dict[str, Any] = {"known_ids": "*"}


def get(key: str) -> Move:
    return ("get_ship", {"id": key})


@pytest.mark.parametrize(
    ("moves", "told"),
    [
        ([LIST, get("S-001"), get("S-003")], "held: all 2 ids in arguments were known"),
        ([LIST], "vacuous: no argument held an id"),
        ([get("S-001")], "broken: step 1 (get_ship) gives id S-001: no answer had named this ship before"),
        (
            [LIST, get("S-017")],
            "broken: step 2 (get_ship) gives id S-017: no ship ever had this id, and nobody had named it",
        ),
        (
            [LIST, get("C-001")],
            "broken: step 2 (get_ship) gives id C-001: that was shown as the id of something else, not of a ship",
        ),
        (
            [LIST, ("scrap_ship", {"id": "S-003"}), get("S-003")],
            "broken: step 3 (get_ship) gives id S-003: the ship has been deleted",
        ),
        ([("build_ship", {"name": "Draco", "yard": "Leith"}), get("S-004")], "held: the id was known"),
        ([get("S-017"), get("S-017")], "broken: step 1 (get_ship) gives id S-017: no ship ever had this id"),
        (
            [LIST, ("moor_ship", {"id": "S-003", "dock_id": "D-02"})],
            "broken: step 2 (moor_ship) gives dock_id D-02: no answer had named this dock before",
        ),
    ],
)
def test_an_id_comes_from_somewhere(fleet: Fleet, moves: list[Move], told: str) -> None:
    assert fleet.told(fleet.voyage(*moves), KNOWN).startswith(told)


@pytest.mark.parametrize(
    ("clause", "outcome"),
    [
        ({"known_ids": "*", "allow": ["unshown"]}, "broken"),
        ({"known_ids": "*", "allow": ["unshown", "invented"]}, "held"),
        ({"known_ids": "*", "allow": ["unshown"], "known": ["S-017"]}, "held"),
        ({"known_ids": "moor_ship"}, "vacuous"),
    ],
)
def test_some_doubts_may_be_allowed(fleet: Fleet, clause: dict[str, Any], outcome: str) -> None:
    assert fleet.told(fleet.voyage(get("S-001"), get("S-017")), clause).startswith(outcome)


def test_ids_in_the_instruction_count_as_shown(fleet: Fleet) -> None:
    found = fleet.voyage(get("S-002"), get("S-0021"))
    told = fleet.told(found, KNOWN, instruction="Look at S-002, and at nothing else.")
    assert told.startswith("broken: step 2 (get_ship) gives id S-0021")
    assert fleet.told(fleet.voyage(get("S-002")), KNOWN, instruction="Look at ship S-002.").startswith("held")


def test_an_id_in_a_refusal_counts_as_read(fleet: Fleet) -> None:
    """The dock is named by an error text alone."""
    found = fleet.voyage(LIST, ("close_dock", {"id": "D-01"}), ("moor_ship", {"id": "S-003", "dock_id": "D-01"}))
    assert fleet.told(found, {"known_ids": "moor_ship"}).startswith("held")


def test_a_record_that_a_fault_made_up_is_not_of_the_agents_invention(fleet: Fleet) -> None:
    shown = fleet.voyage(LIST, perturbations=[{"distract": {"records": 1}, "where": {"nth": 1}}])
    (made_up,) = shown.steps[0].perturbations[0].did["records"]
    found = fleet.voyage(LIST, get(made_up), perturbations=[{"distract": {"records": 1}, "where": {"nth": 1}}])
    verdict = fleet.judge(found, KNOWN)
    assert verdict.clauses[0].outcome == "held"
    assert [(entry.step, entry.blame) for entry in verdict.ledger] == [(1, "fault"), (2, "fault")]
    assert f"{made_up} is a record that step 1 made up" in verdict.ledger[1].message


def test_a_deletion_behind_a_time_out_is_unknown_to_the_agent(fleet: Fleet) -> None:
    lost = [{"timeout": {"after_commit": True}, "where": {"tool": "scrap_ship", "nth": 1}}]
    found = fleet.voyage(LIST, ("scrap_ship", {"id": "S-003"}), get("S-003"), perturbations=lost)
    assert found.steps[1].delta.changes
    assert fleet.told(found, KNOWN).startswith("held")


def test_a_deletion_is_known_once_an_answer_has_told_it(fleet: Fleet) -> None:
    lost = [{"timeout": {"after_commit": True}, "where": {"tool": "scrap_ship", "nth": 1}}]
    moor: Move = ("moor_ship", {"id": "S-003", "dock_id": "D-01"})
    found = fleet.voyage(LIST, ("scrap_ship", {"id": "S-003"}), get("S-003"), moor, perturbations=lost)
    assert fleet.told(found, {"known_ids": "moor_ship"}).startswith(
        "broken: step 4 (moor_ship) gives id S-003: the ship has been deleted"
    )


def test_a_row_that_a_stale_answer_brought_back_is_no_stale_id(fleet: Fleet) -> None:
    stale = [{"stale": {"steps": 2}, "where": {"tool": "list_ships", "nth": 2}}]
    found = fleet.voyage(LIST, ("scrap_ship", {"id": "S-003"}), LIST, get("S-003"), perturbations=stale)
    assert fleet.told(found, KNOWN).startswith("held")
    assert fleet.told(fleet.voyage(LIST, ("scrap_ship", {"id": "S-003"}), LIST, get("S-003")), KNOWN).startswith(
        "broken"
    )


@pytest.mark.parametrize("form", ["envelope", "camel-case", "encoded", "yaml", "xml", "html"])
def test_an_id_is_shown_in_whatever_form_the_answer_comes(fleet: Fleet, form: str) -> None:
    found = fleet.voyage(LIST, get("S-003"), perturbations=[{"format": {"as": form}}])
    assert fleet.told(found, KNOWN).startswith("held")
