"""The control API: sessions come, are looked into, start over and go."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from .conftest import ADDRESS
from .errors import error

SESSIONS = "/control/sessions"


def test_a_session_is_created_with_its_addresses(http: TestClient) -> None:
    created = http.post(SESSIONS, json={"world": "library", "seed": 7, "id": "mine"})
    assert created.status_code == 201
    session = created.json()
    assert (session["id"], session["world"], session["seed"], session["steps"]) == ("mine", "library", 7, 0)
    assert session["mcp"] == f"{ADDRESS}/sessions/mine/mcp"
    assert session["api"] == f"{ADDRESS}/sessions/mine/api"
    assert http.get(f"{session['api']}/books/1").status_code == 200
    assert http.get(f"{SESSIONS}/mine").json() == {**session, "steps": 1}


def test_id_and_seed_are_made_up_when_left_out(http: TestClient) -> None:
    one, two = (http.post(SESSIONS, json={"world": "library"}).json() for _ in range(2))
    assert one["id"] != two["id"]
    assert one["seed"] == two["seed"] == 0


def test_a_whole_number_may_be_written_with_a_point(http: TestClient) -> None:
    created = http.post(
        SESSIONS, content=b'{"world": "library", "seed": 7.0}', headers={"Content-Type": "application/json"}
    )
    assert created.json()["seed"] == 7


def test_sessions_are_listed_oldest_first(http: TestClient) -> None:
    http.post(SESSIONS, json={"world": "library", "id": "mine"})
    assert [session["id"] for session in http.get(SESSIONS).json()["sessions"]] == ["default", "mine"]


def test_a_reset_session_is_as_on_its_first_day_and_keeps_its_address(http: TestClient) -> None:
    first = http.get(f"{SESSIONS}/default/state").json()
    http.post("/api/books", json={"title": "Emma"})
    http.delete("/api/books/3")
    assert http.get(f"{SESSIONS}/default/state").json() != first
    assert http.post(f"{SESSIONS}/default/reset").json()["steps"] == 0
    assert http.get(f"{SESSIONS}/default/state").json() == first
    assert http.get("/api/books/3").status_code == 200


def test_a_deleted_session_is_gone_from_every_face(http: TestClient) -> None:
    http.post(SESSIONS, json={"world": "library", "id": "mine"})
    deleted = http.delete(f"{SESSIONS}/mine")
    assert (deleted.status_code, deleted.content) == (204, b"")
    for path in (f"{SESSIONS}/mine", f"{SESSIONS}/mine/trace", "/sessions/mine/api/books", "/sessions/mine/mcp"):
        assert error(http.get(path)).startswith("unknown_session: no session 'mine'")
    assert http.delete(f"{SESSIONS}/mine").status_code == 404


def test_state_is_the_committed_rows(http: TestClient) -> None:
    book = http.post("/api/books", json={"title": "Emma"}).json()
    state = http.get(f"{SESSIONS}/default/state").json()
    assert list(state) == ["book", "member", "loan"]
    assert state["book"][-1] == book
    assert http.get(f"{SESSIONS}/default/state/book").json() == state["book"]


def test_the_trace_is_json_lines_a_header_then_the_steps(http: TestClient) -> None:
    http.get("/api/books/1")
    http.get("/api/books/77")
    answer = http.get(f"{SESSIONS}/default/trace")
    assert answer.headers["content-type"].startswith("application/jsonl")
    assert answer.text.endswith("\n")
    header, *steps = map(json.loads, answer.text.splitlines())
    assert header["world"]["name"] == "library"
    assert [(step["n"], step["call"]["arguments"], step["observation"]["is_error"]) for step in steps] == [
        (1, {"number": 1}, False),
        (2, {"number": 77}, True),
    ]


def test_worlds_are_listed_with_what_they_offer(http: TestClient) -> None:
    (world,) = http.get("/control/worlds").json()["worlds"]
    assert (world["name"], world["title"], world["entities"]) == ("library", "Library", ["book", "member", "loan"])
    assert "lend_book" in world["tools"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"world": "libary"}, 404, "unknown_world: no world 'libary' (did you mean 'library'?)"),
        ({"world": "../library"}, 404, "unknown_world: no world '../library' (did you mean 'library'?)"),
        ({"world": "/etc/passwd"}, 404, "unknown_world: no world '/etc/passwd'; there are library"),
        ({"world": "library", "id": "default"}, 409, "session_exists: session 'default' exists already"),
        ({"world": "library", "id": "../x"}, 400, "bad_name: '../x' is not a session id: up to 64 letters, "),
        ({"world": "library", "id": ""}, 400, "bad_name: '' is not a session id: "),
        ({"world": "library", "id": 7}, 400, "invalid_body: id: must be a text (got 7)"),
        ({"world": "library", "seed": -1}, 400, "invalid_body: seed: must be 0 or more (got -1)"),
        ({"world": "library", "seed": 2**60}, 400, f"invalid_body: seed: must be {2**53} or less (got {2**60})"),
        ({"world": "library", "seed": "7"}, 400, 'invalid_body: seed: must be a whole number (got "7")'),
        ({"world": "library", "seed": 1.5}, 400, "invalid_body: seed: must be a whole number (got 1.5)"),
        ({"world": "library", "seed": True}, 400, "invalid_body: seed: must be a whole number (got true)"),
        (
            {"world": "library", "sead": 7},
            400,
            "invalid_body: sead: is not known (did you mean 'seed'?); known: world, seed, id",
        ),
        ({"world": ["library"]}, 400, 'invalid_body: world: must be a text (got ["library"])'),
        ({}, 400, "invalid_body: world: is required"),
        ({"seed": 1.5, "x" * 500: "\n"}, 400, "invalid_body: world: is required; seed: must be a whole number"),
    ],
)
def test_a_session_that_cannot_be_is_refused(http: TestClient, body: object, status: int, said: str) -> None:
    refused = http.post(SESSIONS, json=body)
    assert refused.status_code == status
    assert error(refused).startswith(said)
    assert len(http.get(SESSIONS).json()["sessions"]) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/control/health"),
        ("GET", "/control/openapi.json"),
        ("GET", "/control/worlds"),
        ("GET", SESSIONS),
        ("GET", f"{SESSIONS}/default/state"),
        ("GET", f"{SESSIONS}/default/trace"),
        ("POST", f"{SESSIONS}/default/reset"),
        ("DELETE", f"{SESSIONS}/default"),
    ],
)
@pytest.mark.parametrize("body", [b'{"to": 3}', b"to=3", b"\xff"])
def test_a_body_that_nobody_reads_is_refused(http: TestClient, method: str, path: str, body: bytes) -> None:
    refused = http.request(method, path, content=body)
    assert (refused.status_code, error(refused)) == (400, f"invalid_body: {method} {path} takes no body")
    assert http.get(f"{SESSIONS}/default").status_code == 200


def test_an_empty_object_is_no_body(http: TestClient) -> None:
    assert http.post(f"{SESSIONS}/default/reset", json={}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/control/health"),
        ("GET", "/control/storage"),
        ("POST", SESSIONS),
        ("POST", f"{SESSIONS}/default/rewind"),
        ("POST", f"{SESSIONS}/default/reset"),
        ("DELETE", f"{SESSIONS}/default"),
        ("GET", f"{SESSIONS}/default/trace"),
    ],
)
def test_a_parameter_that_nobody_reads_is_refused(http: TestClient, method: str, path: str) -> None:
    refused = http.request(method, f"{path}?world=library&to=1")
    assert refused.status_code == 400
    assert error(refused) == "invalid_query: world: is not known; known: none; to: is not known; known: none"
    assert len(http.get(SESSIONS).json()["sessions"]) == 1


def test_an_unknown_entity_is_404_and_names_the_nearest(http: TestClient) -> None:
    refused = http.get(f"{SESSIONS}/default/state/bok")
    assert refused.status_code == 404
    assert error(refused).startswith("unknown_entity: no entity 'bok'")
    assert error(refused).endswith("(did you mean 'book'?)")


def test_the_agent_never_hears_of_the_control_api(http: TestClient) -> None:
    assert "control" not in http.get("/api/openapi.json").text
    for path in ("/contro", "/sessions/default/control", "/api/control/sessions", "/worlds"):
        assert "the nearest route is /control" not in error(http.get(path))
