"""A Monday morning at the helpdesk, over HTTP, by a client of 2025: every answer against the rows."""

from __future__ import annotations

from operator import itemgetter

import pytest
from mcp.client import Client

from .job import Job
from .program import Program
from .rows import Row

pytestmark = pytest.mark.anyio
CURE = "Version 5.4.1 is on all hubs; please unplug yours once."
SHOP = "You can order them in the portal."


async def test_the_desk_makes_room_for_a_ticket_solves_a_problem_and_lets_a_customer_go(program: Program) -> None:
    served = program.serve("helpdesk")
    async with Client(served.url, mode="legacy") as client:
        assert client.protocol_version == "2025-11-25"
        job = Job(client, program.database)
        await page_through_what_waits(job)
        await assign_a_ticket(job)
        await solve_a_problem(job)
        await let_a_customer_go(job)
        await look_at_the_workload(job)
        assert len(job.steps) == 12


async def page_through_what_waits(job: Job) -> None:
    asked = {"unassigned": True, "status": "new", "sort": "resolution_due", "per_page": 4}
    waiting = sorted(job.of("ticket", assignee_id=None, status="new"), key=itemgetter("resolution_due"))
    assert 4 < len(waiting) <= 8
    page = await job.look("list_tickets", **asked)
    assert page == {"items": waiting[:4], "total": len(waiting), "next_page": 2}
    page = await job.look("list_tickets", **asked, page=2)
    assert page == {"items": waiting[4:], "total": len(waiting), "next_page": None}


async def assign_a_ticket(job: Job) -> None:
    assert await job.look("get_ticket", id="TKT-00042") == job.row("ticket", "TKT-00042")

    cold = {"id": "TKT-00042", "agent_id": "AGT-009", "group_id": "GRP-01"}
    held = unsolved(job, assignee_id="AGT-009")
    assert len(held) == job.row("agent", "AGT-009")["capacity"] == 3
    reason = await job.refused("assign_ticket", **cold)
    assert reason == "Mateus Ferro already holds 3 of 3 tickets; solve or reassign one of them first"

    key = held[0]["id"]
    solved = await job.do("solve_ticket", id=key, solution=SHOP)
    assert solved == {"ticket": job.row("ticket", key), "solved_incident_ids": []}
    (said,) = comments(job)
    assert (said["ticket_id"], said["agent_id"], said["public"], said["body"]) == (key, "AGT-009", True, SHOP)
    assert job.changed == {("comment", said["id"]): said, ("ticket", key): over("2030-06-03T08:00:25Z")}

    assert await job.do("assign_ticket", **cold) == job.row("ticket", "TKT-00042")
    now = "2030-06-03T08:00:30Z"
    mine = {"status": "open", "assignee_id": "AGT-009", "group_id": "GRP-01", "updated_at": now}
    assert job.changed == {("ticket", "TKT-00042"): mine}


async def solve_a_problem(job: Job) -> None:
    incidents = [ticket["id"] for ticket in unsolved(job, problem_id="TKT-00015")]
    assert len(incidents) == 3
    solved = await job.do("solve_ticket", id="TKT-00015", solution=CURE)
    assert solved == {"ticket": job.row("ticket", "TKT-00015"), "solved_incident_ids": incidents}
    told = comments(job)
    assert [said["ticket_id"] for said in told] == ["TKT-00015", *incidents]
    assert {(said["agent_id"], said["public"], said["body"]) for said in told} == {("AGT-004", True, CURE)}
    now = "2030-06-03T08:00:35Z"
    assert job.changed == {
        **{("comment", said["id"]): said for said in told},
        ("ticket", "TKT-00015"): over(now),
        ("ticket", "TKT-00016"): over(now),
        ("ticket", "TKT-00017"): over(now),
        ("ticket", "TKT-00018"): {**over(now), "assignee_id": "AGT-004", "first_responded_at": now},
    }


async def let_a_customer_go(job: Job) -> None:
    reason = await job.refused("delete_organization", id="ORG-009")
    assert reason == "Quarry Street Bakery still has 1 user record(s); move them to another organization first"

    (baker,) = job.of("user", organization_id="ORG-009")
    left = await job.do("update_user", id=baker["id"], organization_id=None)
    assert left == {**baker, "organization_id": None}
    assert job.changed == {("user", baker["id"]): {"organization_id": None}}

    tickets = [ticket["id"] for ticket in job.of("ticket", organization_id="ORG-009")]
    assert tickets
    bakery = job.row("organization", "ORG-009")
    assert await job.do("delete_organization", id="ORG-009") == bakery
    assert job.changed == {
        ("organization", "ORG-009"): None,
        **{("ticket", key): {"organization_id": None} for key in tickets},
    }
    assert await job.refused("get_organization", id="ORG-009") == "Organization ORG-009 not found"


async def look_at_the_workload(job: Job) -> None:
    members = [agent for agent in job.of("agent", active=True) if "GRP-01" in agent["group_ids"]]
    load = await job.look("get_group_workload", id="GRP-01")
    assert load["group"] == job.row("group", "GRP-01")
    assert load["unassigned"] == len(unsolved(job, group_id="GRP-01", assignee_id=None))
    assert {line["agent_id"]: line["unsolved"] for line in load["agents"]} == {
        agent["id"]: len(unsolved(job, assignee_id=agent["id"])) for agent in members
    }


def unsolved(job: Job, **match: str | None) -> list[Row]:
    return [ticket for ticket in job.of("ticket", **match) if ticket["status"] not in {"solved", "closed"}]


def comments(job: Job) -> list[Row]:
    """What the last call wrote into conversations."""
    return [job.row(kind, key) for kind, key in sorted(job.changed) if kind == "comment"]


def over(now: str) -> Row:
    return {"status": "solved", "solved_at": now, "updated_at": now}
