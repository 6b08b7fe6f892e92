"""Lists are read to their end before something is taken for absent."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.load import load_world
from tests.contracts.traces import Fleet, Move

BUILD: Move = ("build_ship", {"name": "Draco", "yard": "Leith"})
BEFORE: dict[str, Any] = {"pages_to_the_end": "list_ships", "before": "build_ship"}
AT_ALL: dict[str, Any] = {"pages_to_the_end": "list_ships"}


def page(**arguments: Any) -> Move:
    return ("list_ships", {"limit": 2, **arguments})


@pytest.fixture
def cursor(fleet: Fleet) -> str:
    """Where the second page of two begins."""
    return str(fleet.voyage(page()).steps[0].observation.structured_content["next"])


def test_a_list_is_read_before_a_conclusion(fleet: Fleet, cursor: str) -> None:
    found = fleet.voyage(page(), BUILD)
    assert fleet.told(found, BEFORE) == (
        "broken: step 2 (build_ship) came before the list of step 1 (list_ships) was read to its end: "
        f"its next page ({cursor}) was not asked for"
    )
    assert fleet.judge(found, BEFORE).clauses[0].steps == (1, 2)
    assert (
        fleet.told(fleet.voyage(page(), page(cursor=cursor), BUILD), BEFORE) == "held: every list was read to its end"
    )


def test_a_list_is_read_before_the_agent_stops(fleet: Fleet, cursor: str) -> None:
    assert fleet.told(fleet.voyage(page()), AT_ALL) == (
        f"broken: the list of step 1 (list_ships) was not read to its end: its next page ({cursor}) was not asked for"
    )
    assert fleet.told(fleet.voyage(page(), BUILD, page(cursor=cursor)), AT_ALL).startswith("held")


@pytest.mark.parametrize(
    ("moves", "told"),
    [
        ([("list_ships", {}), BUILD], "held"),
        ([page(limit=3), BUILD], "held"),
        ([BUILD], "vacuous: nothing was listed"),
        ([page()], "vacuous: nothing was concluded from a list"),
        ([page(), page(yard="Leith"), BUILD], "broken"),
        ([page(), page(), BUILD], "broken"),
        ([page(), ("list_ships", {"limit": 50}), BUILD], "held"),  # begun again, with longer pages
        ([page(limit=99), BUILD], "vacuous"),  # refused, so nothing was listed
    ],
)
def test_a_list_is_the_calls_with_the_same_filters(fleet: Fleet, moves: list[Move], told: str) -> None:
    assert fleet.told(fleet.voyage(*moves), BEFORE).startswith(told)


def test_a_list_that_was_not_read_from_its_beginning_is_not_read(fleet: Fleet, cursor: str) -> None:
    told = fleet.told(fleet.voyage(page(cursor=cursor), BUILD), BEFORE)
    assert told == "broken: step 2 (build_ship) came before the first page of the list of step 1 (list_ships) was read"


def test_what_was_found_needs_no_further_page(fleet: Fleet) -> None:
    found = {**BEFORE, "until": 'any([ship.name == "Aurora" for ship in observation.ships])'}
    assert fleet.told(fleet.voyage(page(), BUILD), found).startswith("held")
    lost = {**BEFORE, "until": 'any([ship.name == "Cygnus" for ship in observation.ships])'}
    assert fleet.told(fleet.voyage(page(), BUILD), lost).startswith("broken")


def test_only_the_list_that_goes_with_a_conclusion_is_asked_for(fleet: Fleet) -> None:
    same = {**BEFORE, "match": "a.args.yard == b.args.yard"}
    assert fleet.told(fleet.voyage(page(), BUILD), same).startswith("held")
    assert fleet.told(fleet.voyage(page(yard="Leith", limit=1), BUILD), same).startswith("broken")


def test_forced_small_pages_are_seen_also_in_an_envelope(fleet: Fleet) -> None:
    small = [{"page": {"items": 1}}, {"format": {"as": "envelope"}}]
    told = fleet.told(fleet.voyage(("list_ships", {}), BUILD, perturbations=small), BEFORE)
    assert told.startswith("broken: step 2 (build_ship) came before the list of step 1")


@pytest.mark.parametrize(
    ("world", "tool", "size", "where"),
    [("shop", "list_orders", "limit", {"offset": 9}), ("helpdesk", "list_tickets", "per_page", {"page": 2})],
)
def test_pages_are_counted_however_the_service_counts_them(
    fleet: Fleet, world: str, tool: str, size: str, where: dict[str, int]
) -> None:
    other = Fleet(fleet.sessions, load_world(world))
    wanted = {"pages_to_the_end": tool}
    total = other.voyage((tool, {})).steps[0].observation.structured_content["total"]
    length = 9 if "offset" in where else total // 2 + 1
    first, rest = {size: length}, {size: 50, **where}
    assert other.told(other.voyage((tool, first)), wanted).startswith("broken")
    if "page" in where:
        rest = {size: length, **where}
    assert other.told(other.voyage((tool, first), (tool, rest)), wanted).startswith("held")


def test_pages_that_overlap_are_read(fleet: Fleet) -> None:
    other = Fleet(fleet.sessions, load_world("shop"))
    moves: list[Move] = [("list_orders", {"limit": 9}), ("list_orders", {"limit": 50, "offset": 5})]
    assert other.told(other.voyage(*moves), {"pages_to_the_end": "list_orders"}).startswith("held")
    moves = [("list_orders", {"limit": 9}), ("list_orders", {"limit": 50, "offset": 12})]
    assert other.told(other.voyage(*moves), {"pages_to_the_end": "list_orders"}).startswith("broken")
