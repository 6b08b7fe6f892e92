"""Emberfall in the field: expeditions, rovers and samples change the rows they should, or are refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_sim.sessions import Sessions
from schemas.load import shipped_world
from store.db import Database

from .desk import Desk

ENGINEER, LOADER, ON_LEAVE = "COL-013", "COL-001", "COL-005"
TOLLAN, SALVAGE, GALLERY, CAIRN, LARDER = "EXP-011", "EXP-012", "EXP-013", "EXP-014", "EXP-009"


@pytest.fixture
def desk() -> Iterator[Desk]:
    database = Database("sqlite://")
    yield Desk(Sessions(database), shipped_world("mars-colony"))
    database.close()


def test_every_example_of_the_world_answers_and_one_is_refused_for_the_battery(desk: Desk) -> None:
    refused = []
    for example in shipped_world("mars-colony").examples:
        if example.arguments == {"id": SALVAGE}:
            refused.append(desk.refused(example.tool, **example.arguments))
        else:
            desk.done(example.tool, **example.arguments)
    assert refused == [
        "409 Badger is charged to 34 %; Basalt Steps and back (105.4 km) takes 59 % with the reserve. Charge it first"
    ]


def test_starting_an_expedition_takes_crew_rover_stock_and_shifts(desk: Desk) -> None:
    packs = desk.row("supply", "SUP-01")["quantity"]
    started = desk.done("start_expedition", id=TOLLAN)
    assert started["expedition"] == desk.row("expedition", TOLLAN)
    assert started["expedition"]["status"] == "active"
    crew = started["expedition"]["crew_ids"]
    assert {desk.row("colonist", person)["status"] for person in crew} == {"in-field"}
    assert desk.row("rover", started["rover"]["id"])["status"] == "in-field"
    assert desk.row("supply", "SUP-01")["quantity"] == packs - 24
    assert started["cancelled_shifts"]
    ahead = [shift for person in crew for shift in desk.done("get_colonist", id=person)["shifts"]]
    assert ahead == []


def test_a_charged_rover_lets_the_refused_expedition_start(desk: Desk) -> None:
    desk.refused("start_expedition", id=SALVAGE)
    charged = desk.done("charge_rover", id="ROV-04", to_percent=60)
    assert charged["stored_kwh"] == desk.row("colony", "emberfall")["stored_kwh"] == 1150 - 36.4
    assert desk.done("start_expedition", id=SALVAGE)["expedition"]["status"] == "active"


def test_charging_stops_at_the_energy_reserve(desk: Desk) -> None:
    desk.done("charge_rover", id="ROV-04")
    assert desk.refused("charge_rover", id="ROV-08").endswith("the field batteries can spare 57.6 kWh")


def test_a_certified_crew_member_lets_the_refused_expedition_start(desk: Desk) -> None:
    assert desk.refused("start_expedition", id=GALLERY) == "409 Not certified for eva: Liora Ashgrovian"
    assert "cannot be their own examiner" in desk.refused(
        "certify_colonist", id="COL-061", certification="eva", examiner_id="COL-061"
    )
    assert "does not hold eva" in desk.refused(
        "certify_colonist", id="COL-061", certification="eva", examiner_id=LOADER
    )
    certified = desk.done("certify_colonist", id="COL-061", certification="eva", examiner_id="COL-019")
    assert "eva" in certified["certifications"]
    desk.done("start_expedition", id=GALLERY)


def test_drill_bits_from_a_cargo_ship_let_the_refused_expedition_start(desk: Desk) -> None:
    assert desk.refused("start_expedition", id=CAIRN) == "409 Not enough in stock: Core drill bit (8 asked, 6 in stock)"
    desk.done("dock_ship", id="SHIP-03", pad_id="MOD-19")
    desk.done("unload_ship", id="SHIP-03", supervisor_id=LOADER, supply_ids=["SUP-31"])
    desk.done("start_expedition", id=CAIRN)
    assert desk.row("supply", "SUP-31")["quantity"] == 6 + 12 - 8


def test_nobody_above_the_dose_limit_goes_out(desk: Desk) -> None:
    desk.done("change_crew", id=TOLLAN, add_ids=["COL-012"], remove_ids=["COL-045"])
    assert (
        desk.refused("start_expedition", id=TOLLAN) == "409 Above the dose limit of 600 mSv: Yusra Lindqvarn (614 mSv)"
    )


def test_a_crew_cannot_outgrow_the_seats_or_lose_its_leader(desk: Desk) -> None:
    assert "has 4 seats for a crew of 5" in desk.refused("change_crew", id=TOLLAN, add_ids=[ENGINEER])
    assert "leads EXP-011" in desk.refused("change_crew", id=TOLLAN, remove_ids=["COL-106"])
    assert "on medical leave" in desk.refused("change_crew", id=TOLLAN, add_ids=[ON_LEAVE])


def test_a_plan_is_refused_beyond_the_range_of_its_rover(desk: Desk) -> None:
    plan = {"title": "Trial", "purpose": "survey", "leader_id": "COL-003", "crew_ids": ["COL-004"]}
    plan |= {"rover_id": "ROV-02", "planned_for": "2030-05-09T09:00:00+02:00"}
    assert "Magpie goes 180 km" in desk.refused("plan_expedition", site_id="SITE-14", **plan)
    planned = desk.done("plan_expedition", site_id="SITE-01", **plan)
    assert planned == desk.row("expedition", "EXP-015")
    assert planned["crew_ids"] == ["COL-003", "COL-004"]
    assert planned["planned_for"] == "2030-05-09T07:00:00Z"


def test_a_returning_expedition_stores_its_samples_and_ages_its_rover_and_crew(desk: Desk) -> None:
    collected = desk.done(
        "collect_sample", expedition_id=LARDER, collector_id="COL-011", label="Deep", kind="ice core", mass_g=900
    )
    assert collected["site_id"] == "SITE-11"
    before = desk.row("colonist", "COL-011")["dose_msv"]
    assert "laboratory_id" in desk.refused("return_expedition", id=LARDER, report="Clean ice.")
    home = desk.done("return_expedition", id=LARDER, report="Clean ice.", laboratory_id="MOD-23")
    assert {sample["module_id"] for sample in desk.rows("sample", expedition_id=LARDER)} == {"MOD-23"}
    assert desk.row("rover", "ROV-01")["status"] == "ready"
    assert desk.row("rover", "ROV-01")["charge_percent"] == round(61 - 200 * 73.9 / 420)
    assert {person["status"] for person in home["crew"]} == {"available"}
    assert desk.row("colonist", "COL-011")["dose_msv"] > before


def test_a_sample_is_collected_by_the_crew_within_the_load_limit(desk: Desk) -> None:
    sample = {"expedition_id": LARDER, "label": "Deep", "kind": "ice core"}
    assert "not in the crew" in desk.refused("collect_sample", collector_id="COL-003", mass_g=1, **sample)
    assert "limit of 250000 g" in desk.refused("collect_sample", collector_id="COL-011", mass_g=300000, **sample)


def test_chemistry_uses_up_a_reagent_set(desk: Desk) -> None:
    sample = desk.rows("sample", module_id="MOD-23")[0]
    analysed = desk.done("analyse_sample", id=sample["id"], analyst_id="COL-004", method="chemistry", result="Dry.")
    assert analysed["analyses"][-1]["analyst_id"] == "COL-004"
    assert analysed["mass_g"] == sample["mass_g"] - 10
    assert desk.row("supply", "SUP-32")["quantity"] == 28
    stranded = desk.rows("sample", module_id="MOD-33")[0]["id"]
    assert "not online (offline)" in desk.refused(
        "analyse_sample", id=stranded, analyst_id="COL-004", method="microscopy", result="Dry."
    )
