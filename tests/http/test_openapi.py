"""The document of a world's REST face: what a stranger needs to call it, and all of it true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from mcp_sim.http import create_app
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.types import World
from store.db import Database

from .documents import Document, judge, references, resolve


@pytest.fixture
def document(http: TestClient) -> Document:
    return dict(http.get("/api/openapi.json").json())


def operation(document: Document, name: str) -> dict[str, Any]:
    found = [each for item in document["paths"].values() for each in item.values() if each["operationId"] == name]
    return dict(found[0])


def test_every_routed_tool_is_an_operation(document: Document, library: World) -> None:
    routed = {tool.name for tool in library.tools.values() if tool.effect and tool.effect.http}
    assert {each["operationId"] for item in document["paths"].values() for each in item.values()} == routed


def test_the_server_is_the_session_that_was_asked(http: TestClient) -> None:
    assert http.get("/api/openapi.json").json()["servers"] == [{"url": "/api"}]
    assert http.get("/sessions/default/api/openapi.json").json()["servers"] == [{"url": "/sessions/default/api"}]


def test_arguments_stand_in_path_query_or_body(document: Document) -> None:
    assert [(each["name"], each["in"]) for each in operation(document, "get_book")["parameters"]] == [
        ("number", "path")
    ]
    assert {each["in"] for each in operation(document, "list_books")["parameters"]} == {"query"}
    update = operation(document, "update_book")
    body = update["requestBody"]["content"]["application/json"]["schema"]
    assert [each["name"] for each in update["parameters"]] == ["number"]
    assert (list(body["properties"]), body["required"]) == (["title", "shelf"], [])
    assert update["requestBody"]["required"] is False
    assert operation(document, "create_book")["requestBody"]["required"] is True
    assert "requestBody" not in operation(document, "return_book")


def test_a_parameter_promises_only_what_text_can_say(document: Document) -> None:
    schemas = {each["name"]: each["schema"] for each in operation(document, "list_books")["parameters"]}
    assert schemas["min_copies"]["type"] == "integer"
    assert schemas["shelf"]["type"] == "string"


def test_arguments_have_the_bounds_of_what_can_be_kept(http: TestClient, document: Document) -> None:
    (number,) = operation(document, "get_book")["parameters"]
    assert (number["schema"]["minimum"], number["schema"]["maximum"]) == (1, 2**63 - 1)
    assert http.get(f"/api/books/{2**63 - 1}").status_code == 404
    assert http.get(f"/api/books/{2**63}").status_code == 400
    (member,) = operation(document, "get_member")["parameters"]
    assert not re.search(member["schema"]["pattern"], "a\0b")
    assert http.get("/api/members/a%00b").status_code == 400


def test_a_row_is_one_schema_with_its_references_marked(document: Document) -> None:
    answer = operation(document, "get_book")["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/Book"}
    items = operation(document, "list_books")["responses"]["200"]["content"]["application/json"]["schema"]
    assert items["properties"]["items"]["items"] == answer
    loan = document["components"]["schemas"]["Loan"]["properties"]
    assert (loan["id"]["x-entity"], loan["book_number"]["x-entity"]) == ("loan", "book")


def test_what_asks_for_a_key_shows_some_that_exist(document: Document) -> None:
    (member,) = operation(document, "get_member")["parameters"]
    assert member["schema"]["examples"] == ["M-001", "M-002"]


def test_what_creates_a_row_leads_to_what_takes_its_key(document: Document) -> None:
    links = operation(document, "create_member")["responses"]["201"]["links"]
    assert links["get_member"] == {"operationId": "get_member", "parameters": {"path.id": "$response.body#/id"}}
    assert list(links) == ["get_member", "delete_member", "lend_book"]
    lend = operation(document, "create_book")["responses"]["201"]["links"]["lend_book"]
    assert lend["requestBody"] == {"book_number": "$response.body#/number"}
    assert "links" not in operation(document, "get_book")["responses"]["200"]


def test_every_status_an_effect_can_end_with_is_documented(document: Document) -> None:
    assert list(operation(document, "get_book")["responses"]) == ["200", "400", "404"]
    lend = operation(document, "lend_book")["responses"]
    assert list(lend) == ["201", "400", "404", "409", "413", "415"]
    assert "All {book.copies} copies of {book.title} are lent" in lend["409"]["description"]
    assert list(operation(document, "delete_book")["responses"]) == ["204", "400", "404", "409"]


CALLS = [
    ("GET", "/books", "?limit=2", None),
    ("GET", "/books", "?limit=x", None),
    ("POST", "/books", "", {"title": "Emma"}),
    ("POST", "/books", "", {"title": "Dune"}),
    ("GET", "/books/newest", "", None),
    ("GET", "/books/{number}", "", None),
    ("PATCH", "/books/{number}", "", {"title": "Momo"}),
    ("DELETE", "/books/{number}", "", None),
    ("GET", "/books/{number}/label", "", None),
    ("POST", "/members", "", {"name": "Eve"}),
    ("POST", "/members/{id}/loans", "", {"book_number": 2}),
    ("POST", "/members/{id}/loans", "", {"book_number": 99}),
]


@pytest.mark.parametrize("keys", [{"number": 3, "id": "M-001"}, {"number": 1, "id": "M-001"}, {"number": 9, "id": "?"}])
@pytest.mark.parametrize(("method", "path", "query", "body"), CALLS)
def test_every_answer_is_as_documented(
    http: TestClient, document: Document, method: str, path: str, query: str, body: Any, keys: dict[str, Any]
) -> None:
    judge(document, method, path, http.request(method, f"/api{path.format(**keys)}{query}", json=body))


def test_every_reference_leads_somewhere(document: Document) -> None:
    assert "#/components/schemas/Error" in references(document)
    for reference in references(document):
        assert isinstance(resolve(document, reference), dict)


NODE = {"type": "object", "properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/node"}}}
TREE = {
    "input": {
        "type": "object",
        "properties": {"depth": {"$ref": "#/$defs/depth"}},
        "$defs": {"depth": {"type": "integer"}},
    },
    "output": {"type": "object", "properties": {"root": {"$ref": "#/$defs/node"}}, "$defs": {"node": NODE}},
    "effect": {"returns": {"root": {"name": "a {args.depth}"}}, "http": {"method": "GET", "path": "/tree"}},
}
GRAFT = {
    "input": {"type": "object", "properties": {"branch": {"$ref": "#/$defs/node"}}, "$defs": {"node": NODE}},
    "effect": {"http": {"method": "POST", "path": "/tree"}},
}


@pytest.fixture
def trees() -> Iterator[TestClient]:
    pack = {"name": "trees", "tools": {"get_tree": TREE, "graft": GRAFT}}
    database = Database("sqlite://")
    sessions = Sessions(database)
    sessions.create(World.model_validate({"name": "trees", "packs": [pack]}), session_id=DEFAULT)
    yield TestClient(create_app(sessions, {}), base_url="http://127.0.0.1")
    database.close()


def test_a_schema_that_refers_into_itself_keeps_its_targets(trees: TestClient) -> None:
    document = trees.get("/api/openapi.json").json()
    for reference in references(document):
        assert isinstance(resolve(document, reference), dict)
    answer = trees.get("/api/tree?depth=3")
    assert answer.json() == {"root": {"name": "a 3"}}
    judge(document, "GET", "/tree", answer)
    assert trees.get("/api/tree?depth=deep").status_code == 400


def test_a_tool_that_says_nothing_says_null(trees: TestClient) -> None:
    answer = trees.post("/api/tree", json={"branch": {"name": "b", "next": {"name": "c"}}})
    assert (answer.status_code, answer.json()) == (200, None)
    judge(trees.get("/api/openapi.json").json(), "POST", "/tree", answer)
    assert trees.post("/api/tree", json={"branch": {"next": {"name": 7}}}).status_code == 400
