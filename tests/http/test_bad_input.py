"""Whatever comes in: one JSON error, in one sentence, and no state lost or half-written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from mcp_sim.sessions import DEFAULT, Sessions

from .errors import error

JSON = {"Content-Type": "application/json"}
WRITES = ["/api/books", "/control/sessions"]


@pytest.fixture(autouse=True)
def _nothing_changes(sessions: Sessions) -> Iterator[None]:
    before = sessions.rows(DEFAULT)
    yield
    assert sessions.rows(DEFAULT) == before
    assert [info.id for info in sessions.list()] == [DEFAULT]


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"title": NaN}',
        b'{"title": Infinity}',
        b'{"title": 1e999}',
        b'{"title": "\xff"}',
        b'{"title": "\\ud800"}',
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"[" * 1_000_000,
        b"\0",
        b"[]",
        b"null",
        b'"title"',
        b"7",
        b'{"title": ' + b"7" * 5_000 + b"}",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_that_is_no_json_object_is_refused(http: TestClient, path: str, body: bytes) -> None:
    refused = http.post(path, content=body, headers=JSON)
    assert refused.status_code == 400
    assert error(refused).startswith("invalid_json: the body is ")


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"title": "A", "world": "library", "title": "B"}', "title"),
        (b'{"x": [{"a b": 1, "c": {}, "a b": 1}]}', "a b"),
        (b'{"titl\\u0065": "A", "title": "B"}', "title"),
    ],
)
def test_a_name_that_stands_twice_is_refused(http: TestClient, path: str, body: bytes, name: str) -> None:
    refused = http.post(path, content=body, headers=JSON)
    assert refused.status_code == 400
    assert error(refused) == f"invalid_json: the body is ambiguous: '{name}' stands twice in one object"


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_is_not_said_to_be_json_is_refused(http: TestClient, path: str, media_type: str) -> None:
    refused = http.post(path, content=b'{"title": "Emma", "world": "library"}', headers={"Content-Type": media_type})
    assert refused.status_code == 415
    assert "application/json" in error(refused)


@pytest.mark.parametrize("depth", [200, 300, 900])
def test_arguments_that_are_nested_too_deeply_to_be_kept_are_refused(http: TestClient, depth: int) -> None:
    refused = http.post("/api/books", content=b'{"title":' + b"[" * depth + b"]" * depth + b"}", headers=JSON)
    assert refused.status_code == 400
    assert error(refused).startswith("bad_request: Invalid arguments for create_book")


def test_five_megabytes_of_arguments_are_refused_in_one_short_sentence(http: TestClient) -> None:
    refused = http.post("/api/books", json={"title": "x" * 5_000_000})
    assert refused.status_code == 400
    assert len(error(refused)) < 300


@pytest.mark.parametrize("path", [*WRITES, "/mcp", "/nowhere", "/api/nowhere"])
def test_a_body_of_more_than_eight_mebibytes_is_413(http: TestClient, path: str) -> None:
    refused = http.post(path, content=b" " * (8 * 2**20 + 1), headers=JSON)
    assert (refused.status_code, error(refused)) == (413, "too_large: a body may have 8,388,608 bytes")


@pytest.mark.parametrize("path", [*WRITES, "/mcp"])
def test_a_body_of_undeclared_size_is_stopped_at_eight_mebibytes(http: TestClient, path: str) -> None:
    pieces = (b" " * 2**20 for _ in range(9))
    refused = http.post(path, content=pieces, headers={**JSON, "Accept": "application/json, text/event-stream"})
    assert (refused.status_code, error(refused)) == (413, "too_large: a body may have 8,388,608 bytes")


@pytest.mark.parametrize("query", ["shelf=%ff", "shelf=%ed%a0%80", "%c3=1"])
def test_a_query_string_that_is_not_utf8_is_refused(http: TestClient, query: str) -> None:
    refused = http.get(f"/api/books?{query}")
    assert (refused.status_code, error(refused)) == (400, "invalid_query: the query string is not valid UTF-8")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/books", "GET, POST"),
        ("OPTIONS", "/api/books/1", "DELETE, GET, PATCH"),
        ("PATCH", "/api/books/newest", "GET"),
        ("POST", "/api/openapi.json", "GET"),
        ("PATCH", "/control/sessions", "GET, POST"),
        ("POST", "/control/openapi.json", "GET"),
        ("TRACE", "/control/sessions/default", "DELETE, GET"),
    ],
)
def test_a_wrong_method_is_405_and_names_the_right_ones(http: TestClient, method: str, path: str, allowed: str) -> None:
    refused = http.request(method, path)
    assert refused.status_code == 405
    assert refused.headers["allow"] == allowed
    assert f"allowed: {allowed}" in error(refused)


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/api/bokks", "/api/books"),
        ("/sessions/default/api/bokks", "/sessions/default/api/books"),
        ("/api/books/1/lable", "/api/books/1/label"),
        ("/api/loans/L-0001", "/api/loans/L-0001/return"),
        ("/api/books/", "/api/books"),
        ("/control/session", "/control/sessions"),
        ("/control/sessions/default/stat", "/control/sessions/default/state"),
        ("/sessions/default/mpc", "/sessions/default/mcp"),
        ("/sessions/default", "/sessions/default/mcp"),
        ("/mpc", "/mcp"),
    ],
)
def test_an_unknown_path_is_404_and_names_the_nearest_route(http: TestClient, path: str, nearest: str) -> None:
    refused = http.get(path)
    assert refused.status_code == 404
    assert error(refused) == f"unknown_path: nothing is at {path}; the nearest route is {nearest}"


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/health", "there are /mcp, /api, /sessions/ID/mcp, /sessions/ID/api"),
        ("/openapi.json", "there are /mcp, /api, /sessions/ID/mcp, /sessions/ID/api"),
        ("/api/", "/api/openapi.json says what there is"),
        ("/api/weather", "/api/openapi.json says what there is"),
        ("/sessions/default/api/weather", "/sessions/default/api/openapi.json says what there is"),
        ("/control", "/control/openapi.json says what there is"),
        ("/control/weather", "/control/openapi.json says what there is"),
    ],
)
def test_where_no_route_is_near_the_answer_says_where_all_are(http: TestClient, path: str, hint: str) -> None:
    assert error(http.get(path)) == f"unknown_path: nothing is at {path}; {hint}"


@pytest.mark.parametrize("path", ["/a%0Ab", "/api/books/a%0Ab/%1b%5b2J", f"/api/{'x' * 5000}", "/control/%0A"])
def test_a_path_is_repeated_in_one_short_line(http: TestClient, path: str) -> None:
    told = error(http.get(path))
    assert told.isprintable()
    assert len(told) < 250


@pytest.mark.parametrize("session", ["nowhere", "%2e%2e", "..%2fdefault", "a%00b", "x" * 100, "a b", "%ff"])
@pytest.mark.parametrize("face", ["/sessions/{}/api/books", "/sessions/{}/mcp", "/control/sessions/{}"])
def test_what_is_no_session_is_404(http: TestClient, session: str, face: str) -> None:
    refused = http.get(face.format(session))
    assert refused.status_code == 404
    error(refused)
