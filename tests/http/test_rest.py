"""One engine, two faces: what a tool answers over MCP, it answers over HTTP, with a proper status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient

from mcp_sim.http import create_app
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.types import Call, World
from tests.running import acting

from .conftest import ADDRESS
from .errors import error


def test_what_is_created_can_be_read_listed_changed_and_deleted(http: TestClient) -> None:
    created = http.post("/api/books", json={"title": "Emma", "shelf": "B2"})
    assert created.status_code == 201
    book = created.json()
    path = f"/api/books/{book['number']}"
    assert http.get(path).json() == book
    assert book in http.get("/api/books").json()["items"]
    moved = http.patch(path, json={"shelf": None})
    assert moved.json() == {**book, "shelf": None}
    gone = http.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert http.get(path).status_code == 404


def test_every_session_has_a_face_of_its_own(http: TestClient) -> None:
    other = http.post("/control/sessions", json={"world": "library", "id": "other"}).json()
    assert http.delete(f"{other['api']}/books/3").status_code == 204
    assert http.get("/sessions/other/api/books/3").status_code == 404
    assert http.get("/api/books/3").json() == http.get("/sessions/default/api/books/3").json()


def test_a_business_refusal_keeps_its_own_status_and_changes_nothing(http: TestClient, sessions: Sessions) -> None:
    before = sessions.rows(DEFAULT)
    refused = http.post("/api/members/M-002/loans", json={"book_number": 1})
    assert (refused.status_code, error(refused)) == (409, "conflict: All 1 copies of Dune are lent")
    assert sessions.rows(DEFAULT) == before


def test_a_book_with_loans_is_not_deleted(http: TestClient) -> None:
    refused = http.delete("/api/books/1")
    assert (refused.status_code, error(refused)) == (409, "conflict: Book 1 has 1 loans")


def test_a_missing_row_is_404_in_the_words_of_the_pack(http: TestClient) -> None:
    missing = http.get("/api/books/77")
    assert (missing.status_code, error(missing)) == (404, "not_found: There is no book 77")


@pytest.mark.parametrize(
    ("method", "path", "body", "tool", "arguments"),
    [
        ("GET", "/api/books?limit=many", None, "list_books", {"limit": "many"}),
        ("GET", "/api/books?colour=red", None, "list_books", {"colour": "red"}),
        ("GET", "/api/books?limit=1&limit=2", None, "list_books", {"limit": ["1", "2"]}),
        ("GET", "/api/books/first", None, "get_book", {"number": "first"}),
        ("POST", "/api/books", {}, "create_book", {}),
        ("POST", "/api/books", {"title": 7, "copies": "x"}, "create_book", {"title": 7, "copies": "x"}),
        ("POST", "/api/members/M-001/loans", {"extra": 1}, "lend_book", {"id": "M-001", "extra": 1}),
        ("DELETE", "/api/books/2?force=true", None, "delete_book", {"number": 2, "force": "true"}),
    ],
)
def test_both_faces_refuse_the_same_arguments_in_the_same_words(
    http: TestClient, sessions: Sessions, method: str, path: str, body: Any, tool: str, arguments: dict[str, Any]
) -> None:
    over_http = http.request(method, path, json=body)
    over_mcp = anyio.run(sessions.open(DEFAULT).call, Call(tool, arguments))
    assert (over_http.status_code, over_mcp.status) == (400, 400)
    assert error(over_http) == f"bad_request: {over_mcp.text}"


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3]),
        ("in_print=true", [1, 3]),
        ("in_print=false", [2]),
        ("min_copies=2", [2, 3]),
        ("language=fr", [3]),
        ("language=fr&language=de", [2, 3]),
        ("shelf=A1", [1]),
        ("limit=1&offset=1", [2]),
    ],
)
def test_the_query_string_is_read_by_the_input_schema(http: TestClient, query: str, numbers: list[int]) -> None:
    assert [book["number"] for book in http.get(f"/api/books?{query}").json()["items"]] == numbers


@pytest.mark.parametrize(
    "query",
    ["in_print=yes", "in_print=1", "min_copies=null", "min_copies=1e9", "min_copies=01", "limit=", "limit=%2B1"],
)
def test_text_that_does_not_fit_its_type_is_refused(http: TestClient, query: str) -> None:
    refused = http.get(f"/api/books?{query}")
    assert refused.status_code == 400
    assert query.partition("=")[0] in error(refused)


def test_a_text_parameter_stays_text_whatever_it_looks_like(http: TestClient) -> None:
    http.patch("/api/books/2", json={"shelf": "7"})
    assert http.get("/api/books?shelf=7").json()["total"] == 1


def test_routes_may_name_the_same_parameter_differently(sessions: Sessions) -> None:
    number = {"type": "object", "properties": {"number": {"type": "string"}}}
    id_ = {"type": "object", "properties": {"id": {"type": "string"}}}
    tools = {
        "get": {"input": number, "effect": {"text": "{args.number}", "http": {"method": "GET", "path": "/a/{number}"}}},
        "put": {"input": id_, "effect": {"text": "{args.id}", "http": {"method": "PUT", "path": "/a/{id}"}}},
    }
    world = World.model_validate({"name": "w", "packs": [{"name": "p", "tools": tools}]})
    sessions.create(world, session_id="named")
    http = TestClient(create_app(sessions, {}), base_url=f"{ADDRESS}/sessions/named/api")
    assert (http.get("a/1").text, http.put("a/2").text) == ("1", "2")
    assert http.delete("a/1").headers["allow"] == "GET, PUT"


@pytest.mark.parametrize("cursor", ["", "zzz", "====", "%C3%A9", "W10", "bnVsbA", "WzEsMl0", "a" * 3000])
def test_a_cursor_that_no_list_gave_out_is_400(sessions: Sessions, tmp_path: Path, cursor: str) -> None:
    arguments = {"type": "object", "properties": {"cursor": {"type": "string"}}}
    effect = {
        "steps": [{"list": "ship", "cursor": "args.cursor"}],
        "returns": "{ships}",
        "http": {"method": "GET", "path": "/ships"},
    }
    sessions.create(acting(tmp_path, input=arguments, effect=effect), session_id="ships")
    http = TestClient(create_app(sessions, {}), base_url=f"{ADDRESS}/sessions/ships/api")
    refused = http.get(f"ships?cursor={cursor}")
    assert refused.status_code == 400
    assert error(refused).startswith("bad_request: The cursor is not one that this list gave out")


def test_a_literal_path_goes_before_a_parameter(http: TestClient) -> None:
    assert http.get("/api/books/newest").json()["number"] == 3


@pytest.mark.parametrize("slash", ["%2F", "%2f"])
def test_a_slash_inside_a_key_is_written_as_2f(http: TestClient, slash: str) -> None:
    missing = http.get(f"/api/members/M{slash}%C3%A9")
    assert (missing.status_code, error(missing)) == (404, "not_found: There is no member M/é")
    assert http.get(f"/sessions/default/api/members/M{slash}1/loans").status_code == 405
    assert error(http.get(f"/api/members{slash}M-001")).startswith("unknown_path: ")


def test_a_text_answer_is_plain_text(http: TestClient) -> None:
    label = http.get("/api/books/1/label")
    assert label.headers["content-type"].startswith("text/plain")
    assert label.text == "1: Dune"


def test_an_action_without_arguments_needs_no_body(http: TestClient) -> None:
    assert http.post("/api/loans/L-0001/return").json()["returned"] is True
    assert http.post("/api/loans/L-0001/return").status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("PATCH", "/api/books/1", {"number": 2}, "'number' does not belong in the body, send it in the path"),
        ("GET", "/api/books/1?number=2", None, "'number' does not belong in the query string, send it in the path"),
        ("POST", "/api/books?title=X", {}, "'title' does not belong in the query string, send it in the body"),
    ],
)
def test_an_argument_has_one_place(http: TestClient, method: str, path: str, body: Any, said: str) -> None:
    refused = http.request(method, path, json=body)
    assert (refused.status_code, error(refused)) == (400, f"invalid_arguments: {said}")


def test_head_answers_like_get_without_a_body(http: TestClient) -> None:
    assert http.head("/api/books/1").status_code == 200
    assert http.head("/api/books/77").status_code == 404


def test_a_tool_without_a_route_is_not_on_the_rest_face(http: TestClient) -> None:
    assert "recommend_book" not in http.get("/api/openapi.json").text
    assert http.get("/api/recommend_book").status_code == 404


def test_calls_of_both_faces_stand_in_one_trace(http: TestClient, sessions: Sessions) -> None:
    http.get("/api/books/1")
    anyio.run(sessions.open(DEFAULT).call, Call("get_book", {"number": 1}))
    _, *steps = sessions.trace(DEFAULT)
    assert len(steps) == 2
    assert steps[0].split(b'"n":1')[0] == steps[1].split(b'"n":2')[0]
