"""The helpdesk's tickets: what each business action does to the rows, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_sim.sessions import Sessions
from schemas.load import shipped_world
from store.db import Database

from .desk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    database = Database("sqlite://")
    yield Desk(Sessions(database), shipped_world("helpdesk"))
    database.close()


def test_a_ticket_takes_organization_and_service_level_from_its_requester(desk: Desk) -> None:
    asked = {"subject": "Cold ward", "description": "It is.", "requester_id": "USR-0006"}
    ticket = desk.done("create_ticket", **asked, priority="urgent")
    assert (ticket["organization_id"], ticket["sla_policy_id"]) == ("ORG-003", "SLA-03")
    assert ticket["created_at"] == "2030-06-03T08:00:05Z"
    assert ticket["first_response_due"] == "2030-06-03T08:10:05Z"
    assert ticket["resolution_due"] == "2030-06-03T10:00:05Z"
    assert desk.row("ticket", ticket["id"]) == ticket


def test_a_requester_without_an_organization_gets_the_default_service_level(desk: Desk) -> None:
    ticket = desk.done("create_ticket", subject="Adapter", description="Which?", requester_id="USR-0024")
    assert (ticket["organization_id"], ticket["sla_policy_id"]) == (None, "SLA-01")


def test_a_suspended_user_cannot_open_a_ticket(desk: Desk) -> None:
    refusal = desk.refused("create_ticket", subject="Hello", description="Hello?", requester_id="USR-0026")
    assert refusal == "409 Victor Strand is suspended and cannot open tickets; lift the suspension first"


def test_a_ticket_cannot_carry_a_tag_that_does_not_exist(desk: Desk) -> None:
    asked = {"subject": "Hello", "description": "Hello?", "requester_id": "USR-0024"}
    assert "no tag 'heatwave'" in desk.refused("create_ticket", **asked, tags=["heatwave"])


def test_a_new_priority_moves_the_due_times(desk: Desk) -> None:
    before = desk.row("ticket", "TKT-00030")
    after = desk.done("update_ticket", id="TKT-00030", priority="urgent")
    assert before["resolution_due"] == "2030-06-03T10:00:00Z"
    assert after["resolution_due"] == "2030-05-31T18:00:00Z"
    assert after["subject"] == before["subject"]


def test_a_problem_with_incidents_stays_a_problem(desk: Desk) -> None:
    assert "problem of 3 incident(s)" in desk.refused("update_ticket", id="TKT-00015", type="question")


def test_assigning_opens_a_new_ticket(desk: Desk) -> None:
    desk.done("assign_ticket", id="TKT-00042", agent_id="AGT-005")
    ticket = desk.row("ticket", "TKT-00042")
    assert (ticket["assignee_id"], ticket["status"], ticket["group_id"]) == ("AGT-005", "open", "GRP-02")


def test_an_agent_with_full_hands_gets_no_more(desk: Desk) -> None:
    refusal = desk.refused("assign_ticket", id="TKT-00041", agent_id="AGT-009")
    assert refusal == "409 Mateus Ferro already holds 3 of 3 tickets; solve or reassign one of them first"
    desk.done("solve_ticket", id="TKT-00033", solution="Yes, from the shop.")
    desk.done("assign_ticket", id="TKT-00041", agent_id="AGT-009")


def test_a_ticket_goes_to_members_of_its_group_only(desk: Desk) -> None:
    assert "not a member of Hardware" in desk.refused("assign_ticket", id="TKT-00042", agent_id="AGT-002")


def test_escalating_raises_priority_and_tells_the_lead(desk: Desk) -> None:
    desk.done("escalate_ticket", id="TKT-00044", reason="The board waits")
    ticket = desk.row("ticket", "TKT-00044")
    assert (ticket["priority"], ticket["escalation_level"], ticket["follower_ids"]) == ("high", 1, ["AGT-008"])
    assert ticket["resolution_due"] == "2030-06-04T08:00:05Z"
    [note] = desk.rows("comment", ticket_id="TKT-00044")
    assert (note["public"], note["body"]) == (False, "Escalated to level 1, Celeste Moreau informed: The board waits")


def test_escalation_ends_at_the_third_level(desk: Desk) -> None:
    for _ in range(3):
        desk.done("escalate_ticket", id="TKT-00044", reason="Again")
    assert "highest escalation level" in desk.refused("escalate_ticket", id="TKT-00044", reason="Again")


def test_solving_a_problem_solves_its_incidents(desk: Desk) -> None:
    answer = desk.done("solve_ticket", id="TKT-00015", solution="Version 5.4.1 is out.")
    assert answer["solved_incident_ids"] == ["TKT-00016", "TKT-00017", "TKT-00018"]
    for key in ("TKT-00015", "TKT-00016", "TKT-00017", "TKT-00018"):
        assert desk.row("ticket", key)["status"] == "solved"
        assert [comment["body"] for comment in desk.rows("comment", ticket_id=key)][-1] == "Version 5.4.1 is out."
    assert desk.row("ticket", "TKT-00018")["assignee_id"] == "AGT-004"


def test_nobody_solves_a_ticket_that_nobody_has(desk: Desk) -> None:
    assert "has no assignee" in desk.refused("solve_ticket", id="TKT-00045", solution="Done.")


def test_a_reply_of_the_requester_reopens_a_solved_ticket(desk: Desk) -> None:
    desk.done("add_comment", id="TKT-00009", author="requester", body="Only 39 have moved.")
    ticket = desk.row("ticket", "TKT-00009")
    assert (ticket["status"], ticket["reopen_count"], ticket["solved_at"]) == ("open", 1, None)


def test_the_first_public_answer_is_the_first_response(desk: Desk) -> None:
    desk.done("add_comment", id="TKT-00018", agent_id="AGT-005", body="Is the spa warm?", public=False)
    assert desk.row("ticket", "TKT-00018")["first_responded_at"] is None
    answer = desk.done("add_comment", id="TKT-00018", agent_id="AGT-005", body="We are looking into it.")
    assert desk.row("ticket", "TKT-00018")["first_responded_at"] == answer["created_at"]


def test_a_solution_from_long_ago_is_not_reopened(desk: Desk) -> None:
    assert "more than 30 days ago" in desk.refused("reopen_ticket", id="TKT-00004", reason="It clicks again")


def test_a_ticket_of_an_agent_who_left_reopens_as_new(desk: Desk) -> None:
    desk.done("deactivate_agent", id="AGT-010", successor_id="AGT-005")
    ticket = desk.done("reopen_ticket", id="TKT-00014", reason="Other dates, please")
    assert (ticket["status"], ticket["assignee_id"]) == ("new", None)


def test_merging_moves_the_conversation_and_closes_the_source(desk: Desk) -> None:
    desk.done("add_comment", id="TKT-00030", author="requester", body="Mr Farrow wrote to you as well.")
    moved = {comment["id"] for comment in desk.rows("comment", ticket_id="TKT-00030")}
    answer = desk.done("merge_tickets", id="TKT-00030", into_id="TKT-00029")
    source = desk.row("ticket", "TKT-00030")
    assert (source["status"], source["merged_into_id"], answer["moved_comments"]) == ("closed", "TKT-00029", 1)
    assert desk.rows("comment", ticket_id="TKT-00030") == []
    assert moved < {comment["id"] for comment in desk.rows("comment", ticket_id="TKT-00029")}


def test_tickets_of_different_organizations_do_not_merge(desk: Desk) -> None:
    assert "different organizations" in desk.refused("merge_tickets", id="TKT-00045", into_id="TKT-00042")


def test_deleting_a_ticket_takes_comments_rating_and_merged_tickets_along(desk: Desk) -> None:
    desk.done("solve_ticket", id="TKT-00020", solution="The hub has moved.")
    desk.done("rate_ticket", id="TKT-00020", score="good")
    desk.done("delete_ticket", id="TKT-00020")
    assert desk.rows("comment", ticket_id="TKT-00020") == []
    assert desk.rows("rating", ticket_id="TKT-00020") == []
    assert desk.rows("ticket", id="TKT-00019") == []


def test_a_problem_with_unsolved_incidents_is_not_deleted(desk: Desk) -> None:
    assert "TKT-00016, TKT-00017, TKT-00018" in desk.refused("delete_ticket", id="TKT-00015")


def test_a_deleted_tag_disappears_from_tickets_and_macros(desk: Desk) -> None:
    answer = desk.done("delete_tag", name="hub")
    assert "TKT-00015" in answer["removed_from_ticket_ids"]
    assert all("hub" not in ticket["tags"] for ticket in desk.rows("ticket"))
    assert desk.row("macro", "MAC-02")["add_tags"] == []


def test_a_macro_answers_and_sets_fields_at_once(desk: Desk) -> None:
    answer = desk.done("apply_macro", id="TKT-00035", macro_id="MAC-05")
    ticket = desk.row("ticket", "TKT-00035")
    assert (ticket["status"], ticket["tags"]) == ("solved", ["billing", "refund"])
    assert ticket["solved_at"] == answer["comment"]["created_at"]
    assert answer["comment"]["body"].startswith("Hello Hugo Lindgren, we have refunded")
    assert answer["comment"]["body"].endswith("Celeste Moreau, Billing")


def test_a_macro_of_another_group_is_refused(desk: Desk) -> None:
    assert "for members of GRP-04" in desk.refused("apply_macro", id="TKT-00029", macro_id="MAC-05")


def test_a_ticket_is_rated_once_and_only_after_its_solution(desk: Desk) -> None:
    assert "once it is solved" in desk.refused("rate_ticket", id="TKT-00045", score="bad")
    rating = desk.done("rate_ticket", id="TKT-00009", score="good")
    assert desk.done("get_rating", id="TKT-00009") == rating
    assert "rated already" in desk.refused("rate_ticket", id="TKT-00009", score="bad")
