"""Conditions find the fields that they name, in whatever form an answer was shown; what was kept back stays unknown."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.traces import Fleet, Move

LIST: Move = ("list_ships", {})
BUILD: Move = ("build_ship", {"name": "Draco", "yard": "Leith"})
MOOR: Move = ("moor_ship", {"id": "S-004", "dock_id": "D-01"})
MOORS: dict[str, Any] = {"response": ["build_ship", "moor_ship"], "match": "a.observation.id == b.args.id"}

FORMS: dict[str, dict[str, Any]] = {
    "as it is": {"latency": {"seconds": 1}},
    "in an envelope": {"format": {"as": "envelope"}},
    "as XML": {"format": {"as": "xml"}},
    "renamed": {"drift": {"rename": {"id": "ship_id"}}},
    "cut off": {"truncate": {"keep": 0.1}},
    "with a planted text": {"hostile": {}},
}


@pytest.mark.parametrize("form", FORMS)
def test_calls_go_together_by_fields_of_an_answer_in_any_form(fleet: Fleet, form: str) -> None:
    found = fleet.voyage(LIST, BUILD, MOOR, perturbations=[{**FORMS[form], "where": {"tool": "build_ship"}}])
    assert fleet.told(found, MOORS) == "held: obeyed"
    other = fleet.voyage(LIST, BUILD, ("moor_ship", {"id": "S-003", "dock_id": "D-01"}))
    assert fleet.told(other, MOORS).startswith("broken: after step 2 (build_ship) comes no moor_ship")


@pytest.mark.parametrize("form", [form for form in FORMS if form != "with a planted text"])
def test_a_pattern_looks_into_an_answer_in_any_form(fleet: Fleet, form: str) -> None:
    found = fleet.voyage(BUILD, perturbations=[FORMS[form]])
    clause = {"existence": {"tool": "build_ship", "where": 'observation.id == "S-004"'}}
    assert fleet.told(found, clause).startswith("held")


@pytest.mark.parametrize("form", ["in an envelope", "renamed", "cut off"])
def test_a_page_points_to_the_next_in_any_form(fleet: Fleet, form: str) -> None:
    found = fleet.voyage(("list_ships", {"limit": 2}), perturbations=[FORMS[form]])
    assert fleet.told(found, {"pages_to_the_end": "list_ships"}).startswith("broken: the list of step 1")


def test_what_was_kept_back_is_not_looked_into(fleet: Fleet) -> None:
    kept = [{"partial": {"labelled": False}}, {"format": {"as": "envelope"}}]
    clause = {"existence": {"tool": "list_ships", "where": "observation.total == 3"}}
    assert fleet.told(fleet.voyage(LIST, perturbations=kept[:1]), clause).startswith("broken")
    assert fleet.told(fleet.voyage(LIST, perturbations=kept), clause).startswith("broken")
    assert fleet.told(fleet.voyage(LIST, perturbations=kept[1:]), clause).startswith("held")


def test_an_id_that_was_cut_off_was_not_shown(fleet: Fleet) -> None:
    cut = [{"truncate": {"keep": 0.1}, "where": {"tool": "list_ships"}}]
    found = fleet.voyage(LIST, ("get_ship", {"id": "S-003"}), perturbations=cut)
    assert "S-003" not in found.steps[0].observation.text
    assert fleet.told(found, {"known_ids": "*"}).startswith("broken: step 2 (get_ship) gives id S-003")
