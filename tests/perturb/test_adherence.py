"""The observed effect is the specified one, in every call of every kind; and again from the same seed."""

from __future__ import annotations

import pytest

from schemas.perturbations import KINDS
from schemas.types import World
from tests.perturb.adherence import CALLS, CASES, Case, run


def test_there_is_a_case_for_every_kind() -> None:
    assert {case.kind.split(" ")[0] for case in CASES} == set(KINDS)


def adheres(case: Case, world: World, calls: int) -> None:
    result = run(case, world, calls, seed=7)
    assert result.faults == []
    assert result.calls == calls
    assert result.acted > 0
    assert result.is_within, f"{result.acted} of {result.likely}"
    assert run(case, world, calls, seed=7).trace == result.trace


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_every_call_meets_what_was_specified(case: Case, depot: World) -> None:
    adheres(case, depot, 22)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_every_one_of_ten_thousand_perturbed_calls_meets_what_was_specified(case: Case, depot: World) -> None:
    adheres(case, depot, CALLS)
