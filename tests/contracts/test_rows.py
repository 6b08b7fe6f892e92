"""Clauses over the rows in the end: what is there, what is gone, what stayed, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_sim.contracts import Run
from schemas.types import Trace
from tests.contracts.traces import Fleet, Move

MOOR: Move = ("moor_ship", {"id": "S-003", "dock_id": "D-01"})
BUILD: Move = ("build_ship", {"name": "Draco", "yard": "Leith", "tonnes": 50})
SCRAP: Move = ("scrap_ship", {"id": "S-003"})
TWIN: Move = ("build_ship", {"name": "Draco", "yard": "Gdansk", "tonnes": 50})


@pytest.fixture
def voyage(fleet: Fleet) -> Trace:
    """Scraps S-003 in step 2, builds S-004 in step 3."""
    return fleet.voyage(("get_ship", {"id": "S-003"}), SCRAP, BUILD)


@pytest.mark.parametrize(
    ("clause", "told"),
    [
        ({"row": "ship", "key": "S-004", "fields": {"name": "Draco"}}, "held: ship S-004 is there"),
        (
            {"row": "ship", "match": {"yard": "Leith"}, "where": "row.tonnes > 600"},
            "held: ship S-001 is there (and 1 more)",
        ),
        (
            {"row": "ship", "key": "S-004", "fields": {"name": "Draco", "tonnes": 60, "yard": "Gdansk"}},
            "broken: ship S-004: tonnes is 50, not 60, yard is Leith, not Gdansk since step 3 (build_ship)",
        ),
        (
            {"row": "ship", "key": "S-001", "fields": {"tonnes": 1}},
            "broken: ship S-001: tonnes is 900, not 1, as at the start; the session ended with step 3",
        ),
        (
            {"row": "ship", "key": "S-003"},
            "broken: there is no ship S-003 in the end: step 2 (scrap_ship) deleted it",
        ),
        (
            {"row": "ship", "match": {"yard": "Gdansk"}},
            "broken: there is no ship with yard=Gdansk in the end; the session ended with step 3",
        ),
        ({"row": "ship", "match": {"cargo.crate": 2}}, "held: ship S-001 is there"),
        ({"absent": "ship", "key": "S-003"}, "held: there is no ship S-003"),
        (
            {"absent": "ship", "match": {"name": "Draco"}},
            "broken: ship S-004 is there, created by step 3 (build_ship)",
        ),
        (
            {"absent": "ship", "where": "row.tonnes > 800"},
            "broken: ship S-001 is there, since the start; the session ended with step 3",
        ),
        ({"count": "ship", "is": 3}, "held: there are 3 ship rows"),
        (
            {"count": "sailor", "match": {"ship_id": "S-003"}, "is": 0},
            "held: there are 0 sailor rows with ship_id=S-003",
        ),
        ({"count": "ship", "at_least": 2, "at_most": 3}, "held: there are 3 ship rows"),
        (
            {"count": "ship", "match": {"yard": "Leith"}, "is": 1},
            "broken: there are 3 ship rows with yard=Leith (S-001, S-002, S-004), not exactly 1; "
            "the session ended with step 3",
        ),
        (
            {"count": "dock", "at_least": 3},
            "broken: there are 2 dock rows (D-01, D-02), not at least 3; the session ended with step 3",
        ),
        ({"unchanged": "ship", "match": {"yard": "Leith"}}, "held: 2 rows are as at the start"),
        ({"unchanged": "ship", "key": "S-003"}, "broken: step 2 (scrap_ship) deleted ship S-003"),
        (
            {"unchanged": "ship", "where": "row.tonnes > 5000"},
            "vacuous: there was no ship where row.tonnes > 5000 at the start",
        ),
        ({"state": 'count("ship") == 3'}, """held: `count("ship") == 3` holds in the end"""),
        (
            {"state": 'count("ship", yard="Leith") < 2'},
            """broken: `count("ship", yard="Leith") < 2` does not hold in the end: `count('ship', yard='Leith')` is 3; """
            "the session ended with step 3",
        ),
        (
            {"state": 'get("ship", "S-003").tonnes > 1'},
            """broken: in the end there is no value of `get("ship", "S-003").tonnes > 1`: null has no field 'tonnes'; """
            "the session ended with step 3",
        ),
        ({"state": '"sailor" in [one.entity for one in referrers("ship", "S-001")]'}, "held: "),
        ({"answer": '"Draco" in answer'}, "vacuous: nobody reported what the agent said in the end"),
    ],
)
def test_a_clause_over_rows_says_where_and_why(fleet: Fleet, voyage: Trace, clause: dict[str, Any], told: str) -> None:
    assert fleet.told(voyage, clause).startswith(told)


def test_an_unchanged_row_may_change_in_other_fields(fleet: Fleet) -> None:
    moored = fleet.voyage(("scrap_ship", {"id": "S-001"}), MOOR)
    kept = {"unchanged": "ship", "key": "S-003", "fields": ["name", "tonnes"]}
    assert fleet.told(moored, kept) == "held: 1 row is as at the start"
    lost = {"unchanged": "ship", "key": "S-003"}
    assert fleet.told(moored, lost) == "broken: step 2 (moor_ship) changed ship S-003: dock_id null -> D-01"


def test_a_change_that_was_undone_leaves_a_row_unchanged(fleet: Fleet) -> None:
    ship = {"id": "S-003", "name": "Cygnus", "yard": "Gdansk", "tonnes": 300}
    again = fleet.voyage(("scrap_ship", {"id": "S-003"}), ("build_ship", ship))
    assert fleet.told(again, {"unchanged": "ship", "key": "S-003", "fields": ["name", "yard"]}).startswith("held")


def test_what_the_agent_said_is_judged_if_it_is_reported(fleet: Fleet, voyage: Trace) -> None:
    asked = {"answer": 'str(count("ship")) in answer'}
    assert fleet.told(voyage, asked, run=Run(answer="There are 3 ships.")).startswith("held")
    assert fleet.told(voyage, asked, run=Run(answer=" ")).startswith(
        "broken: the agent gave no answer; the session ended"
    )
    told = fleet.told(voyage, asked, run=Run(answer="There are four ships."))
    assert (
        told
        == """broken: `str(count("ship")) in answer` does not hold in the end: `str(count('ship'))` is 3; the session ended with step 3"""
    )


def test_a_session_without_calls_is_judged_by_its_first_rows(fleet: Fleet) -> None:
    empty = fleet.voyage()
    assert fleet.told(empty, {"row": "ship", "key": "S-001"}).startswith("held")
    assert (
        fleet.told(empty, {"row": "ship", "key": "S-009"})
        == "broken: there is no ship S-009 in the end; the session has no calls"
    )
    assert fleet.told(empty, {"nothing_else": True}) == "vacuous: the session changed nothing"


NOTHING: dict[str, Any] = {"nothing_else": True}


def collateral(fleet: Fleet, found: Trace, *clauses: dict[str, Any], **more: Any) -> str:
    """`outcome: message` of `nothing_else` beside other clauses."""
    one = fleet.judge(found, {**NOTHING, **more}, *clauses).clauses[0]
    return f"{one.outcome}: {one.message}"


@pytest.mark.parametrize(
    ("clauses", "told"),
    [
        ([], "broken: step 2 (scrap_ship) deleted ship S-003, which no clause asks for or allows (and 2 more)"),
        (
            [{"absent": "ship", "key": "S-003"}, {"row": "ship", "key": "S-004"}],
            "broken: step 2 (scrap_ship) deleted sailor C-003, which no clause asks for or allows",
        ),
        (
            [{"absent": "ship", "key": "S-003"}, {"row": "ship", "key": "S-004"}, {"may": "sailor"}],
            "held: all 3 changes",
        ),
        (
            [
                {"absent": "ship", "match": {"yard": "Gdansk"}},
                {"count": "ship", "is": 3},
                {"may": "sailor", "op": "delete"},
            ],
            "held",
        ),
        ([{"may": "*", "by": "scrap_ship"}, {"may": "ship", "op": "create"}], "held"),
        (
            [{"may": "*", "by": {"tool": "scrap_ship", "args": {"id": "S-001"}}}, {"may": "ship", "op": "create"}],
            "broken: step 2 (scrap_ship) deleted ship S-003",
        ),
        (
            [{"may": "*", "by": "scrap_ship"}, {"may": "ship", "match": {"yard": "Gdansk"}}],
            "broken: step 3 (build_ship) created",
        ),
        ([{"may": "*", "where": "row is None or row.tonnes < 100"}], "held"),
        ([{"may": "*", "where": "row is None"}], "broken: step 3 (build_ship) created ship S-004"),
        (
            [{"may": "sailor"}, {"may": "ship", "key": "S-004"}, {"may": "ship", "key": "S-003", "op": ["delete"]}],
            "held",
        ),
        (
            [{"may": "sailor"}, {"may": "ship", "key": "S-004"}, {"may": "ship", "key": "S-003", "op": "update"}],
            "broken: step 2",
        ),
        (
            [
                {"any_of": [{"row": "ship", "key": "S-004"}, {"row": "ship", "key": "S-009"}]},
                {"may": "*", "by": "scrap_ship"},
            ],
            "held",
        ),
        (
            [{"not": {"row": "ship", "key": "S-004"}}, {"may": "*", "by": "scrap_ship"}],
            "broken: step 3 (build_ship) created",
        ),
    ],
)
def test_nothing_else_changes_but_what_clauses_ask_for_or_allow(
    fleet: Fleet, voyage: Trace, clauses: list[dict[str, Any]], told: str
) -> None:
    assert collateral(fleet, voyage, *clauses).startswith(told)


def test_a_clause_that_wants_a_row_allows_one_new_row(fleet: Fleet) -> None:
    twice = fleet.voyage(BUILD, TWIN)
    told = collateral(fleet, twice, {"row": "ship", "match": {"name": "Draco"}})
    assert told == "broken: step 2 (build_ship) created ship S-005, which no clause asks for or allows"
    told = collateral(fleet, twice, {"row": "ship", "match": {"name": "Draco"}, "fields": {"yard": "Gdansk"}})
    assert told == "broken: step 1 (build_ship) created ship S-004, which no clause asks for or allows"


def test_an_update_is_allowed_field_by_field(fleet: Fleet) -> None:
    moored = fleet.voyage(("scrap_ship", {"id": "S-001"}), MOOR)
    scrapped = {"may": "*", "by": "scrap_ship"}
    told = collateral(fleet, moored, scrapped, {"row": "ship", "key": "S-003", "fields": {"name": "Cygnus"}})
    assert told == (
        "broken: step 2 (moor_ship) changed ship S-003: dock_id null -> D-01, which no clause asks for or allows"
    )
    for allowing in (
        {"row": "ship", "key": "S-003", "fields": {"dock_id": "D-01"}},
        {"row": "ship", "key": "S-003", "where": "row.dock_id is not None"},
        {"may": "ship", "fields": ["dock_id"]},
        {"may": "ship", "where": "before.dock_id is None"},
        {"count": "ship", "match": {"dock_id": "D-01"}, "at_least": 1},
    ):
        assert collateral(fleet, moored, scrapped, allowing).startswith("held"), allowing


def test_what_was_undone_counts_only_if_asked(fleet: Fleet) -> None:
    undone = fleet.voyage(BUILD, ("scrap_ship", {"id": "S-004"}))
    assert collateral(fleet, undone) == "vacuous: the session changed nothing"
    told = collateral(fleet, undone, ever=True)
    assert told == "broken: step 1 (build_ship) created ship S-004, which no clause asks for or allows (and 1 more)"


def test_every_change_that_is_not_allowed_is_listed_with_its_step(fleet: Fleet, voyage: Trace) -> None:
    (one,) = fleet.judge(voyage, NOTHING).clauses
    assert [failure.steps for failure in one.failures] == [(2,), (2,), (3,)]
    assert one.steps == (2, 3)
