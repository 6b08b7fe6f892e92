"""A fault of ours is one sentence for the client, and changes nothing; the reason is for the log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mcp_sim.responders.base import Effort
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.types import Call, Draft, View
from store.errors import StoreError

from .conftest import ADDRESS
from .errors import error


class Breaks:
    """A responder with a fault."""

    name = "breaks"
    tries = 1
    invents = False

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    async def respond(self, call: Call, view: View, effort: Effort) -> Draft:
        raise self.fault


@pytest.fixture
def http(app: Starlette) -> Iterator[TestClient]:
    with TestClient(app, base_url=ADDRESS, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (StoreError("worlds.db: disk I/O error"), "store_error: worlds.db: disk I/O error"),
        (KeyError("secret"), "internal_error: the server failed on this request; its log says why"),
    ],
)
def test_a_fault_is_500_in_one_sentence(http: TestClient, sessions: Sessions, fault: Exception, said: str) -> None:
    sessions.open(DEFAULT).registry.tools["get_book"].route = ((Breaks(fault), "test"),)
    failed = http.get("/api/books/1")
    assert (failed.status_code, error(failed)) == (500, said)
    assert sessions.info(DEFAULT).steps == 0
    assert http.get("/api/books").status_code == 200
