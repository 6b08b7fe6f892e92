"""The bench: what a twin predicts, with the real answers merged into its rows and without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mcp_sim.bench import Result
from schemas.recorded import RecordedCall
from schemas.types import World
from tests.bench.conftest import ADD, LEND, Recording, book, tool

Twin = Callable[..., World]


def exact(result: Result) -> tuple[float, float]:
    found = result.summary()
    return found["teacher_forced"]["exact"], found["closed_loop"]["exact"]


@pytest.fixture
def lent(recording: Recording) -> Recording:
    """A book is looked at, lent, and looked at again; then somebody else wants it."""
    return (
        recording.add("get_book", book("B-1", "Dune"), isbn="B-1", kind="read")
        .add("lend", book("B-1", "Dune", "Ada"), isbn="B-1", to="Ada", kind="write")
        .add("get_book", book("B-1", "Dune", "Ada"), isbn="B-1", kind="read")
        .add("lend", "lent to Ada", is_error=True, isbn="B-1", to="Bo", kind="write")
        .add("get_book", "no book B-9", is_error=True, isbn="B-9", kind="read")
    )


def test_a_twin_that_does_the_same_is_exact_in_both_modes(twin: Twin, lent: Recording) -> None:
    result = lent.on(twin())

    assert exact(result) == (1.0, 1.0)
    assert result.merged.rows == 0
    assert result.summary()["teacher_forced"]["error_text"] == 1.0


def test_a_forgotten_change_costs_once_where_the_real_answers_are_merged_in(twin: Twin, lent: Recording) -> None:
    forgets = {"steps": LEND["steps"][:2], "returns": "{merge(book, {'lent_to': args.to})}"}

    result = lent.on(twin(lend=tool(forgets, "isbn", "to")))

    assert exact(result) == (1.0, 3 / 5)
    assert result.merged.rows == 1


def test_a_wrong_answer_is_put_right_for_the_next_call(twin: Twin, lent: Recording) -> None:
    wrong = {"steps": [{"read": "book", "key": "args.isbn"}], "returns": {"isbn": "{args.isbn}", "done": True}}

    result = lent.on(twin(lend=tool(wrong, "isbn", "to")))

    found = result.summary()
    assert found["teacher_forced"]["by_tool"]["get_book"]["exact"] == 1.0
    assert found["closed_loop"]["by_tool"]["get_book"]["exact"] == 2 / 3
    assert found["teacher_forced"]["by_tool"]["lend"]["exact"] == 0.0


def test_every_trajectory_begins_with_the_initial_rows(twin: Twin, recording: Recording) -> None:
    for _ in range(3):
        recording.add("lend", book("B-1", "Dune", "Ada"), isbn="B-1", to="Ada").then()

    result = recording.on(twin())

    assert (result.trajectories, exact(result)) == (3, (1.0, 1.0))


def test_calls_are_asked_in_the_order_of_their_trajectory(twin: Twin, lent: Recording) -> None:
    lent.calls.reverse()

    assert exact(lent.on(twin())) == (1.0, 1.0)


def test_what_the_twin_does_not_know_is_declined_and_wrong(twin: Twin, lent: Recording) -> None:
    result = lent.on(twin(lend=tool(None, "isbn", "to"), get_book=None))

    found = result.summary()["closed_loop"]
    assert (found["declined"], found["exact"], found["status"], found["error_text"]) == (1.0, 0.0, 0.0, 0.0)
    assert found["by_tool"]["lend"]["declined"] == 1.0


@pytest.mark.parametrize(("confidence", "declined"), [(0.0, 1.0), (0.7, 0.0)])
def test_an_effect_that_only_makes_answers_up_declines(
    twin: Twin, lent: Recording, confidence: float, declined: float
) -> None:
    step = {"imagine": "title", "schema": {"type": "string"}}
    effect = {"steps": [step], "returns": "{title}", "confidence": confidence}

    found = lent.on(twin(get_book=tool(effect, "isbn"))).summary()["teacher_forced"]

    assert found["by_tool"]["get_book"]["declined"] == declined


def test_a_row_of_another_name_takes_the_place_of_the_one_just_made(twin: Twin, recording: Recording) -> None:
    recording.add("add_book", book("B-77", "Ilias"), title="Ilias").add("get_book", book("B-77", "Ilias"), isbn="B-77")
    recording.add("get_book", "no book B-4", is_error=True, isbn="B-4")

    found = recording.on(twin()).summary()

    assert found["teacher_forced"]["by_tool"]["get_book"]["exact"] == 1.0
    assert found["closed_loop"]["by_tool"]["get_book"]["exact"] == 0.0


def test_a_row_that_the_answer_to_its_deletion_shows_stays_gone(twin: Twin, recording: Recording) -> None:
    drop = {"steps": [{"delete": "book", "key": "args.isbn"}], "returns": None}
    recording.add("drop", book("B-1", "Dune"), isbn="B-1").add("get_book", "no book B-1", is_error=True, isbn="B-1")

    found = recording.on(twin(drop=tool(drop, "isbn"))).summary()["teacher_forced"]["by_tool"]

    assert found["get_book"]["exact"] == 1.0


def test_rows_are_found_inside_an_answer(twin: Twin, recording: Recording) -> None:
    seen = [book("B-8", "Faust"), book("B-2", "Emma", "Bo")]
    recording.add("find", {"found": {"books": seen}, "total": 2})
    recording.add("get_book", seen[0], isbn="B-8").add("get_book", seen[1], isbn="B-2")

    result = recording.on(twin())

    assert result.summary()["teacher_forced"]["by_tool"]["get_book"]["exact"] == 1.0
    assert result.merged.rows == 2


@pytest.mark.parametrize(
    "shown",
    [
        {"isbn": "B-1"},
        {"isbn": "B-1", "title": "Other", "pages": 3},
        {"title": "Other", "lent_to": "Bo"},
        {"isbn": True, "title": "Other", "lent_to": None},
        "B-1 Other",
    ],
)
def test_what_is_no_row_by_key_and_shape_changes_nothing(twin: Twin, recording: Recording, shown: Any) -> None:
    recording.add("find", shown).add("get_book", book("B-1", "Dune"), isbn="B-1")

    result = recording.on(twin())

    assert result.summary()["teacher_forced"]["by_tool"]["get_book"]["exact"] == 1.0
    assert result.merged.rows == 0


def test_a_part_of_a_row_keeps_the_rest(twin: Twin, recording: Recording) -> None:
    recording.add("find", {"isbn": "B-1", "lent_to": "Bo"}).add("get_book", book("B-1", "Dune", "Bo"), isbn="B-1")

    assert recording.on(twin()).summary()["teacher_forced"]["by_tool"]["get_book"]["exact"] == 1.0


def test_a_row_without_its_key_is_the_one_that_was_asked_for(twin: Twin, recording: Recording) -> None:
    nameless = {"title": "Dune", "lent_to": "Bo", "reader_id": None}
    recording.add("look_up", nameless, isbn="B-1").add("get_book", book("B-1", "Dune", "Bo"), isbn="B-1")
    recording.add("look_up", nameless, isbn="B-9").add("get_book", "no book B-9", is_error=True, isbn="B-9")

    found = recording.on(twin()).summary()

    assert found["teacher_forced"]["by_tool"]["get_book"]["exact"] == 1.0
    assert found["merged_rows"] == {"merged": 1, "refused": {}}


def test_rows_that_break_a_rule_are_counted_and_the_others_merged(twin: Twin, recording: Recording) -> None:
    dangling, whole = book("B-1", "Dune", reader_id="R-9"), book("B-2", "Emma", "Bo")
    recording.add("find", [dangling, {**whole, "title": 3}, whole, {"id": "R-1", "name": "Cy"}])
    recording.add("get_book", whole, isbn="B-2").add("get_book", book("B-1", "Dune"), isbn="B-1")

    result = recording.on(twin())

    assert result.merged.refused == {"reference": 1}
    assert result.merged.rows == 2
    assert result.summary()["teacher_forced"]["by_tool"]["get_book"]["exact"] == 1.0


def test_a_row_may_come_before_the_one_that_it_refers_to(twin: Twin, recording: Recording) -> None:
    pointing, broken = book("B-1", "Dune", reader_id="R-1"), {"isbn": "B-2", "title": 3, "lent_to": None}
    recording.add("find", [pointing, broken, {"id": "R-1", "name": "Cy"}]).add("get_book", pointing, isbn="B-1")

    result = recording.on(twin())

    assert (result.merged.rows, result.merged.refused) == (2, {"schema": 1})
    assert result.summary()["teacher_forced"]["by_tool"]["get_book"]["exact"] == 1.0


def test_of_two_entities_that_look_alike_the_one_that_the_tool_is_about_is_meant(recording: Recording) -> None:
    row = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
    pack = {"name": "twins", "entities": {"cat": {"schema": row}, "dog": {"schema": row}}, "tools": {}}
    for animal in ("cat", "dog"):
        pack["tools"][f"get_{animal}"] = tool(
            {"steps": [{"read": animal, "key": "args.id"}], "returns": f"{{{animal}}}"}, "id"
        )
    world = World.model_validate({"name": "twins", "packs": [pack]})
    tom = {"id": "1", "name": "Tom", "fur": "grey"}
    recording.add("get_cat", tom, id="1").add("get_cat", tom, id="1").add("find", {"id": "2", "name": "Rex"})

    result = recording.on(world)

    assert result.summary()["teacher_forced"]["by_tool"]["get_cat"]["exact"] == 1 / 2
    assert (result.merged.rows, result.merged.refused) == (1, {"ambiguous": 1})


def test_an_error_shows_no_rows(twin: Twin, recording: Recording) -> None:
    recording.add("find", book("B-1", "Other"), is_error=True).add("get_book", book("B-1", "Dune"), isbn="B-1")

    assert recording.on(twin()).merged.rows == 0


def test_reads_and_writes_and_what_hides_behind_them_are_told_apart(twin: Twin, lent: Recording) -> None:
    trained = [lent.calls[0], replace(lent.calls[1], trajectory="other", index=7)]

    found = lent.on(twin(), trained).summary()["teacher_forced"]

    assert {name: found[name]["calls"] for name in ("reads", "writes", "successful_writes", "changed_reads")} == {
        "reads": 3,
        "writes": 2,
        "successful_writes": 1,
        "changed_reads": 1,
    }
    assert found["unseen_arguments"]["calls"] == 2
    assert sorted(found["by_tool"]) == ["get_book", "lend"]


def test_the_twin_says_what_writes_where_the_recording_does_not(twin: Twin, lent: Recording) -> None:
    lent.calls = [replace(call, kind="unknown") for call in lent.calls]

    found = lent.on(twin()).summary()["closed_loop"]

    assert (found["reads"]["calls"], found["writes"]["calls"]) == (3, 2)


def test_texts_of_a_request_get_the_types_that_the_tool_declares(twin: Twin) -> None:
    given = {"type": "object", "properties": {"n": {"type": "integer"}, "all": {"type": "boolean"}, "id": {}}}
    echo = {"input": given, "effect": {"returns": {"n": "{args.n}", "all": "{args.all}", "id": "{args.id}"}}}
    asked = {"n": "7", "all": "true", "id": "08"}
    call = RecordedCall("1", 0, "echo", asked, '{"n": 7, "all": true, "id": "08"}', False, status=200)
    recording = Recording()
    recording.calls = [call]

    assert exact(recording.on(twin(echo=echo))) == (1.0, 1.0)


def test_families_put_together_what_is_wrong_in_one_way(twin: Twin, recording: Recording) -> None:
    for n in (1, 2, 3):
        recording.add("get_book", book(f"B-{n}", "Other"), isbn=f"B-{n}").then()
    recording.add("get_book", book("B-1", "Dune"), isbn="B-9").then()
    recording.add("add_book", "full up", is_error=True, title="Ilias")

    found = recording.on(twin(add_book=tool(ADD, "title"))).teacher_forced.lost.worst(10)

    assert [(family.tool, family.what, family.count) for family in found] == [
        ("get_book", "title", 3),
        ("add_book", "an error that it did not tell: “full up”", 1),
        ("get_book", "an error that was none: “no book B-#”", 1),
    ]
