"""A morning at the operations desk of Emberfall, over HTTP, by a client of 2026: every answer against the rows."""

from __future__ import annotations

from operator import itemgetter

import pytest
from mcp.client import Client

from .job import Job
from .program import Program

pytestmark = pytest.mark.anyio
ENGINEER = "COL-013"


async def test_the_desk_sends_an_expedition_out_handles_an_incident_and_clears_a_ruin(program: Program) -> None:
    served = program.serve("mars-colony")
    async with Client(served.url) as client:
        assert client.protocol_version == "2026-07-28"
        job = Job(client, program.database)
        await look_around(job)
        await page_through_the_medics(job)
        await look_up_a_person(job)
        await send_an_expedition_out(job)
        await declare_an_incident(job)
        await clear_a_ruin(job)
        await look_around(job)
        assert len(job.steps) == 12


async def look_around(job: Job) -> None:
    status = await job.look("get_colony_status")
    assert status["colony"] == job.row("colony", "emberfall")
    assert [line["habitat"] for line in status["habitats"]] == job.of("habitat")
    for line in status["habitats"]:
        assert line["free_beds"] == line["habitat"]["capacity"] - line["habitat"]["headcount"]
    assert status["open_incidents"] == job.of("incident", status="open")
    assert status["active_expeditions"] == job.of("expedition", status="active")
    assert status["low_supplies"] == [row for row in job.of("supply") if row["quantity"] < row["minimum"]]


async def page_through_the_medics(job: Job) -> None:
    asked = {"certification": "medic", "status": "available", "sort": "dose_msv", "limit": 5}
    medics = [person for person in job.of("colonist", status="available") if "medic" in person["certifications"]]
    medics.sort(key=itemgetter("dose_msv"))
    assert 5 < len(medics) <= 10
    page = await job.look("list_colonists", **asked)
    assert (page["items"], page["total"]) == (medics[:5], len(medics))
    page = await job.look("list_colonists", **asked, cursor=page["next"])
    assert page == {"items": medics[5:], "total": len(medics), "next": None}


async def look_up_a_person(job: Job) -> None:
    person = job.row("colonist", "COL-102")
    coming = [duty for duty in job.of("shift", colonist_id="COL-102") if duty["ends_at"] > "2030-05-06T08:04:00Z"]
    assert [duty["id"] for duty in coming] == ["SHIFT-044"]
    assert await job.look("get_colonist", id="COL-102") == {
        "colonist": person,
        "home": job.row("habitat", person["home_id"]),
        "mentor": job.row("colonist", person["mentor_id"]),
        "shifts": coming,
        "expeditions": [job.row("expedition", "EXP-012")],
    }


async def send_an_expedition_out(job: Job) -> None:
    reason = await job.refused("start_expedition", id="EXP-012")
    assert reason.startswith("Badger is charged to 34 %; Basalt Steps and back (105.4 km) takes 59 %")

    charged = await job.do("charge_rover", id="ROV-04", to_percent=60)
    assert charged == {"rover": job.row("rover", "ROV-04"), "used_kwh": 36.4, "stored_kwh": 1113.6}
    assert job.changed == {
        ("rover", "ROV-04"): {"charge_percent": 60},
        ("colony", "emberfall"): {"stored_kwh": 1113.6},
    }

    stock = {key: job.row("supply", key)["quantity"] for key in ("SUP-01", "SUP-11")}
    started = await job.do("start_expedition", id="EXP-012")
    assert started == {
        "expedition": job.row("expedition", "EXP-012"),
        "rover": job.row("rover", "ROV-04"),
        "cancelled_shifts": [job.row("shift", "SHIFT-044")],
    }
    assert started["expedition"]["crew_ids"] == ["COL-039", "COL-040", "COL-102"]
    assert job.changed == {
        ("expedition", "EXP-012"): {"status": "active", "departed_at": "2030-05-06T08:07:00Z"},
        ("rover", "ROV-04"): {"status": "in-field"},
        ("colonist", "COL-039"): {"status": "in-field"},
        ("colonist", "COL-040"): {"status": "in-field"},
        ("colonist", "COL-102"): {"status": "in-field"},
        ("shift", "SHIFT-044"): {"status": "cancelled"},
        ("supply", "SUP-01"): {"quantity": stock["SUP-01"] - 9},
        ("supply", "SUP-11"): {"quantity": stock["SUP-11"] - 2},
    }


async def declare_an_incident(job: Job) -> None:
    scram = {"kind": "power", "severity": "critical", "reported_by_id": ENGINEER, "description": "Scram in the shop."}
    declared = await job.do("declare_incident", module_id="MOD-13", **scram)
    incident, order = declared["incident"], declared["work_order"]
    assert incident["timeline"] == [{"at": "2030-05-06T08:08:00Z", "author_id": ENGINEER, "note": "Scram in the shop."}]
    assert (order["priority"], order["module_id"], order["incident_id"]) == ("urgent", "MOD-13", incident["id"])
    assert declared["moved_shifts"] == [job.row("shift", "SHIFT-039"), job.row("shift", "SHIFT-041")]
    assert declared["alert"] == "red"
    assert job.changed == {
        ("incident", incident["id"]): incident,
        ("work_order", order["id"]): order,
        ("module", "MOD-13"): {"status": "locked-down"},
        ("shift", "SHIFT-039"): {"module_id": "MOD-10", "incident_id": incident["id"]},
        ("shift", "SHIFT-041"): {"module_id": "MOD-10", "incident_id": incident["id"]},
        ("colony", "emberfall"): {"alert": "red"},
    }


async def clear_a_ruin(job: Job) -> None:
    assert len(job.of("incident", module_id="MOD-17")) == 1
    reason = await job.refused("remove_module", id="MOD-17")
    assert reason == "Old Pump House cannot be removed: 1 incident on record would lose it"

    ruin = ("MOD-32", "MOD-33", "MOD-34")
    samples = [row["id"] for row in job.of("sample") if row["module_id"] in ruin]
    orders = [row["id"] for row in job.of("work_order") if row["module_id"] in ruin]
    assert (len(samples), orders) == (3, ["WO-017", "WO-018"])
    removed = await job.do("remove_module", id="MOD-32")
    assert removed["parts_removed"] == ["South Soil Bench", "South Seed Vault"]
    assert sorted(removed["samples_without_place"]) == samples
    assert job.changed == {
        **{("module", key): None for key in ruin},
        **{("work_order", key): None for key in orders},
        **{("sample", key): {"module_id": None} for key in samples},
        ("work_order", "WO-019"): {"blocked_by_ids": []},
    }

    standing = job.of("module", habitat_id="HAB-05")
    assert await job.look("list_modules", habitat_id="HAB-05") == {"items": standing, "total": 5, "next": None}
