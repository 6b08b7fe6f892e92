"""Emberfall at home: air, people, shifts, cargo, repairs and incidents change the rows they should, or are refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_sim.sessions import Sessions
from schemas.load import shipped_world
from store.db import Database

from .desk import Desk

ENGINEER, LOADER, COOK, ON_LEAVE = "COL-013", "COL-001", "COL-076", "COL-005"
LEAK, LEAK_ORDER, BAY_B = "INC-007", "WO-007", "MOD-31"


@pytest.fixture
def desk() -> Iterator[Desk]:
    database = Database("sqlite://")
    yield Desk(Sessions(database), shipped_world("mars-colony"))
    database.close()


def test_the_status_shows_what_stands_out(desk: Desk) -> None:
    status = desk.done("get_colony_status")
    assert status["colony"] == desk.row("colony", "emberfall")
    assert [incident["id"] for incident in status["open_incidents"]] == [LEAK, "INC-008"]
    assert [supply["name"] for supply in status["low_supplies"]] == [
        "Cooking oil", "Helmet visor", "Radiation prophylaxis dose", "Rover motor",
    ]  # fmt: skip
    fathom = next(entry for entry in status["habitats"] if entry["habitat"]["name"] == "Fathom")
    assert (fathom["free_beds"], fathom["oxygen_days"]) == (0, 3.4)


def test_oxygen_moves_through_a_tunnel_and_none_is_lost(desk: Desk) -> None:
    before = sum(habitat["oxygen_kg"] for habitat in desk.rows("habitat"))
    desk.done("transfer_oxygen", from_id="HAB-05", to_id="HAB-06", kg=250.5)
    assert desk.row("habitat", "HAB-05")["oxygen_kg"] == 609.5
    assert desk.row("habitat", "HAB-06")["oxygen_kg"] == 455.5
    assert sum(habitat["oxygen_kg"] for habitat in desk.rows("habitat")) == before


def test_oxygen_needs_a_tunnel_a_reserve_and_room(desk: Desk) -> None:
    assert "No tunnel joins Esker and Alder" in desk.refused("transfer_oxygen", from_id="HAB-05", to_id="HAB-01", kg=1)
    assert "can give at most 716.36 kg" in desk.refused("transfer_oxygen", from_id="HAB-05", to_id="HAB-06", kg=717)
    assert "Beacon has room for 390 kg" in desk.refused("transfer_oxygen", from_id="HAB-01", to_id="HAB-02", kg=391)


def test_a_chief_who_moves_leaves_the_office_and_the_headcounts_still_add_up(desk: Desk) -> None:
    assert desk.row("habitat", "HAB-06")["chief_id"] == LOADER
    desk.done("relocate_colonist", id=LOADER, habitat_id="HAB-01")
    assert desk.row("habitat", "HAB-06")["chief_id"] is None
    assert desk.row("habitat", "HAB-01")["headcount"] == 42
    assert sum(habitat["headcount"] for habitat in desk.rows("habitat")) == 430


def test_nobody_moves_into_a_full_habitat_or_out_of_the_field(desk: Desk) -> None:
    assert "Fathom is full: 72 people, 72 beds" in desk.refused("relocate_colonist", id="COL-002", habitat_id="HAB-06")
    assert "is in the field" in desk.refused("relocate_colonist", id="COL-011", habitat_id="HAB-08")


def test_a_shift_is_written_in_utc_and_eight_hours_of_rest_keep_it_apart(desk: Desk) -> None:
    shift = {"colonist_id": COOK, "module_id": "MOD-05", "duty": "galley"}
    written = desk.done("schedule_shift", **shift, starts_at="2030-05-10T10:00:00+02:00", hours=6)
    assert (written["starts_at"], written["ends_at"]) == ("2030-05-10T08:00:00Z", "2030-05-10T14:00:00Z")
    assert written["id"] in desk.refused("schedule_shift", **shift, starts_at="2030-05-10T21:59:00Z")
    desk.done("schedule_shift", **shift, starts_at="2030-05-10T22:00:00Z")


def test_a_shift_needs_someone_fit_and_certified_and_a_module_online(desk: Desk) -> None:
    start = "2030-05-10T08:00:00Z"
    asked = {"module_id": "MOD-45", "duty": "medical", "starts_at": start}
    assert "certification medic" in desk.refused("schedule_shift", colonist_id=COOK, **asked)
    assert "medical-leave" in desk.refused("schedule_shift", colonist_id=ON_LEAVE, **asked)
    asked = {"module_id": BAY_B, "duty": "growing", "starts_at": start}
    assert "not online (locked-down)" in desk.refused("schedule_shift", colonist_id=COOK, **asked)
    assert "in the past" in desk.refused(
        "schedule_shift", colonist_id=COOK, module_id="MOD-05", duty="galley", starts_at="2030-05-01T08:00:00Z"
    )


def test_a_ship_lands_on_a_free_pad_that_is_online(desk: Desk) -> None:
    assert "taken by Copper Sparrow" in desk.refused("dock_ship", id="SHIP-02", pad_id="MOD-18")
    assert "not online (maintenance)" in desk.refused("dock_ship", id="SHIP-02", pad_id="MOD-20")
    assert "still in transit" in desk.refused("dock_ship", id="SHIP-04", pad_id="MOD-19")
    assert desk.done("dock_ship", id="SHIP-02", pad_id="MOD-19")["status"] == "docked"


def test_cargo_beyond_the_storage_limit_stays_on_board_and_nothing_else_moves(desk: Desk) -> None:
    desk.done("dock_ship", id="SHIP-03", pad_id="MOD-19")
    assert "No room in storage for Coolant fluid" in desk.refused("unload_ship", id="SHIP-03", supervisor_id=LOADER)
    desk.done("unload_ship", id="SHIP-03", supervisor_id=LOADER, supply_ids=["SUP-31", "SUP-32"])
    assert desk.row("supply", "SUP-32")["quantity"] == 29 + 20
    left = [line["supply_id"] for line in desk.row("ship", "SHIP-03")["manifest"] if not line["unloaded"]]
    assert left == ["SUP-21"]


def test_an_unloaded_ship_launches_with_propellant_from_stock_and_frees_its_pad(desk: Desk) -> None:
    assert "still has cargo on board: Cooking oil" in desk.refused("launch_ship", id="SHIP-01")
    desk.done("unload_ship", id="SHIP-01", supervisor_id=LOADER)
    assert desk.done("launch_ship", id="SHIP-01")["pad_id"] is None
    assert desk.rows("supply", name="Launch propellant")[0]["quantity"] == 8600 - 2400
    desk.done("dock_ship", id="SHIP-02", pad_id="MOD-18")


def test_the_last_work_order_brings_a_rover_back(desk: Desk) -> None:
    assert "blocked by WO-010" in desk.refused("complete_work_order", id="WO-011", done_by_id=ENGINEER)
    assert desk.done("complete_work_order", id="WO-010", done_by_id=ENGINEER)["back_in_service"] is None
    assert desk.row("supply", "SUP-22")["quantity"] == 14 - 2
    assert desk.done("complete_work_order", id="WO-011", done_by_id=ENGINEER)["back_in_service"] == "Wren"
    assert desk.rows("rover", name="Wren")[0]["status"] == "ready"


def test_a_work_order_waits_for_parts_and_for_someone_certified(desk: Desk) -> None:
    assert "Rover motor (4 needed, 3 in stock)" in desk.refused("complete_work_order", id="WO-009", done_by_id=ENGINEER)
    assert "does not hold" in desk.refused("complete_work_order", id="WO-020", done_by_id=COOK)


def test_a_module_taken_out_of_service_returns_with_its_work_order(desk: Desk) -> None:
    order = desk.done("create_work_order", title="Paint the walls", module_id="MOD-09", out_of_service=True)
    assert desk.row("module", "MOD-09")["status"] == "maintenance"
    desk.done("complete_work_order", id=order["id"], done_by_id=COOK)
    assert desk.row("module", "MOD-09")["status"] == "online"


def test_a_work_order_is_for_either_a_module_or_a_rover(desk: Desk) -> None:
    assert desk.refused("create_work_order", title="Fix it") == "422 Give either module_id or rover_id"
    assert "keeps a habitat alive" in desk.refused(
        "create_work_order", title="Fix it", module_id="MOD-01", out_of_service=True
    )


def test_a_critical_incident_locks_the_module_moves_its_shifts_and_stops_traffic(desk: Desk) -> None:
    asked = {"kind": "power", "severity": "critical", "reported_by_id": ENGINEER, "description": "Scram."}
    declared = desk.done("declare_incident", module_id="MOD-13", **asked)
    moved = [shift["id"] for shift in declared["moved_shifts"]]
    assert moved == ["SHIFT-039", "SHIFT-041"]
    assert {desk.row("shift", key)["module_id"] for key in moved} == {"MOD-10"}
    assert desk.row("module", "MOD-13")["status"] == "locked-down"
    assert desk.row("colony", "emberfall")["alert"] == declared["alert"] == "red"
    assert "red alert" in desk.refused("start_expedition", id="EXP-011")
    assert "red alert" in desk.refused("dock_ship", id="SHIP-02", pad_id="MOD-19")
    assert "open for Machine Shop already" in desk.refused("declare_incident", module_id="MOD-13", **asked)


def test_nothing_is_declared_in_a_module_that_is_shut_down(desk: Desk) -> None:
    asked = {"kind": "fire", "severity": "major", "reported_by_id": ENGINEER, "description": "Smoke."}
    assert "South Greenhouse is offline" in desk.refused("declare_incident", module_id="MOD-32", **asked)


def test_a_resolved_incident_opens_the_module_and_gives_shifts_and_alert_back(desk: Desk) -> None:
    note = {"author_id": ENGINEER, "note": "Pump exchanged."}
    assert "Stop the coolant leak" in desk.refused("resolve_incident", id=LEAK, **note)
    desk.done("complete_work_order", id=LEAK_ORDER, done_by_id=ENGINEER)
    resolved = desk.done("resolve_incident", id=LEAK, **note)
    assert [shift["id"] for shift in resolved["returned_shifts"]] == ["SHIFT-074"]
    assert desk.row("shift", "SHIFT-074")["module_id"] == BAY_B
    assert desk.row("module", BAY_B)["status"] == "online"
    assert desk.row("colony", "emberfall")["alert"] == "green"
    assert desk.row("incident", LEAK)["timeline"][-1]["note"] == "Pump exchanged."


def test_a_removed_module_takes_parts_and_orders_along_and_leaves_samples_without_place(desk: Desk) -> None:
    stored = [sample["id"] for sample in desk.rows("sample", module_id="MOD-33")]
    removed = desk.done("remove_module", id="MOD-32")
    assert removed["samples_without_place"] == stored
    assert stored
    assert all(desk.row("sample", key)["module_id"] is None for key in stored)
    assert desk.rows("module", parent_id="MOD-32") == desk.rows("work_order", module_id="MOD-32") == []
    assert desk.row("work_order", "WO-019")["blocked_by_ids"] == []


def test_a_module_with_incidents_on_record_cannot_be_removed(desk: Desk) -> None:
    assert desk.refused("remove_module", id="MOD-17") == (
        "409 Old Pump House cannot be removed: 1 incident on record would lose it"
    )
    assert "not offline (online)" in desk.refused("remove_module", id="MOD-01")


def test_pages_of_a_list_join_to_the_whole(desk: Desk) -> None:
    page = desk.done("list_colonists", certification="eva", sort="-dose_msv", limit=7)
    found = page["items"]
    while page["next"]:
        page = desk.done("list_colonists", certification="eva", sort="-dose_msv", limit=7, cursor=page["next"])
        found += page["items"]
    doses = [colonist["dose_msv"] for colonist in found]
    assert doses == sorted(doses, reverse=True)
    assert {c["id"] for c in found} == {c["id"] for c in desk.rows("colonist") if "eva" in c["certifications"]}
    assert len(found) == page["total"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("forecast_weather", {"site_id": "SITE-02"}),
        ("assess_health", {"colonist_id": COOK, "task": "shift"}),
        ("survey_route", {"site_id": "SITE-02", "rover_id": "ROV-05"}),
    ],
)
def test_advice_is_about_what_was_asked_and_changes_nothing(desk: Desk, tool: str, arguments: dict[str, str]) -> None:
    before = desk.all_rows()
    advice = desk.done(tool, **arguments)
    assert advice == {**advice, **{name: key for name, key in arguments.items() if name.endswith("_id")}}
    assert desk.all_rows() == before
