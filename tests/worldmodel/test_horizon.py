"""Hundreds of steps later a world model is told no more than at first, and always what was written last."""

from __future__ import annotations

import asyncio

import pytest

from tests.benchmarks.worldmodel.endpoint import Endpoint
from tests.benchmarks.worldmodel.horizon import AIM, Horizon, walk
from tests.benchmarks.worldmodel.steady import Steady

STEPS = 400


@pytest.fixture(scope="module")
def horizon(tmp_path_factory: pytest.TempPathFactory) -> Horizon:
    """A session of the shop, a fifth of whose calls only a world model can answer."""
    with Steady() as server:
        return asyncio.run(walk(Endpoint(server.url, "", "in a thread"), tmp_path_factory.mktemp("horizon"), STEPS))


def test_a_prompt_is_as_long_after_hundreds_of_steps_as_after_one_hundred(horizon: Horizon) -> None:
    assert len(horizon.prompts) == STEPS // 5
    assert horizon.growth <= AIM


def test_what_a_call_wrote_is_in_the_next_question_about_it_and_rows_are_shown_as_the_database_holds_them(
    horizon: Horizon,
) -> None:
    assert horizon.told > 10
    assert horizon.shown > 500
    assert horizon.modelled > 20
    assert horizon.violations == []
