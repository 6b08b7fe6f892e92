"""What must hold among the seed rows of Emberfall."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.load import SHIPPED, shipped_world

PACK = SHIPPED / "packs" / "mars-colony"
Rows = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    world = shipped_world("mars-colony")
    return {name: {row["id"]: row for row in table} for name, table in world.rows.items()}


def test_the_generator_writes_the_committed_seed_byte_for_byte(tmp_path: Path) -> None:
    shutil.copy(PACK / "generate.py", tmp_path)
    shutil.copytree(PACK / "emberfall", tmp_path / "emberfall")
    subprocess.run([sys.executable, "generate.py"], cwd=tmp_path, check=True)
    assert (tmp_path / "seed.json").read_bytes() == (PACK / "seed.json").read_bytes()


def test_there_are_three_to_five_hundred_rows(rows: Rows) -> None:
    assert 300 <= sum(map(len, rows.values())) <= 500


def test_430_people_arrived_and_live_in_the_habitats(rows: Rows) -> None:
    colony = rows["colony"]["emberfall"]
    assert colony["population"] == 430
    assert sum(arrival["people"] for arrival in colony["arrivals"]) == 430
    assert sum(habitat["headcount"] for habitat in rows["habitat"].values()) == 430


def test_no_habitat_holds_more_people_or_oxygen_than_it_can(rows: Rows) -> None:
    for habitat in rows["habitat"].values():
        assert habitat["headcount"] <= habitat["capacity"]
        assert habitat["oxygen_kg"] <= habitat["oxygen_capacity_kg"]


def test_no_more_people_of_a_habitat_are_on_the_roster_than_live_there(rows: Rows) -> None:
    homes = Counter(colonist["home_id"] for colonist in rows["colonist"].values())
    assert all(homes[key] <= habitat["headcount"] for key, habitat in rows["habitat"].items())


def test_every_chief_lives_in_the_habitat(rows: Rows) -> None:
    chiefs = {key: rows["colonist"][habitat["chief_id"]] for key, habitat in rows["habitat"].items()}
    assert all(chief["home_id"] == key for key, chief in chiefs.items())


def test_tunnels_lead_both_ways(rows: Rows) -> None:
    ends = {(key, other) for key, habitat in rows["habitat"].items() for other in habitat["connected_ids"]}
    assert ends == {(other, key) for key, other in ends}
    assert ends


def test_a_part_of_a_module_stands_in_the_same_habitat(rows: Rows) -> None:
    parts = [module for module in rows["module"].values() if module["parent_id"]]
    assert parts
    assert all(rows["module"][part["parent_id"]]["habitat_id"] == part["habitat_id"] for part in parts)


def test_mentors_arrived_earlier_and_share_the_role(rows: Rows) -> None:
    taught = [colonist for colonist in rows["colonist"].values() if colonist["mentor_id"]]
    assert taught
    for colonist in taught:
        mentor = rows["colonist"][colonist["mentor_id"]]
        assert mentor["arrived_on"] < colonist["arrived_on"]
        assert mentor["role"] == colonist["role"]


def test_exactly_the_crews_and_rovers_of_active_expeditions_are_in_the_field(rows: Rows) -> None:
    active = [trip for trip in rows["expedition"].values() if trip["status"] == "active"]
    crews = Counter(person for trip in active for person in trip["crew_ids"])
    assert set(crews) == {key for key, person in rows["colonist"].items() if person["status"] == "in-field"}
    assert set(crews.values()) == {1}
    assert {trip["rover_id"] for trip in active} == {
        key for key, rover in rows["rover"].items() if rover["status"] == "in-field"
    }


def test_every_crew_has_its_leader_and_a_seat_for_everyone_and_the_range_to_come_back(rows: Rows) -> None:
    for trip in rows["expedition"].values():
        rover, site = rows["rover"][trip["rover_id"]], rows["site"][trip["site_id"]]
        assert trip["leader_id"] in trip["crew_ids"]
        assert len(trip["crew_ids"]) <= rover["seats"]
        assert 2 * site["distance_km"] <= rover["range_km"]


def test_a_sample_was_taken_by_the_crew_at_the_site_during_the_expedition(rows: Rows) -> None:
    for sample in rows["sample"].values():
        trip = rows["expedition"][sample["expedition_id"]]
        assert sample["site_id"] == trip["site_id"]
        assert sample["collector_id"] in trip["crew_ids"]
        assert trip["departed_at"] < sample["collected_at"] < (trip["returned_at"] or "2030-05-06T08:00:00Z")


def test_a_sample_is_in_a_laboratory_once_its_expedition_is_back(rows: Rows) -> None:
    for sample in rows["sample"].values():
        back = rows["expedition"][sample["expedition_id"]]["returned_at"] is not None
        assert (sample["module_id"] is not None) == back
        assert not back or rows["module"][sample["module_id"]]["kind"] == "laboratory"
        assert all(sample["collected_at"] < analysis["at"] for analysis in sample["analyses"])


def test_no_stock_exceeds_its_storage(rows: Rows) -> None:
    assert all(supply["quantity"] <= supply["storage_limit"] for supply in rows["supply"].values())


def test_exactly_the_docked_ships_stand_on_a_landing_pad_each(rows: Rows) -> None:
    pads = [ship["pad_id"] for ship in rows["ship"].values() if ship["status"] == "docked"]
    assert len(pads) == len(set(pads)) > 0
    assert all(rows["module"][pad]["kind"] == "landing-pad" for pad in pads)
    assert all(ship["pad_id"] is None for ship in rows["ship"].values() if ship["status"] != "docked")


def test_nobody_works_two_shifts_at_once_or_while_away(rows: Rows) -> None:
    shifts = list(rows["shift"].values())
    assert len({shift["colonist_id"] for shift in shifts}) == len(shifts)
    assert {rows["colonist"][shift["colonist_id"]]["status"] for shift in shifts} == {"available"}


def test_shifts_stay_clear_of_modules_that_are_not_online(rows: Rows) -> None:
    assert {rows["module"][shift["module_id"]]["status"] for shift in rows["shift"].values()} == {"online"}


def test_a_work_order_is_for_one_module_or_one_rover_and_follows_its_blockers(rows: Rows) -> None:
    for order in rows["work_order"].values():
        assert (order["module_id"] is None) != (order["rover_id"] is None)
        assert all(blocker < order["id"] for blocker in order["blocked_by_ids"])
        assert (order["status"] == "done") == (order["completed_at"] is not None)


def test_done_work_was_done_by_someone_certified(rows: Rows) -> None:
    done = [order for order in rows["work_order"].values() if order["status"] == "done" and order["certification"]]
    assert done
    for order in done:
        assert order["certification"] in rows["colonist"][order["assignee_id"]]["certifications"]


def test_what_is_out_of_service_has_an_open_work_order(rows: Rows) -> None:
    waiting = [order for order in rows["work_order"].values() if order["status"] == "open"]
    modules = {order["module_id"] for order in waiting}
    assert all(key in modules for key, module in rows["module"].items() if module["status"] == "maintenance")
    rovers = {order["rover_id"] for order in waiting}
    assert all(key in rovers for key, rover in rows["rover"].items() if rover["status"] == "in-repair")


def test_the_alert_and_the_locked_modules_follow_the_open_incidents(rows: Rows) -> None:
    grave = [i for i in rows["incident"].values() if i["status"] == "open" and i["severity"] != "minor"]
    assert [incident["severity"] for incident in grave] == ["major"]
    assert rows["colony"]["emberfall"]["alert"] == "amber"
    assert {incident["module_id"] for incident in grave} == {
        key for key, module in rows["module"].items() if module["status"] == "locked-down"
    }


def test_incidents_are_reported_by_people_who_had_arrived(rows: Rows) -> None:
    for incident in rows["incident"].values():
        assert rows["colonist"][incident["reported_by_id"]]["arrived_on"] < incident["declared_at"]
        assert rows["module"][incident["module_id"]]
