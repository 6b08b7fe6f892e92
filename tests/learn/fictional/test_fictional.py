"""Twins of invented services answer runs that they never saw as the services do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from mcp_sim.bench import Bench, Result
from mcp_sim.learn.given import Given
from mcp_sim.learn.twin import learn
from mcp_sim.learn.write import write
from schemas.load import load_world
from tests.learn.fictional import desk, exchange, ferries, letters, library, parcels, workshop

SERVICES: dict[str, ModuleType] = {
    "desk": desk,
    "exchange": exchange,
    "ferries": ferries,
    "letters": letters,
    "library": library,
    "parcels": parcels,
    "workshop": workshop,
}
FEW = {"desk": 40, "exchange": 40, "letters": 50, "library": 60, "parcels": 60, "workshop": 60}
"""How many runs teach a twin in the fast tests."""
MANY = 200
_JUDGED = 40
"""How many runs judge a twin in the fast tests."""
Measured = Callable[[str, int], Result]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """The bench of the twin of a service that so many runs taught; each is learned once."""
    known: dict[tuple[str, int], Result] = {}

    def measure(name: str, runs: int) -> Result:
        if (name, runs) not in known:
            service = SERVICES[name]
            folder: Path = tmp_path_factory.mktemp(name)
            write(learn(name, Given(service.database(), service.calls(1, runs))), folder)
            bench = Bench(load_world(folder), service.calls(2, 60 if runs == MANY else _JUDGED))
            known[name, runs] = asyncio.run(bench.run())
        return known[name, runs]

    return measure


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "exact", "closed"),
    [
        ("exchange", 0.85, 0.85),
        ("ferries", 0.94, 0.93),
        ("letters", 0.95, 0.95),
        ("library", 0.95, 0.95),
        ("parcels", 0.7, 0.7),
    ],
)
def test_nearly_every_answer_of_an_unseen_run_is_exact(
    name: str, exact: float, closed: float, measured: Measured
) -> None:
    result = measured(name, MANY)
    assert (result.teacher_forced.total.share("exact") or 0) >= exact
    assert (result.closed_loop.total.share("exact") or 0) >= closed
    assert (result.closed_loop.slices["successful_writes"].share("exact") or 0) >= 0.95


@pytest.mark.parametrize("name", [name for name in FEW if name != "parcels"])
def test_few_runs_teach_most_of_it(name: str, measured: Measured) -> None:
    result = measured(name, FEW[name])
    assert (result.teacher_forced.total.share("exact") or 0) >= 0.8


LEARNED = {
    "words in one of several fields, bounds, newest first, at most four": ("letters", "letters.search"),
    "arguments that may be left out, and an error when all are": ("letters", "clients.search"),
    "a row that is gone": ("letters", "letters.read"),
    "the key of the row that was made": ("letters", "clients.enrol"),
    "an error that quotes a title": ("library", "reserve"),
    "a day that is a week later": ("library", "renew"),
    "a number in a text that is what is left": ("library", "pay_fine"),
    "a list of rows inside an object, and how many there are": ("library", "find_books"),
    "a counter that goes down by one": ("library", "get_book"),
    "a thing that is there once": ("exchange", "watch_list"),
    "an item that leaves a list": ("exchange", "unwatch"),
    "rows in the order of the data": ("exchange", "goods_of"),
    "rows that a call made which answers with a sentence": ("desk", "find_mails"),
    "a search that changes went before which nobody shows": ("parcels", "parcels_in"),
    "texts in the place of a list: one for no rows, one for no question": ("workshop", "search_jobs"),
    "a field that was set, and is looked at by itself": ("workshop", "look_at"),
    "a label of parts that come and go": ("workshop", "label"),
    "prices that only the code holds": ("workshop", "quote"),
    "numbered lines, one for each row": ("workshop", "find_parts"),
}


@pytest.mark.parametrize("what", list(LEARNED))
def test_it_is_learned(what: str, measured: Measured) -> None:
    name, tool = LEARNED[what]
    tally = measured(name, FEW[name]).closed_loop.by_tool[tool]
    assert tally.calls >= 5
    assert (tally.share("exact") or 0) >= 0.8


LEARNED_FROM_MANY = {
    "a search over the days inside documents, shown with parts of the day": "find_crossings",
    "pairs of rows of which one leads on to the other": "find_with_change",
    "a list that is always the same": "list_ports",
    "what a text of numbers comes to": "add_up",
    "a list of items turned round": "cancel_trip",
    "a list that an argument replaces": "rename_guests",
    "looked-up parts, amounts that have to add up, balances that nobody shows": "book_trip",
    "an item that is appended only where there is something to pay": "set_crates",
    "a sum of differences of looked-up prices, so many times": "change_deck",
    "the first free one of a few names": "give_voucher",
}


@pytest.mark.slow
@pytest.mark.parametrize("what", list(LEARNED_FROM_MANY))
def test_it_is_learned_from_many_runs(what: str, measured: Measured) -> None:
    tally = measured("ferries", MANY).closed_loop.by_tool[LEARNED_FROM_MANY[what]]
    assert (tally.share("exact") or 0) >= 0.9
