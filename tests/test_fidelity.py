"""The metrics: what counts as the same observation, and what many of them come to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.fidelity import NOT_JSON, Tally, leaves, overlap, parsed, same_json, same_text, score, wilson
from schemas.recorded import RecordedCall
from schemas.types import Observation

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
JSON = st.recursive(
    SCALARS, lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(), part, max_size=4), max_leaves=12
)
TREES = st.lists(JSON, max_size=4) | st.dictionaries(st.text(), JSON, max_size=4)


def recorded(text: str, *, is_error: bool = False, status: int | None = None) -> RecordedCall:
    return RecordedCall("t", 0, "tool", {}, text, is_error, status)


def exact(real: str, answered: str) -> bool:
    return score(recorded(real), Observation(answered)).exact


def shuffled(value: Any) -> Any:
    """The same JSON with its keys the other way round, and whole numbers as fractions."""
    if isinstance(value, dict):
        return {name: shuffled(part) for name, part in reversed(value.items())}
    if isinstance(value, list):
        return [shuffled(part) for part in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    return value


@given(JSON)
def test_the_order_of_keys_and_the_form_of_numbers_do_not_matter(value: Any) -> None:
    assert exact(json.dumps(value), json.dumps(shuffled(value), indent=2))
    assert same_json(value, shuffled(value))


@given(JSON, JSON)
def test_equal_means_equal_leaves(left: Any, right: Any) -> None:
    assert same_json(left, right) == (
        json.dumps(_marked(left), sort_keys=True) == json.dumps(_marked(right), sort_keys=True)
    )


def _marked(value: Any) -> Any:
    """JSON in which numbers have one form each."""
    if isinstance(value, dict):
        return {name: _marked(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_marked(part) for part in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ["number", str(int(value)) if value == int(value) else repr(value)]
    return value


@pytest.mark.parametrize(
    ("real", "answered"),
    [
        ("true", "1"),
        ("[0]", "[false]"),
        ("[]", "{}"),
        ("{}", "null"),
        ('{"a": null}', "{}"),
        ("[1, 2]", "[2, 1]"),
        ('"a"', "a"),
        ('{"a": "1"}', '{"a": 1}'),
        ("Not found", "not found"),
        ('{"at": "2024-01-01T00:00:00Z"}', '{"at": "2024-01-01T00:00:00.000Z"}'),
        ("NaN", "[NaN]"),
    ],
)
def test_nothing_else_is_masked(real: str, answered: str) -> None:
    assert not exact(real, answered)


@pytest.mark.parametrize(
    ("real", "answered"), [("done", " done\n"), ("1", "1.0"), ("[1e2]", "[100]"), ("", "  "), ("NaN", "NaN")]
)
def test_texts_are_trimmed_and_numbers_compared(real: str, answered: str) -> None:
    assert exact(real, answered)
    assert same_text(real, answered)


def test_an_error_is_not_exact_where_the_answer_is_none() -> None:
    found = score(recorded("gone", is_error=True), Observation("gone"))

    assert (found.exact, found.status, found.error_text) == (False, False, False)
    assert score(recorded("gone", is_error=True), Observation("gone", is_error=True)).exact


def test_the_text_of_an_error_is_judged_where_there_was_one() -> None:
    wrong = score(recorded("gone", is_error=True), Observation("no such thing", is_error=True))

    assert (wrong.status, wrong.error_text, wrong.exact) == (True, False, False)
    assert score(recorded("here"), Observation("gone", is_error=True)).error_text is None


def test_the_status_of_a_response_is_part_of_it() -> None:
    created = recorded('{"id": 1}', status=201)

    assert score(created, Observation('{"id": 1}', status=201)).exact
    other = score(created, Observation('{"id": 1}', status=200))
    assert (other.exact, other.status, other.code) == (False, True, False)
    assert score(recorded("", status=204), Observation("null", status=204)).exact


@given(TREES, TREES)
def test_precision_and_recall_are_two_views_of_one_overlap(real: Any, answered: Any) -> None:
    there, back = overlap(real, answered), overlap(answered, real)

    assert (there.precision, there.recall) == (back.recall, back.precision)
    assert min(there.precision, there.recall) <= there.f1 + 1e-9
    assert there.f1 <= max(there.precision, there.recall) + 1e-9
    assert (there.f1 == 1.0) == same_json(real, answered)


def test_leaves_have_places_in_lists() -> None:
    found = overlap({"items": [1, 2, 3], "n": 3}, {"items": [1, 3], "n": 3, "more": True})

    assert (found.recall, found.precision) == (2 / 4, 2 / 4)
    assert len(leaves({"a": [], "b": {}, "c": [None]})) == 3
    assert overlap({"a": 1}, NOT_JSON).f1 == 0.0


def test_a_text_has_no_leaves_to_judge() -> None:
    assert score(recorded("done"), Observation("done")).leaves is None
    assert score(recorded("42"), Observation("42")).leaves is None


@given(JSON, st.booleans(), st.none() | st.integers(200, 599))
def test_a_declined_call_is_wrong_by_every_measure(value: Any, is_error: bool, status: int | None) -> None:
    found = score(recorded(json.dumps(value), is_error=is_error, status=status), None)

    assert not any([found.exact, found.status, found.code, found.error_text])
    assert found.declined
    assert found.leaves is None or found.leaves.f1 == 0.0


@given(TREES, st.booleans(), st.none() | st.integers(200, 599))
def test_the_real_answer_is_right_by_every_measure(value: Any, is_error: bool, status: int | None) -> None:
    text = json.dumps(value)
    found = score(recorded(text, is_error=is_error, status=status), Observation(text, None, is_error, status or 200))

    assert (found.exact, found.status, found.declined) == (True, True, False)
    assert found.code is not False
    assert found.error_text is not False
    assert found.leaves is not None
    assert found.leaves.f1 == 1.0


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_share_and_narrows_with_more_trials(right: int, wrong: int) -> None:
    n = right + wrong
    low, high = wilson(right / n if n else 0.0, n)

    assert 0.0 <= low <= high <= 1.0
    if n:
        assert low <= right / n <= high
        more_low, more_high = wilson(right / n, 4 * n)
        assert more_high - more_low < high - low


def test_a_known_interval() -> None:
    low, high = wilson(0.8, 10)

    assert (round(low, 3), round(high, 3)) == (0.49, 0.943)


def test_a_tally_counts_what_a_measure_applies_to() -> None:
    tally = Tally()
    tally.add(score(recorded('{"a": 1, "b": 2}'), Observation('{"a": 1, "b": 3}')))
    tally.add(score(recorded("gone", is_error=True), Observation("gone", is_error=True)))
    tally.add(score(recorded("done"), None))
    found = tally.summary()

    assert (found["calls"], found["exact"], found["status"], found["declined"]) == (3, 1 / 3, 2 / 3, 1 / 3)
    assert (found["leaf_f1"], found["error_text"], found["code"]) == (0.5, 1.0, None)
    assert found["counts"] == {
        "exact": 3,
        "leaf_f1": 1,
        "leaf_precision": 1,
        "leaf_recall": 1,
        "status": 3,
        "code": 0,
        "error_text": 1,
    }
    assert found["intervals"]["exact"] == list(wilson(1 / 3, 3))
    assert "code" not in found["intervals"]


def test_a_text_of_endless_nesting_is_a_text() -> None:
    assert parsed("[" * 100_000) is NOT_JSON
    assert exact("[" * 100_000, "[" * 100_000)
