"""The helpdesk's seed, its organizations, users and agents, and its lists and reports."""

from __future__ import annotations

import runpy
from collections.abc import Iterator

import pytest

from mcp_sim.sessions import Sessions
from schemas.load import SHIPPED, shipped_world
from schemas.types import World
from store.db import Database

from .desk import Desk


@pytest.fixture
def world() -> World:
    return shipped_world("helpdesk")


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    database = Database("sqlite://")
    yield Desk(Sessions(database), world)
    database.close()


def test_the_generator_writes_the_seed_byte_for_byte() -> None:
    pack = SHIPPED / "packs" / "helpdesk"
    generator = runpy.run_path(str(pack / "generate.py"))
    assert generator["text_of"](generator["seed"]()) == (pack / "seed.json").read_text("utf-8")


def test_the_seeded_tickets_agree_with_themselves(world: World) -> None:
    for ticket in world.rows["ticket"]:
        assert (ticket["status"] in {"solved", "closed"}) == (ticket["solved_at"] is not None), ticket["id"]
        assert (ticket["status"] != "new") == (ticket["assignee_id"] is not None), ticket["id"]
        assert ticket["created_at"] <= ticket["updated_at"] <= "2030-06-03T08:00:00Z", ticket["id"]


def test_the_examples_end_as_their_reasons_say(desk: Desk, world: World) -> None:
    for example in world.examples:
        observation = desk.call(example.tool, **example.arguments)
        assert observation.is_error == example.why.startswith("refused"), example.why


def test_a_new_user_is_filed_by_the_domain_of_the_address(desk: Desk) -> None:
    user = desk.done("create_user", name="Ada Rook", email="ada.rook@oakmere-schools.example")
    assert user["organization_id"] == "ORG-005"


def test_an_address_belongs_to_one_user_only(desk: Desk) -> None:
    refusal = desk.refused("create_user", name="Another Giulia", email="giulia@quarrystreet.example")
    assert refusal.startswith("409")
    assert "giulia@quarrystreet.example" in refusal


def test_an_organization_with_users_is_not_deleted(desk: Desk) -> None:
    assert "Quarry Street Bakery still has 1 user" in desk.refused("delete_organization", id="ORG-009")


def test_a_deleted_organization_leaves_its_tickets_and_frees_its_branches(desk: Desk) -> None:
    tickets = desk.rows("ticket", organization_id="ORG-003")
    for user in desk.rows("user", organization_id="ORG-003"):
        desk.done("update_user", id=user["id"], organization_id=None)
    desk.done("delete_organization", id="ORG-003")
    assert desk.row("organization", "ORG-004")["parent_id"] is None
    assert tickets
    assert all(desk.row("ticket", ticket["id"])["organization_id"] is None for ticket in tickets)
    assert desk.call("get_organization", id="ORG-003").status == 404


def test_a_branch_has_no_branches(desk: Desk) -> None:
    assert "branch of ORG-001" in desk.refused("create_organization", name="Fenwick Far North", parent_id="ORG-002")
    assert "branches of its own" in desk.refused("update_organization", id="ORG-001", parent_id="ORG-005")


def test_a_leaving_agent_hands_over_everything(desk: Desk) -> None:
    answer = desk.done("deactivate_agent", id="AGT-004", successor_id="AGT-011")
    assert answer["reassigned_ticket_ids"] == ["TKT-00015", "TKT-00016", "TKT-00038"]
    agent = desk.row("agent", "AGT-004")
    assert (agent["active"], agent["group_ids"]) == (False, [])
    for key in answer["reassigned_ticket_ids"]:
        assert desk.row("ticket", key)["assignee_id"] == "AGT-011"
        assert "takes over" in desk.rows("comment", ticket_id=key)[-1]["body"]
    assert all("AGT-004" not in ticket["follower_ids"] for ticket in desk.rows("ticket"))


def test_the_last_admin_stays(desk: Desk) -> None:
    assert "last active admin" in desk.refused("deactivate_agent", id="AGT-001", successor_id="AGT-002")


def test_an_agent_leaves_no_group_with_work_in_hand(desk: Desk) -> None:
    refusal = desk.refused("change_agent_groups", id="AGT-005", join=["GRP-03"], leave=["GRP-02"])
    assert "TKT-00040" in refusal
    desk.done("assign_ticket", id="TKT-00040", agent_id="AGT-011")
    agent = desk.done("change_agent_groups", id="AGT-005", join=["GRP-03"], leave=["GRP-02"])
    assert agent["group_ids"] == ["GRP-05", "GRP-03"]


def test_the_satisfaction_report_counts_the_ratings_of_the_period(desk: Desk) -> None:
    report = desk.done("get_satisfaction", days=365)
    ratings = desk.rows("rating")
    assert report["good"] == len([rating for rating in ratings if rating["score"] == "good"])
    assert sum(part["good"] + part["bad"] for part in report["agents"]) == len(ratings)


def test_the_workload_of_a_group_adds_up(desk: Desk) -> None:
    load = desk.done("get_group_workload", id="GRP-01")
    mateus = next(agent for agent in load["agents"] if agent["agent_id"] == "AGT-009")
    assert (mateus["unsolved"], mateus["free"]) == (3, 0)


def test_the_pages_of_a_list_are_the_whole_list(desk: Desk) -> None:
    page: int | None = 1
    keys: list[str] = []
    while page is not None:
        answer = desk.done("list_tickets", sort="-created_at", per_page=7, page=page)
        keys += [ticket["id"] for ticket in answer["items"]]
        page = answer["next_page"]
    assert keys == sorted((ticket["id"] for ticket in desk.rows("ticket")), reverse=True)


def test_filters_and_search_combine(desk: Desk) -> None:
    wanted = {"tag": "hub", "query": "TOWER", "organization_id": "ORG-002"}
    answer = desk.done("list_tickets", **wanted, status="open", sort="-subject")
    assert [ticket["id"] for ticket in answer["items"]] == ["TKT-00020", "TKT-00016"]
    assert desk.done("list_tickets", **wanted)["total"] == 3


def test_suggestions_speak_of_the_ticket_that_was_asked_about(desk: Desk) -> None:
    assert desk.done("suggest_reply", ticket_id="TKT-00038")["ticket_id"] == "TKT-00038"
    assert desk.done("summarize_ticket", ticket_id="TKT-00038")["ticket_id"] == "TKT-00038"
