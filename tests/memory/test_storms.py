"""One delete that takes very many rows with it, or cuts them loose, is a step like any other."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest

from mcp_sim.sessions import Sessions
from schemas.types import Row
from store.db import Database
from tests.memory.audit import audit
from tests.memory.storm import SHAPES, call, world

MANY = [3000, pytest.param(100_000, marks=pytest.mark.slow)]


def rows(database: Database, shape: str) -> list[Row]:
    return Sessions(database).rows("one", shape)[shape]


@pytest.mark.parametrize("many", MANY)
def test_a_delete_that_many_rows_go_with_is_made_whole_seen_after_a_restart_and_taken_back(url: str, many: int) -> None:
    with closing(Database(url)) as database:
        sessions = Sessions(database)
        sessions.create(world(many), session_id="one")
        before = {shape: rows(database, shape) for shape in SHAPES}
        assert [len(found) for found in before.values()] == [many] * 3
        for shape in SHAPES:
            answer = asyncio.run(sessions.open("one").call(call(shape)))
            assert not answer.is_error, answer.text[:500]
    with closing(Database(url)) as database:
        assert rows(database, "wide") == rows(database, "chain") == []
        assert rows(database, "loose") == [{**row, "to": None} for row in before["loose"]]
        assert [row["id"] for row in rows(database, "hub")] == ["chain"]
        sessions = Sessions(database)
        assert sessions.info("one").steps == 3
        sessions.rewind("one", 0)
        assert {shape: rows(database, shape) for shape in SHAPES} == before
    assert audit(url) == []
