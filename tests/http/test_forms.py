"""Requests of APIs that were not made for us: forms, nested names, queries beside bodies, errors in their own words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from mcp_sim.http import create_app
from mcp_sim.http.forms import nested
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.types import World
from store.db import Database

CARD = {"type": "object", "properties": {"number": {"type": "string"}, "year": {"type": "integer"}}}
INPUT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "card": {"anyOf": [CARD, {"type": "string", "enum": [""]}]},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"qty": {"type": "integer"}}}},
        "tags": {"type": "array", "items": {"type": "string"}},
        "until": {"anyOf": [{"type": "string", "enum": ["now"]}, {"type": "integer"}]},
        "body_id": {"type": "integer"},
        "dry": {"type": "boolean"},
    },
}


def _tool(**http: Any) -> dict[str, Any]:
    return {"description": "Says what it was given.", "input": INPUT, "effect": {"returns": "{args}", "http": http}}


@pytest.fixture
def http() -> Iterator[TestClient]:
    error = {"error": {"message": "{message}", "code": "{status}", "type": "invalid"}}
    more = {"body": "form", "names": {"body_id": "id"}, "query": ["dry"], "error": error, "invalid": 422}
    tools = {
        "pay": _tool(method="POST", path="/pay/{id}", **more),
        "look": _tool(method="GET", path="/look", error=error),
        "put": {
            "description": "Takes a list.",
            "input": {"type": "object", "properties": {"body": {"type": "array"}}},
            "effect": {"returns": "{args.body}", "http": {"method": "PUT", "path": "/put", "names": {"body": ""}}},
        },
    }
    world = World.model_validate({"name": "till", "packs": [{"name": "till", "tools": tools}]})
    database = Database("sqlite://")
    sessions = Sessions(database)
    sessions.create(world, session_id=DEFAULT)
    with TestClient(create_app(sessions, {}), base_url="http://localhost") as client:
        yield client
    database.close()


def given(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if value is not None}


def test_a_form_nests_and_its_texts_become_what_the_schema_wants(http: TestClient) -> None:
    form = "name=Ada&card[number]=42&card[year]=2030&lines[0][qty]=1&lines[1][qty]=2&tags[]=a&tags[]=b&until=7&id=5"
    answer = http.post(
        "/api/pay/x?dry=true", content=form, headers={"content-type": "application/x-www-form-urlencoded"}
    )

    assert given(answer) == {
        "id": "x",
        "name": "Ada",
        "card": {"number": "42", "year": 2030},
        "lines": [{"qty": 1}, {"qty": 2}],
        "tags": ["a", "b"],
        "until": 7,
        "body_id": 5,
        "dry": True,
    }


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("card=", {"card": {}}),
        ("until=now", {"until": "now"}),
        ("tags=a&tags=b", {"tags": ["a", "b"]}),
        ("tags[]=a", {"tags": ["a"]}),
        ("lines[][qty]=1&lines[][qty]=2", {"lines": [{"qty": 1}, {"qty": 2}]}),
        ("name=%00Ada", {"name": "Ada"}),
        ("", {}),
    ],
)
def test_forms_say_the_same_in_many_ways(http: TestClient, form: str, read: dict[str, Any]) -> None:
    answer = http.post("/api/pay/x", content=form, headers={"content-type": "application/x-www-form-urlencoded"})

    assert given(answer) == {"id": "x", **read}


def test_where_forms_are_taken_json_is_too(http: TestClient) -> None:
    assert given(http.post("/api/pay/x", json={"id": 5})) == {"id": "x", "body_id": 5}


def test_a_query_nests_like_a_form(http: TestClient) -> None:
    assert given(http.get("/api/look?card[year]=2030&tags=a")) == {"card": {"year": 2030}, "tags": ["a"]}


def test_a_body_may_be_a_list(http: TestClient) -> None:
    assert http.put("/api/put", json=[1, 2]).json() == [1, 2]


@pytest.mark.parametrize("request_of", [{"content": "{"}, {"json": {"nix": 1}}, {"json": {"name": 7}}, {"json": [1]}])
def test_every_error_is_in_the_words_of_the_service(http: TestClient, request_of: Any) -> None:
    refused = http.post("/api/pay/x", headers={"content-type": "application/json"}, **request_of)

    assert refused.status_code in (400, 422)
    assert refused.json()["error"]["type"] == "invalid"
    assert refused.json()["error"]["code"] == refused.status_code
    assert refused.json()["error"]["message"]


def test_the_document_says_where_arguments_stand(http: TestClient) -> None:
    pay = http.get("/api/openapi.json").json()["paths"]["/pay/{id}"]["post"]

    assert {(one["name"], one["in"]) for one in pay["parameters"]} == {("id", "path"), ("dry", "query")}
    assert set(pay["requestBody"]["content"]) == {"application/json", "application/x-www-form-urlencoded"}
    assert "id" in pay["requestBody"]["content"]["application/json"]["schema"]["properties"]


def test_the_rest_of_a_path_may_hold_line_breaks(http: TestClient) -> None:
    assert given(http.post("/api/pay/a%0Ab", json={})) == {"id": "a\nb"}


@pytest.mark.parametrize(
    ("pairs", "value"),
    [
        ([("a[b][c]", "1")], {"a": {"b": {"c": "1"}}}),
        ([("a[1]", "x"), ("a[0]", "y")], {"a": {"1": "x", "0": "y"}}),
        ([("a[", "1"), ("[b]", "2"), ("", "3")], {"a[": "1", "[b]": "2", "": "3"}),
        ([("a[b]", "1"), ("a", "2")], {"a": [{"b": "1"}, "2"]}),
        ([("page[size]", "1")], {"page": {"size": "1"}}),
    ],
)
def test_names_with_brackets_lead_into_values(pairs: list[tuple[str, str]], value: dict[str, Any]) -> None:
    assert nested(pairs) == value
    assert nested([("page[size]", "1")], ["page[size]"]) == {"page[size]": "1"}
