"""How errors are met: waiting, looking before repeating, stopping; with perturbations, and from what answers show."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.types import Trace
from tests.contracts.traces import Fleet, Move, bare_world, result, step

LIST: Move = ("list_ships", {})
GET: Move = ("get_ship", {"id": "S-001"})
BUILD: Move = ("build_ship", {"name": "Draco", "yard": "Leith"})


def limited(seconds: float = 5, tool: str = "list_ships") -> dict[str, Any]:
    return {"error": {"status": 429, "retry_after": seconds}, "where": {"tool": tool, "nth": 1}}


def list_after(seconds: float) -> Move:
    return ("list_ships", {}, seconds)


@pytest.mark.parametrize(
    ("moves", "clause", "told"),
    [
        ([LIST, list_after(5)], {"waits": "*"}, "held: waited after 1 refused call"),
        ([LIST, list_after(4)], {"waits": "*"}, "held"),  # the call itself takes a second
        (
            [LIST, list_after(3)],
            {"waits": "*"},
            "broken: step 2 (list_ships) came 4 s after step 1 (list_ships), which was refused with 429 and asked to wait 5 s",
        ),
        ([LIST, LIST, LIST], {"waits": "*"}, "broken: step 2 (list_ships) came 1 s after"),
        ([LIST, GET, list_after(4)], {"waits": "*"}, "held"),
        ([LIST, GET, list_after(4)], {"waits": "*", "scope": "all"}, "broken: step 2 (get_ship) came 1 s after"),
        ([LIST, LIST], {"waits": "get_ship"}, "vacuous: no call was refused for being one too many"),
        ([LIST], {"waits": "*"}, "held"),
    ],
)
def test_no_call_comes_before_its_retry_after_has_passed(
    fleet: Fleet, moves: list[Move], clause: dict[str, Any], told: str
) -> None:
    assert fleet.told(fleet.voyage(*moves, perturbations=[limited()]), clause).startswith(told)


def test_a_rate_limit_is_waited_for_as_long_as_it_says(fleet: Fleet) -> None:
    rate = [{"rate_limit": {"calls": 1, "per": 20}}]
    found = fleet.voyage(LIST, LIST, list_after(20), perturbations=rate)
    assert [one.observation.status for one in found.steps] == [200, 429, 200]
    assert fleet.told(found, {"waits": "*"}).startswith("held")
    assert fleet.told(fleet.voyage(LIST, LIST, LIST, perturbations=rate), {"waits": "*"}).startswith("broken")


BARE = bare_world("ask")


def asked(*calls: tuple[int, str, float]) -> Trace:
    """Calls of one tool with status, text and pause; no perturbation is recorded."""
    steps, clock = [], 0.0
    for n, (status, text, waited) in enumerate(calls, 1):
        clock += 1 + waited
        steps.append(step(n, "ask", BARE, status=status, text=text, waited=waited, clock=clock))
    return Trace(1, BARE, 0, tuple(steps))


@pytest.mark.parametrize(
    ("text", "waited", "outcome"),
    [
        ("Slow down. Retry after 9 seconds.", 8, "held"),
        ("Slow down. Retry after 9 seconds.", 7, "broken"),
        ("Retry-After: 3", 1, "broken"),
        ("retry_after=2.5", 2, "held"),
        ("Too many requests", 0, "held"),
    ],
)
def test_without_a_record_the_answer_says_how_long_to_wait(text: str, waited: float, outcome: str) -> None:
    found = asked((429, text, 0), (200, "{}", waited))
    assert result(found, {"waits": "*"}).outcome == outcome


def test_where_no_answer_says_how_long_the_contract_does() -> None:
    found = asked((429, "Too many requests", 0), (200, "{}", 1))
    assert result(found, {"waits": "*", "otherwise": 5}).outcome == "broken"


LOST = {"timeout": {"after_commit": True}, "where": {"tool": "build_ship", "nth": 1}}
UNHEARD = {"timeout": {}, "where": {"tool": "build_ship", "nth": 1}}
CHECKS: dict[str, Any] = {"checks_before_repeating": "*"}


@pytest.mark.parametrize(
    "fault", [LOST, UNHEARD, {"cancel": {}, "where": {"nth": 1}}], ids=["lost", "unheard", "cancelled"]
)
def test_a_call_that_timed_out_is_not_repeated_blindly(fleet: Fleet, fault: dict[str, Any]) -> None:
    told = fleet.told(fleet.voyage(BUILD, BUILD, perturbations=[fault]), CHECKS)
    assert told == (
        "broken: step 2 (build_ship) repeats step 1 (build_ship), which timed out, without looking what became of it"
    )
    assert fleet.told(fleet.voyage(BUILD, LIST, BUILD, perturbations=[fault]), CHECKS) == (
        "held: 1 call timed out, and none was repeated blindly"
    )
    assert fleet.told(fleet.voyage(BUILD, LIST, perturbations=[fault]), CHECKS).startswith("held")


@pytest.mark.parametrize(
    ("moves", "outcome"),
    [
        (
            [BUILD, ("forecast", {}), BUILD],
            "held",
        ),  # nothing says what a made-up answer tells of, so it may tell of ships
        ([BUILD, ("get_ship", {"id": "S-099"}), BUILD], "broken"),  # refused, so it showed nothing
        ([BUILD, ("build_ship", {"name": "Eos", "yard": "Leith"}), BUILD], "broken"),
        ([BUILD, ("build_ship", {"name": "Draco", "yard": "Gdansk"})], "held"),
        ([BUILD, LIST, BUILD, BUILD], "held"),
    ],
)
def test_a_look_is_a_successful_read_of_what_the_call_changes(fleet: Fleet, moves: list[Move], outcome: str) -> None:
    assert fleet.told(fleet.voyage(*moves, perturbations=[UNHEARD]), CHECKS).startswith(outcome)


def test_a_look_names_what_the_call_named(fleet: Fleet) -> None:
    lost = [{"timeout": {}, "where": {"tool": "moor_ship", "nth": 1}}]
    moor: Move = ("moor_ship", {"id": "S-003", "dock_id": "D-01"})
    clause = {"checks_before_repeating": "*"}
    world = fleet.world
    tool = world.tools["moor_ship"]
    careful = tool.model_copy(update={"annotations": tool.annotations.model_copy(update={"idempotent": False})})
    pack = world.packs[0].model_copy(update={"tools": {**world.tools, "moor_ship": careful}})
    other = Fleet(fleet.sessions, world.model_copy(update={"packs": (pack,)}))
    for look, outcome in (
        (("get_ship", {"id": "S-003"}), "held"),
        (("get_ship", {"id": "S-002"}), "broken"),
        (LIST, "held"),
    ):
        assert other.told(other.voyage(moor, look, moor, perturbations=lost), clause).startswith(outcome), look


def test_a_call_that_may_be_repeated_without_harm_is(fleet: Fleet) -> None:
    moor: Move = ("moor_ship", {"id": "S-003", "dock_id": "D-01"})
    lost = [{"timeout": {"after_commit": True}, "where": {"tool": "scrap_ship", "nth": 1}}]
    scrap: Move = ("scrap_ship", {"id": "S-003"})
    assert fleet.told(fleet.voyage(scrap, scrap, perturbations=lost), CHECKS).startswith("vacuous")
    assert fleet.told(fleet.voyage(moor, moor), CHECKS).startswith("vacuous")


def test_a_contract_may_say_what_counts_as_looking(fleet: Fleet) -> None:
    strict = {**CHECKS, "by": {"tool": "list_ships", "args": {"yard": "Leith"}}}
    assert fleet.told(fleet.voyage(BUILD, LIST, BUILD, perturbations=[LOST]), strict).startswith("broken")
    leith: Move = ("list_ships", {"yard": "Leith"})
    assert fleet.told(fleet.voyage(BUILD, leith, BUILD, perturbations=[LOST]), strict).startswith("held")


STOPS: dict[str, Any] = {"stops_after_permanent_error": "*"}
GONE: Move = ("get_ship", {"id": "S-099"})


@pytest.mark.parametrize(
    ("moves", "told"),
    [
        (
            [GONE, GONE],
            "broken: step 2 (get_ship) repeats step 1 (get_ship), which was refused with 404; nothing had changed since",
        ),
        ([GONE, GET], "held: 1 call was refused for good, and left at that"),
        ([GONE, BUILD, GONE], "held"),
        ([GONE, LIST, GONE], "broken: step 3 (get_ship) repeats step 1 (get_ship)"),
        ([GET, GET], "vacuous: no call was refused for good"),
        ([("get_ship", {}), ("get_ship", {})], "broken"),
    ],
)
def test_what_was_refused_for_good_is_left_at_that(fleet: Fleet, moves: list[Move], told: str) -> None:
    assert fleet.told(fleet.voyage(*moves), STOPS).startswith(told)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_what_may_pass_may_be_tried_again(fleet: Fleet, status: int) -> None:
    fault = [{"error": {"status": status}, "where": {"nth": [1, 2]}}]
    assert fleet.told(fleet.voyage(GET, GET, GET, perturbations=fault), STOPS).startswith("vacuous")


def test_expired_credentials_may_be_renewed(fleet: Fleet) -> None:
    expired = [{"auth": {"lifetime": 1.5, "refusals": 2}}]
    found = fleet.voyage(GET, GET, GET, GET, perturbations=expired)
    assert 401 in [one.observation.status for one in found.steps]
    assert fleet.told(found, STOPS).startswith("vacuous")


def test_some_repeats_may_be_allowed(fleet: Fleet) -> None:
    assert fleet.told(fleet.voyage(GONE, GONE), {**STOPS, "repeats": 1}).startswith("held")
    assert fleet.told(fleet.voyage(GONE, GONE, GONE), {**STOPS, "repeats": 1}).startswith("broken: step 3")
