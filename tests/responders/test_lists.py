"""Lists: filtered, searched, sorted, paged; the union of the pages is the list."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.sessions import Sessions
from schemas.load import load_world
from schemas.types import World
from store.db import Database
from tests.running import Running, acting, write_pack

Act = Callable[..., Running]
CURSOR = "400 The cursor is not one that this list gave out with the same sorting; start again without it"


def ids(running: Running, **arguments: Any) -> list[str]:
    return [row["id"] for row in running.done("act", **arguments)["items"]]


def listing(act: Act, entity: str = "ship", **step: Any) -> Running:
    return act({"list": entity, "as": "found", **step}, returns="{found}")


def test_a_list_holds_its_rows_their_number_and_no_next_page(act: Act) -> None:
    found = listing(act).done("act")
    assert [row["id"] for row in found["items"]] == ["S-001", "S-002", "S-003"]
    assert (found["total"], found["next"]) == (3, None)


@pytest.mark.parametrize(
    ("match", "given", "expected"),
    [
        ({"yard": "{args.a}"}, {"a": "Leith"}, ["S-001", "S-002"]),
        ({"yard": "{args.a}"}, {}, ["S-001", "S-002", "S-003"]),
        ({"dock_id": "{args.a}"}, {"a": None}, ["S-003"]),
        ({"flag_ids": "{args.a}"}, {"a": "jack"}, ["S-001", "S-003"]),
        ({"cargo.crate": "{args.a}"}, {"a": 2}, ["S-001"]),
        ({"yard": "{args.a}", "tonnes": "{args.b}"}, {"a": "Leith", "b": 700}, ["S-002"]),
        ({"yard": "Leith", "tonnes": "{args.b}"}, {}, ["S-001", "S-002"]),
        ({"tonnes": "{args.a}"}, {"a": True}, []),
    ],
)
def test_a_match_filters_by_equality_and_a_left_out_argument_does_not(
    act: Act, match: Any, given: dict[str, Any], expected: list[str]
) -> None:
    assert ids(listing(act, match=match), **given) == expected


def test_a_condition_sees_each_row(act: Act) -> None:
    running = listing(act, where="row.tonnes > args.a and row.dock_id is not None")
    assert (ids(running, a=100), ids(running, a=800)) == (["S-001", "S-002"], ["S-001"])


@pytest.mark.parametrize(
    ("text", "expected"), [("AURO", ["S-001"]), ("r", ["S-001", "S-002"]), ("", ["S-001", "S-002", "S-003"])]
)
def test_a_search_folds_case_and_an_empty_one_finds_all(act: Act, text: str, expected: list[str]) -> None:
    assert ids(listing(act, search={"fields": ["name"], "text": "args.a"}), a=text) == expected


def test_a_search_looks_into_lists(act: Act) -> None:
    running = listing(act, search={"fields": ["flag_ids", "name"], "text": "args.a"})
    assert (ids(running, a="red"), ids(running)) == (["S-001"], ["S-001", "S-002", "S-003"])


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("tonnes", ["S-003", "S-002", "S-001"]),
        ("-tonnes", ["S-001", "S-002", "S-003"]),
        ("-name", ["S-003", "S-002", "S-001"]),
        (["yard", "-tonnes"], ["S-003", "S-001", "S-002"]),
        ("dock_id", ["S-003", "S-001", "S-002"]),
        ("-dock_id", ["S-001", "S-002", "S-003"]),
        ("-id", ["S-003", "S-002", "S-001"]),
    ],
)
def test_a_list_is_sorted_as_asked_and_ties_stand_in_key_order(act: Act, sort: Any, expected: list[str]) -> None:
    assert ids(listing(act, sort=sort)) == expected
    assert ids(listing(act, sort="{args.a}"), a=sort) == expected


@pytest.mark.parametrize("number", [{"type": "integer"}, {"enum": [1, 9, 10, 100]}])
@pytest.mark.parametrize("step", [{}, {"where": "True"}])
def test_counted_keys_stand_in_the_order_of_numbers(sessions: Sessions, tmp_path: Path, number: Any, step: Any) -> None:
    crate = {"key": "number", "schema": {"type": "object", "properties": {"number": number}}}
    steps = [{"list": "crate", "limit": "3", **step}]
    tools = {"act": {"effect": {"steps": steps, "returns": "{[row.number for row in crates.items]}"}}}
    seed = {"crate": [{"number": n} for n in (10, 9, 100, 1)]}
    world = load_world(write_pack(tmp_path, entities={"crate": crate}, tools=tools, seed=seed))
    assert Running(sessions, world).done("act") == [1, 9, 10]


def test_pages_by_offset_and_the_size_of_the_whole(act: Act) -> None:
    running = listing(act, limit="args.a", offset="args.b")
    assert ids(running, a=2) == ["S-001", "S-002"]
    assert ids(running, a=2, b=2) == ["S-003"]
    assert ids(running, b=5) == []
    assert ids(running, a=0) == []
    assert ids(running, a=-1, b=-1) == []
    assert ids(running, a=2**63 - 1, b=1) == ["S-002", "S-003"]
    assert running.done("act", a=1)["total"] == 3


@pytest.mark.parametrize("limit", ["many", [1], {}])
def test_a_limit_that_is_no_number_is_a_fault_of_the_pack(act: Act, limit: Any) -> None:
    found = listing(act, limit="args.a").fault("act", a=limit)
    assert re.search(r"^tool 'act', /effect/steps/0: ", found)


@pytest.mark.parametrize(
    "cursor", ["", "x", "W10", "bnVsbA", "eyJhIjoxfQ", "WzEsMiwzXQ", "é", "////", 7, ["a"], "A" * 9999]
)
def test_a_cursor_that_the_list_did_not_give_is_refused(act: Act, cursor: Any) -> None:
    running = listing(act, sort="name", limit="1", cursor="args.a")
    assert running.refused("act", a=cursor) == CURSOR


def test_a_cursor_of_another_sorting_is_refused(act: Act) -> None:
    running = listing(act, sort="{args.b}", limit="1", cursor="args.a")
    cursor = running.done("act", b="name")["next"]
    assert running.refused("act", b=["name", "yard"], a=cursor) == CURSOR


def test_a_cursor_goes_on_behind_a_row_that_is_gone(act: Act) -> None:
    running = act(
        {"list": "ship", "limit": "1", "cursor": "args.a", "as": "found"},
        {"delete": "ship", "key": "args.b", "when": "args.b"},
        returns="{found}",
    )
    page = running.done("act", b="S-001")
    assert page["items"][0]["id"] == "S-001"
    assert ids(running, a=page["next"]) == ["S-002"]


def test_a_list_sees_what_the_same_call_changed(act: Act) -> None:
    running = act(
        {"create": "ship", "values": {"id": "S-000", "name": "Nova", "yard": "Kiel"}},
        {"delete": "ship", "key": "'S-002'"},
        {"list": "ship", "limit": "2", "as": "found"},
        returns="{[[row.id for row in found.items], found.total]}",
    )
    assert running.done("act") == [["S-000", "S-001"], 3]


SORTS = st.sampled_from(
    [None, "name", "-name", "tonnes", "-tonnes", ["yard", "-tonnes"], ["-dock_id", "name"], "cargo.crate"]
)
FLEETS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.text("ab é☃", max_size=3),
            "yard": st.sampled_from(["Leith", "Kiel"]),
            "tonnes": st.none() | st.integers(0, 3) | st.sampled_from([0.5, True, "7"]),
            "dock_id": st.none() | st.just("D-01"),
        }
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> World:
    step = {
        "list": "ship",
        "match": {"yard": "{args.c}"},
        "sort": "{args.b}",
        "limit": "args.a.limit",
        "offset": "args.a.offset",
        "cursor": "args.a.cursor",
        "as": "found",
    }
    anything = {"type": "object", "properties": {"id": {"type": "string"}}}
    folder = tmp_path_factory.mktemp("pages")
    world = acting(folder, step, returns="{found}")
    pack = world.packs[0].model_dump(mode="json", by_alias=True)
    pack["entities"] = {"ship": {"schema": anything, "id": "S-{n}"}}
    del pack["seed"]
    return World.model_validate({"name": "pages", "packs": [pack]})


@given(fleet=FLEETS, sort=SORTS, limit=st.integers(1, 5), yard=st.none() | st.just("Kiel"))
def test_the_union_of_the_pages_is_the_list(
    pages: World, fleet: list[Any], sort: Any, limit: int, yard: str | None
) -> None:
    ships = [{"id": f"S-{n}", **ship} for n, ship in enumerate(fleet, 1)]
    pack = pages.packs[0].model_dump(mode="json", by_alias=True) | {"seed": {"ship": ships}}
    database = Database("sqlite://")
    running = Running(Sessions(database), World.model_validate({"name": "pages", "packs": [pack]}))
    asked = {"b": sort} | ({"c": yard} if yard else {})

    def page(**part: Any) -> Any:
        return running.done("act", a={"limit": limit, **part}, **asked)

    whole = running.done("act", a={}, **asked)
    assert len(whole["items"]) == whole["total"] == sum(yard in (None, ship["yard"]) for ship in fleet)
    assert whole["next"] is None
    by_cursor, cursor = [], None
    while True:
        found = page(cursor=cursor)
        assert found["total"] == whole["total"]
        by_cursor += found["items"]
        cursor = found["next"]
        if cursor is None:
            break
        assert len(found["items"]) == limit
    by_offset = [row for offset in range(0, whole["total"] + 1, limit) for row in page(offset=offset)["items"]]
    assert by_cursor == by_offset == whole["items"]
    database.close()
