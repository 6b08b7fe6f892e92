"""Random agents, a fifth of the proposals hostile: nothing is ever broken, and every call is answered."""

from __future__ import annotations

import asyncio

import pytest

from tests.memory.soak import EPOCH, Soak


@pytest.mark.parametrize("epochs", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_no_rule_is_ever_broken_and_every_call_is_answered(url: str, epochs: int) -> None:
    soak = Soak(url)
    for _ in range(epochs):
        asyncio.run(soak.epoch(EPOCH))
    soak.close()
    assert soak.outcome.problems == []
    assert soak.outcome.unanswered == []
    assert soak.outcome.calls == epochs * EPOCH
    assert soak.outcome.adversarial > soak.outcome.calls * 0.15
    assert soak.outcome.accepted < soak.outcome.adversarial * 0.2
