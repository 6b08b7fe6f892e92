"""The observed effect is the specified one, in every call of every kind; and again from the same seed."""

from __future__ import annotations

import pytest

from schemas.perturbations import KINDS
from schemas.types import World
from tests.perturb.adherence import CASES, Case, Result, measure, run


def test_there_is_a_case_for_every_kind() -> None:
    assert {case.kind.split(" ")[0] for case in CASES} == set(KINDS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_every_call_meets_what_was_specified(case: Case, depot: World) -> None:
    result = Result(case.kind, case.where.get("probability"))
    run(case, depot, 22, 7, result)
    assert result.faults == []
    assert result.acted > 0
    assert result.is_within, f"{result.acted} of {result.likely}"
    assert result.is_replayed


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_every_one_of_many_perturbed_calls_meets_what_was_specified(case: Case, depot: World) -> None:
    result = measure(case, depot, wanted=400)
    assert result.acted >= 400
    assert result.is_right, (result.faults[:3], result.acted, result.likely)


def test_a_call_that_is_not_as_specified_is_told(depot: World) -> None:
    case = next(case for case in CASES if case.kind == "page")
    never = Case("page", {"items": 3}, case.tools, lambda _: False, possible=case.possible)
    missed = Case("page", {"items": 3}, case.tools, case.check, possible=lambda _: True)
    for wrong in (never, missed):
        result = Result("page", None)
        run(wrong, depot, 10, 7, result)
        assert result.faults
        assert not result.is_right
