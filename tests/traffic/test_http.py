"""Capture, learn, replay, diff and spy with a real HTTP API, over the REST face."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from mcp_sim.cli.modes import Mode, Traffic, Wanted
from mcp_sim.cli.traffic import prepared
from mcp_sim.http import create_app
from mcp_sim.sessions import Sessions
from mcp_sim.traffic import report
from schemas.types import Step
from store.db import Database
from store.traces.encode import decode_step
from store.traces.importers import read_recorded
from tests.cli.running import Run
from tests.conformance.serving import serving
from tests.traffic.shelf import FIRST


@contextmanager
def face(mode: Mode, **options: Any) -> Iterator[tuple[httpx.Client, Sessions, Traffic]]:
    """A client of the REST face in this mode."""
    unsaid: dict[str, Any] = {"world": None, "upstream": None, "record": None, "budget": None, "confidence": 0.9}
    rest: dict[str, Any] = {"headers": [], "timeout": 5.0, "traces": [], "reports": [], "with_secrets": False}
    traffic = prepared(Wanted(mode, **{**unsaid, **rest, **options}))
    sessions = Sessions(Database("sqlite://"), modes=traffic.modes)
    sessions.serve(traffic.world, perturbations=())
    app = create_app(sessions, {}, rest=traffic.face(False) if traffic.face else None, at_end=traffic.at_end)
    with serving(app) as address, httpx.Client(base_url=f"{address}/api", timeout=30, trust_env=False) as client:
        yield client, sessions, traffic
    traffic.close()


def visit(client: httpx.Client, title: str = "Kim") -> list[tuple[int, Any]]:
    """A few requests, and what comes of them."""
    said = [
        client.get("/books"),
        client.post("/books", json={"title": title, "year": 1901}),
        client.get("/books/3"),
        client.patch("/books/3", json={"year": 1902}),
        client.delete("/books/2"),
        client.get("/books"),
        client.get("/books/2"),
    ]
    return [(one.status_code, one.json() if one.content else None) for one in said]


@pytest.fixture
def recording(shelf: str, tmp_path: Path) -> Path:
    """The archive of one visit."""
    path = tmp_path / "shelf.har"
    httpx.delete(f"{shelf}/books")
    with face(Mode.CAPTURE, upstream=shelf, record=path) as (client, _, traffic):
        said = visit(client)
        assert [status for status, _ in said] == [200, 201, 200, 200, 204, 200, 404]
        assert said[5] == (200, [FIRST[0], {"id": 3, "title": "Kim", "year": 1902}])
        assert traffic.close() == 0
    return path


@pytest.fixture
def twin(recording: Path, command: Run, tmp_path: Path) -> Path:
    """What was learned from the archive and the first rows."""
    rows, out = tmp_path / "first.json", tmp_path / "twin"
    rows.write_text(json.dumps({"books": FIRST}))
    done = command("learn", "--name", "shelf", "--out", out, "--traces", recording, "--data", rows)
    assert done.status == 0, done.err
    return out


def steps(sessions: Sessions) -> list[Step]:
    return [decode_step(line) for line in sessions.open("default").steps()]


def test_captured_requests_are_an_archive_without_secrets(recording: Path) -> None:
    calls = list(read_recorded([recording]))
    assert [(call.tool, call.status) for call in calls][:3] == [
        ("get_books", 200),
        ("post_books", 201),
        ("get_books_by_books_id", 200),
    ]
    assert "s3cr3t" not in recording.read_text()


def test_requests_are_replayed_by_the_state_that_they_meet(recording: Path) -> None:
    with face(Mode.REPLAY, traces=[recording]) as (client, *_):
        first = client.get("/books").json()
        assert (client.get("/books").json(), first) == (FIRST, FIRST)
        client.post("/books", json={"year": 1901, "title": "Kim"})
        assert client.get("/books/3").json()["title"] == "Kim"
        missed = client.get("/books/1")
        assert missed.status_code == 501
        assert missed.json()["error"]["message"].startswith(
            "Replay: get_books_by_books_id(books_id='1') was not recorded"
        )


def test_a_twin_is_compared_with_the_api_that_it_was_learned_from(shelf: str, twin: Path, tmp_path: Path) -> None:
    httpx.delete(f"{shelf}/books")
    with face(Mode.DIFF, world=str(twin), upstream=shelf, reports=[tmp_path / "diff.json"]) as (client, _, traffic):
        visit(client, "Persuasion")
        status = traffic.close()
    summary = json.loads((tmp_path / "diff.json").read_text())
    assert (summary["calls"], summary["calls_that_differ"]) == (7, [])
    assert status == 0


def test_spy_over_http_asks_the_api_where_the_twin_is_not_sure(shelf: str, twin: Path) -> None:
    httpx.delete(f"{shelf}/books")
    with face(Mode.SPY, world=str(twin), upstream=shelf, confidence=0.9) as (client, sessions, _):
        assert client.get("/books/1").json() == FIRST[0]
        made = client.post("/books", json={"title": "Kim", "year": 1901})
        assert (made.status_code, made.json()["id"]) == (201, 3)
        assert client.get("/books/3").json() == made.json()
        by = [step.responder for step in steps(sessions)]
    assert by[0] == by[2] == "effects"


def test_an_api_that_floods_or_is_gone_costs_one_sentence(shelf: str, tmp_path: Path) -> None:
    with face(Mode.CAPTURE, upstream=shelf, record=tmp_path / "a.har") as (client, *_):
        flooded = client.get("/flood")
        assert flooded.status_code == 502
        assert flooded.json()["error"]["message"] == f"{shelf} answered GET /flood with more than 16 MiB"
        assert client.get("/books").status_code == 200


def test_differences_are_told_in_a_few_lines(shelf: str, twin: Path) -> None:
    httpx.delete(f"{shelf}/books")
    with face(Mode.DIFF, world=str(twin), upstream=shelf) as (client, _, traffic):
        client.get("/books", params={"unheard": "of"})
        client.patch("/books/1", json={"shelf": "top"})
        (mode,) = traffic.modes.values()
        text = report.text(mode._comparison)  # type: ignore[attr-defined]
    assert text.startswith(f"2 calls compared with {shelf}: 2 differ\n")
    assert "   1  patch_books_by_books_id  structured/shelf" in text
