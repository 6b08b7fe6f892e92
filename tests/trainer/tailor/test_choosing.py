"""Classes, mixes and filters, each by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.recorded import RecordedCall
from tests.trainer.tailor.conftest import Made, recipe
from tests.trainer.tailor.service import line, runs, written
from trainer.tailor.classes import KEEP, class_of, figures, is_learned, turn_class
from trainer.tailor.mixes import shares
from trainer.tailor.recipe import Mix
from trainer.tailor.signature import ids_of

CLASSES = [
    ({"text": "the quick brown fox jumps"}, "the quick brown fox jumps text say", "echo"),
    ({"text": "the quick brown fox jumps"}, "the quick brown fox ran away", "boilerplate"),
    ({"id": "B-7"}, '{"id":"B-7","say":"a long story of boats that came in from the sea and went again, told slowly"}', "expansion"),
    ({"id": "B-7"}, "a long story of boats that came in from the sea and went again, told slowly to all of them", "retrieval"),
    ({"text": "the quick brown fox jumps over a lazy dog"}, "done", "action"),
    ({"text": "sea wind tide salt rope mast"}, "sea wind", "transform"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "text", "expected"), CLASSES)
def test_every_class_has_its_turns(arguments: dict[str, str], text: str, expected: str) -> None:
    assert turn_class(RecordedCall("t", 0, "say", arguments, text, False)) == expected


@given(st.text(), st.text())
def test_every_turn_has_one_class(action: str, observation: str) -> None:
    assert class_of(figures(action, observation)) in KEEP


def test_a_share_of_the_turns_of_a_class_is_learned() -> None:
    learned = sum(is_learned("boilerplate", f"event-{n}", 0) for n in range(5000))
    assert 0.08 < learned / 5000 < 0.12
    assert all(is_learned("retrieval", f"event-{n}", 0) for n in range(100))


sizes = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 500), min_size=1)


@given(sizes, st.integers(1, 1500), st.integers(0, 50), st.dictionaries(st.sampled_from("abc"), st.floats(0.1, 9)))
def test_a_mix_takes_what_there_is_and_no_more(
    found: dict[str, int], total: int, floor: int, weights: dict[str, float]
) -> None:
    taken = shares(found, Mix(total=total, floor=floor, weights=weights))
    assert all(0 <= taken[name] <= found[name] for name in found)
    assert all(taken[name] >= min(floor, found[name]) for name in found)
    least = sum(min(floor, size) for size in found.values())
    assert sum(taken.values()) == max(min(total, sum(found.values())), least)


def test_weights_and_quotas_are_kept() -> None:
    assert shares({"a": 1000, "b": 1000}, Mix(total=400, weights={"a": 3, "b": 1})) == {"a": 300, "b": 100}
    assert shares({"a": 1000, "b": 10}, Mix(weights={"a": 1, "b": 1})) == {"a": 10, "b": 10}
    assert shares({"a": 1000, "b": 10}, Mix(quotas={"a": 20})) == {"a": 20, "b": 10}


def test_every_filter_says_why(tailored: Callable[..., Made], tmp_path: Path) -> None:
    read = {"book_id": "BK-00000"}
    planted = [
        [line("short", 0, "get_book", read, "x")],
        [line("odd", 0, "get_book", read, "x"), line("odd", 1, "burn_book", read, "x")],
        [line("empty", 0, "get_book", {"book_id": ""}, "what?"), line("empty", 1, "get_book", read, "x")],
        [line("long", 0, "get_book", read, "word " * 300_000), line("long", 1, "list_books", {}, "x")],
        [line("again", n, "get_book", read, "nothing", is_error=True) for n in range(3)],
    ]
    made = tailored(recipe(written(tmp_path / "in", runs(20) + planted)))
    lost = {place.partition("\t")[2] for place in made.manifest["counts"]["losses"]}
    assert lost >= {"few-turns", "undeclared-tool", "empty-action", "oversized", "retry"}


def test_recordings_without_definitions_get_those_that_their_calls_show(
    tailored: Callable[..., Made], tmp_path: Path
) -> None:
    folder = written(tmp_path / "in", runs(20))
    (folder / "tools.json").unlink()
    made = tailored(recipe(folder))
    assert "recordings\tundeclared-tool" not in made.manifest["counts"]["losses"]
    assert {one.intent for one in made.records()} >= {"next-observation", "cpt-document"}


@pytest.mark.parametrize(("text", "found"), [
    ('{"order_id":"ORD-77120"}', ["ORD-77120"]),
    ('{"address1":"12 Elm","address2":""}', []),
    ("on 2031-04-05 at 10:31, 4711 times", []),
    ("of user_42 and line_2", ["user_42"]),
])  # fmt: skip
def test_only_what_does_not_stand_somewhere_else_by_chance_counts_as_an_id_that_leaks(
    text: str, found: list[str]
) -> None:
    assert list(ids_of(text)) == found
