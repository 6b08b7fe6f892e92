"""The checks are checked: each fails at a server with the fault it is there for, and proves nothing by silence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from tests.benchmarks.checks import CHECKS, Check
from tests.benchmarks.checks.api import Api
from tests.benchmarks.connection import Answer, NoAnswer
from tests.benchmarks.correctness import results
from tests.benchmarks.toy import Toy


class Stubborn(Toy):
    """A server that gives the same answer to everything."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__()
        self._same = Answer(status, {}, body)

    async def send(
        self, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self._same


class Mute(Toy):
    """A server that never answers."""

    async def send(
        self, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        raise NoAnswer("silence")


def test_there_are_forty_checks_with_names_and_sentences_of_their_own() -> None:
    assert len(CHECKS) == len({check.name for check in CHECKS}) == len({check.sentence for check in CHECKS}) == 40


def test_a_right_server_passes_every_check() -> None:
    toy = Toy()
    assert [result for result in asyncio.run(results(toy, toy)) if result.outcome != "right"] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_each_check_notices_its_fault(check: Check) -> None:
    toy = Toy(fault=check.name)
    result = asyncio.run(check.at(Api(toy, toy)))
    assert result.outcome == "wrong", result


@pytest.mark.parametrize(
    "server",
    [
        Stubborn(200, b'{"id": "1", "name": "Ada"}'),
        Stubborn(201, b"{}"),
        Stubborn(400, b""),
        Stubborn(404, b"{}"),
        Stubborn(500, b"oops"),
        Mute(),
    ],
    ids=["always-ada", "always-created", "always-refused", "always-missing", "always-broken", "mute"],
)
def test_a_server_that_always_says_the_same_passes_no_check(server: Toy) -> None:
    assert [result for result in asyncio.run(results(server, server)) if result.outcome == "right"] == []
