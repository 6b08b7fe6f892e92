"""Every verb of the effect language, on the harbour's rows."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.running import Running

Act = Callable[..., Running]


def test_require_ends_the_call_with_its_own_words_and_status(act: Act) -> None:
    running = act({"require": "args.a == 1", "error": "a is {args.a}, not 1", "status": 422}, returns="done")
    assert running.done("act", a=1) == "done"
    assert running.refused("act", a=2) == "422 a is 2, not 1"


def test_require_is_a_conflict_unless_it_says_otherwise(act: Act) -> None:
    assert act({"require": "False", "error": "never"}).refused("act") == "409 never"


def test_what_steps_before_a_failed_guard_changed_is_taken_back(act: Act) -> None:
    running = act({"delete": "ship", "key": "'S-003'"}, {"require": "False", "error": "no"})
    assert running.refused("act") == "409 no"


def test_read_by_key_gives_the_row_or_a_404(act: Act) -> None:
    running = act({"read": "ship", "key": "args.a"}, returns="{ship.name}")
    assert running.done("act", a="S-001") == "Aurora"
    assert running.refused("act", a="S-9") == "404 Ship 'S-9' not found"
    assert running.refused("act") == "404 Ship 'null' not found"


def test_read_by_match_gives_the_first_row_in_key_order(act: Act) -> None:
    running = act({"read": "ship", "match": {"yard": "{args.a}"}, "as": "found"}, returns="{found.id}")
    assert running.done("act", a="Leith") == "S-001"
    assert running.refused("act", a="Kiel") == "404 Ship with yard 'Kiel' not found"


def test_an_optional_read_gives_null(act: Act) -> None:
    running = act({"read": "ship", "key": "args.a", "optional": True}, returns="{ship is None}")
    assert running.done("act", a="S-9") is True
    assert running.done("act", a="S-001") is False


def test_a_missing_row_may_be_told_in_own_words(act: Act) -> None:
    running = act({"read": "ship", "key": "args.a", "missing": "No ship {args.a} here"})
    assert running.refused("act", a="S-9") == "404 No ship S-9 here"


def test_create_mints_a_key_and_fills_in_defaults(act: Act) -> None:
    running = act({"create": "ship", "values": {"name": "{args.a}", "yard": "Kiel"}}, returns="{ship}")
    ship = running.done("act", a="Dora")
    assert ship == {
        "id": "S-004", "name": "Dora", "yard": "Kiel", "tonnes": 100, "dock_id": None, "sister_id": None,
        "flag_ids": [], "cargo": [],
    }  # fmt: skip
    assert list(ship) == ["id", "name", "yard", "tonnes", "dock_id", "sister_id", "flag_ids", "cargo"]
    assert running.rows()["ship"]["S-004"] == ship


def test_create_with_a_key_that_is_taken_is_a_conflict(act: Act) -> None:
    running = act({"create": "dock", "values": {"id": "{args.a}", "name": "East", "open": True}})
    assert running.refused("act", a="D-01") == "409 Dock 'D-01' exists already"
    running.done("act", a="D-77")
    assert running.rows()["dock"]["D-77"]["name"] == "East"


def test_create_from_one_expression_takes_an_object(act: Act) -> None:
    running = act({"create": "dock", "values": "{args.a}"}, returns="{dock.name}")
    assert running.done("act", a={"name": "East", "open": False}) == "East"
    found = running.fault("act", a="East")
    assert re.search("values must be an object", found)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "x", "yard": "y", "tonnes": -1}, "409 tonnes: -1 is less than the minimum of 0"),
        ({"name": "x", "yard": "y", "dock_id": "D-9"}, "409 'dock_id': there is no dock 'D-9'"),
        ({"name": "x", "yard": "y", "flag_ids": ["red", "nil"]}, "409 'flag_ids': there is no flag 'nil'"),
        ({"name": "Aurora", "yard": "Leith"}, "409 a ship with name 'Aurora', yard 'Leith' exists already"),
        ({"name": "x"}, "409 ship: 'yard' is required"),
        ({"id": "", "name": "x", "yard": "y"}, "409 'id' has 1 to 256 characters"),
        ({"id": "x" * 257, "name": "x", "yard": "y"}, "409 'id' has 1 to 256 characters"),
        ({"id": 5, "name": "x", "yard": "y"}, "409 id: must be of type string (got 5)"),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_with_the_reason(act: Act, values: object, message: str) -> None:
    assert act({"create": "ship", "values": "{args.a}"}).refused("act", a=values) == message


def test_update_sets_what_is_given_and_leaves_the_rest(act: Act) -> None:
    changes = {"name": "{args.a}", "tonnes": "{args.b}"}
    running = act({"update": "ship", "key": "'S-001'", "set": changes}, returns="{ship}")
    assert running.done("act", b=1)["name"] == "Aurora"
    assert running.done("act", a="Astra") == {**running.rows()["ship"]["S-001"], "name": "Astra", "tonnes": 1}


def test_an_argument_that_is_null_is_written_and_one_left_out_is_not(act: Act) -> None:
    running = act({"update": "ship", "key": "'S-001'", "set": {"dock_id": "{args.a}"}}, returns="{ship.dock_id}")
    assert running.done("act") == "D-01"
    assert running.done("act", a=None) is None


def test_update_takes_an_object_of_changes_or_none_at_all(act: Act) -> None:
    running = act({"update": "ship", "key": "'S-001'", "set": "{args.a}"}, returns="{ship.tonnes}")
    assert running.done("act") == 900
    assert running.done("act", a={"tonnes": 5}) == 5


def test_update_cannot_change_a_key_or_an_immutable_field(act: Act) -> None:
    running = act({"update": "ship", "key": "'S-001'", "set": "{args.a}"})
    assert running.refused("act", a={"id": "S-9"}) == "409 The id of a ship never changes"
    assert running.refused("act", a={"yard": "Kiel"}) == "409 'yard' of a ship never changes"
    assert running.done("act", a={"yard": "Leith"}) is None


def test_update_of_a_missing_row_is_a_404(act: Act) -> None:
    running = act({"update": "ship", "key": "args.a", "set": {"tonnes": 1}, "missing": "No {args.a}"})
    assert running.refused("act", a="S-9") == "404 No S-9"


def test_delete_applies_the_policies_of_what_refers_to_the_row(act: Act) -> None:
    running = act({"delete": "ship", "key": "args.a"})
    running.done("act", a="S-001")
    rows = running.rows()
    assert list(rows["ship"]) == ["S-002", "S-003"]
    assert rows["ship"]["S-002"]["sister_id"] is None
    assert rows["sailor"] == {}


def test_a_restricted_delete_says_what_is_in_the_way(act: Act) -> None:
    running = act({"delete": "dock", "key": "args.a"})
    assert running.refused("act", a="D-01") == "409 dock 'D-01' cannot be deleted: 2 ship still refer to it"
    assert running.refused("act", a="D-9") == "404 Dock 'D-9' not found"
    running.done("act", a="D-02")


def test_a_restricted_delete_may_be_told_in_own_words(act: Act) -> None:
    step = {"delete": "dock", "key": "'D-01'", "restricted": "{count} {blocker}s are in the way"}
    assert act(step).refused("act") == "409 2 ships are in the way"


def test_link_adds_once_and_unlink_removes(act: Act) -> None:
    running = act(
        {"link": "ship", "key": "'S-002'", "field": "flag_ids", "to": "args.a", "when": "args.b"},
        {"unlink": "ship", "key": "'S-002'", "field": "flag_ids", "to": "args.a", "when": "not args.b"},
        returns="{ship.flag_ids}",
    )
    assert running.done("act", a="red", b=True) == ["red"]
    assert running.done("act", a="jack", b=True) == ["red", "jack"]
    assert running.done("act", a="red", b=True) == ["red", "jack"]
    assert running.done("act", a="red", b=False) == ["jack"]
    assert running.done("act", a="red", b=False) == ["jack"]
    assert running.refused("act", a="nil", b=True) == "409 'flag_ids': there is no flag 'nil'"


def test_append_adds_an_item_and_nothing_when_the_argument_is_left_out(act: Act) -> None:
    running = act(
        {"append": "ship", "key": "'S-002'", "field": "cargo", "value": {"crate": "{args.a}"}, "when": "args.b"},
        {"append": "ship", "key": "'S-002'", "field": "flag_ids", "value": "{args.c}"},
        returns="{[ship.cargo, ship.flag_ids]}",
    )
    assert running.done("act", a=1, b=True) == [[{"crate": 1}], []]
    assert running.done("act", a=2, b=True, c="red") == [[{"crate": 1}, {"crate": 2}], ["red"]]
    assert running.refused("act", a=9, b=True) == "409 'cargo.crate': there is no crate '9'"


def test_edit_changes_or_removes_the_items_that_hold(act: Act) -> None:
    edit = {"edit": "ship", "key": "'S-001'", "field": "cargo", "where": "item.crate == args.a"}
    running = act(
        {**edit, "set": {"guard_id": "{args.b}"}, "when": "args.c"},
        {**edit, "remove": True, "when": "not args.c"},
        returns="{ship.cargo}",
    )
    assert running.done("act", a=2, b="C-002", c=1) == [
        {"crate": 1, "guard_id": "C-001"},
        {"crate": 2, "guard_id": "C-002"},
    ]
    assert running.done("act", a=1) == [{"crate": 2, "guard_id": "C-002"}]
    assert running.done("act", a=1) == [{"crate": 2, "guard_id": "C-002"}]


def test_edit_replaces_items_that_are_no_objects(act: Act) -> None:
    step = {"edit": "ship", "key": "'S-001'", "field": "flag_ids", "where": "item == 'red'", "set": "{args.a}"}
    running = act(step, returns="{ship.flag_ids}")
    assert running.done("act") == ["red", "jack"]
    assert running.done("act", a="jack") == ["jack", "jack"]


def test_for_each_runs_its_steps_for_every_item_and_sees_earlier_changes(act: Act) -> None:
    running = act(
        {"compute": {"total": 0}},
        {
            "for_each": 'find("ship", dock_id="D-01")',
            "as": "boat",
            "steps": [
                {"update": "ship", "key": "boat.id", "set": {"tonnes": "{boat.tonnes + 1}"}, "as": "_"},
                {"compute": {"total": "{total + get('ship', boat.id).tonnes}"}},
            ],
        },
        returns="{total}",
    )
    assert running.done("act") == 1602


def test_for_each_over_nothing_does_nothing(act: Act) -> None:
    running = act({"for_each": "args.a", "steps": [{"delete": "ship", "key": "item"}]}, returns="{1}")
    assert running.done("act") == 1
    assert running.done("act", a=[]) == 1


def test_an_effect_ends_however_its_loops_are_nested(act: Act) -> None:
    inner = {"for_each": "range(1000)", "as": "j", "steps": [{"compute": {"x": 1}}]}
    found = act({"for_each": "range(1000)", "as": "i", "steps": [inner]}).fault("act")
    assert re.search(r"tool 'act', /effect/steps/0/steps/0/steps/0: more than 10,000 turns of its loops", found)


def test_compute_names_values_for_later_steps(act: Act) -> None:
    running = act({"compute": {"x": "{args.a * 2}", "y": ["{x}", "and {x}"]}}, returns={"y": "{y}", "x": "{x}"})
    assert running.done("act", a=4) == {"y": [8, "and 8"], "x": 8}


def test_a_step_is_skipped_unless_its_condition_holds_and_a_new_name_is_then_null(act: Act) -> None:
    running = act(
        {"read": "dock", "key": "args.a", "when": "args.a is not None"},
        {"list": "ship", "when": "False"},
        {"compute": {"x": 1}, "when": "False"},
        {"update": "dock", "key": "args.a", "set": {"open": False}, "when": "args.b"},
        returns="{[dock.name if dock else None, ships, x]}",
    )
    assert running.done("act") == [None, None, None]
    assert running.done("act", a="D-01") == ["North", None, None]
    assert running.rows()["dock"]["D-01"]["open"] is True


def test_a_deleted_key_may_be_given_again_in_the_same_call(act: Act) -> None:
    running = act(
        {"delete": "dock", "key": "'D-02'"}, {"create": "dock", "values": {"id": "D-02", "name": "New", "open": True}}
    )
    running.done("act")
    assert running.rows()["dock"]["D-02"]["name"] == "New"


def test_the_answer_may_be_plain_text(act: Act) -> None:
    effect = {"steps": [{"read": "ship", "key": "'S-001'"}], "text": "{ship.name} ({ship.tonnes})"}
    observation = act(effect=effect).ask("act")
    assert (observation.text, observation.structured_content) == ("Aurora (900)", None)


def test_the_status_is_the_one_of_the_rest_face(act: Act) -> None:
    effect = {"steps": [], "returns": 1, "http": {"method": "POST", "path": "/x", "status": 201}}
    assert act(effect=effect).ask("act").status == 201


def test_json_is_mirrored_as_text(act: Act) -> None:
    observation = act(returns={"a": [1, None, "é"]}).ask("act")
    assert observation.text == '{"a":[1,null,"é"]}'
    assert observation.structured_content == {"a": [1, None, "é"]}


def test_an_answer_that_breaks_the_output_schema_is_refused(act: Act) -> None:
    running = act(returns="{args.a}", output={"type": "integer"})
    assert running.done("act", a=1) == 1
    assert running.fault("act", a="x") == 'the answer: must be of type integer (got "x")'


def test_an_invented_id_never_reaches_the_agent(act: Act) -> None:
    running = act(
        {"compute": {"x": "{'S-00' + str(args.a)}"}}, returns="{x}", output={"type": "string", "x-entity": "ship"}
    )
    assert running.done("act", a=1) == "S-001"
    assert running.fault("act", a=9) == "the answer: there is no ship 'S-009'"


def test_an_id_from_the_call_or_of_a_deleted_row_may_be_shown(act: Act) -> None:
    running = act(
        {"delete": "dock", "key": "args.a"}, returns="{args.a}", output={"type": "string", "x-entity": "dock"}
    )
    assert running.done("act", a="D-02") == "D-02"
    shown = act(returns="{args.a}", output={"type": "string", "x-entity": "dock"})
    assert shown.done("act", a="D-99") == "D-99"


def test_an_answer_may_be_json_and_a_text_that_says_something_else(act: Act) -> None:
    odd = {"compute": {"odd": "{[n for n in args.a if n % 2]}"}}
    running = act(effect={"steps": [odd], "returns": {"odd": "{odd}"}, "text": "{odd}"})
    observation = running.ask("act", a=[1, 2, 3])
    assert (observation.structured_content, observation.text) == ({"odd": [1, 3]}, "[1,3]")
