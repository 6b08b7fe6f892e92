"""What is learned from a spec, and how the world answers that is made of it."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from mcp_sim.learn.openapi import SpecError, learn_openapi
from mcp_sim.learn.openapi.words import singular
from schemas.check import check_pack
from schemas.types import Pack
from tests.fidelity.references import agreement
from tests.learn.openapi.conftest import Learn
from tests.learn.openapi.specs import answer, body, in_path, in_query, operation, ref, spec, swagger
from tests.running import Running

Serving = Callable[[Any], Running]


def test_operations_become_tools_with_flat_arguments(learn: Learn) -> None:
    tools = learn(spec()).tools

    assert list(tools) == [
        "listUsers", "createUser", "getUser", "updateUser", "deleteUser",
        "listOrders", "createOrder", "getOrder", "deleteOrder", "shipOrder",
    ]  # fmt: skip
    made = tools["createOrder"]["input"]
    assert (sorted(made["properties"]), made["required"]) == (["lines", "total", "user_id"], ["user_id", "total"])
    assert made["additionalProperties"] is False
    assert made["properties"]["lines"]["items"]["properties"]["sku"] == {"type": "string"}
    assert "created_at" not in tools["createUser"]["input"]["properties"]
    assert tools["getUser"]["annotations"] == {"read_only": True, "destructive": False}


def test_entities_have_keys_and_references(learn: Learn) -> None:
    entities = learn(spec()).entities

    assert {name: entity["key"] for name, entity in entities.items()} == {"user": "id", "order": "id"}
    assert {path: one["to"] for path, one in entities["order"]["references"].items()} == {
        "user_id": "user",
        "reviewer": "user",
    }
    assert entities["user"]["references"] == {}


def test_every_inferred_item_has_its_evidence(learn: Learn) -> None:
    api = learn(spec())
    found = {one.item: one for one in api.evidence}

    for name, entity in api.entities.items():
        assert found[f"/entities/{name}"].confidence > 0.5
        assert all(f"/entities/{name}/references/{path}" in found for path in entity["references"])
    assert found["/tools/getUser/effect"].why == "GET /users/{user_id}: read of user"
    assert all(f"/tools/{tool}/effect" in found for tool in api.tools)
    assert api.undecided == ["shipOrder"]
    assert found["/tools/shipOrder/effect"].confidence == 0.0


def test_the_world_creates_reads_lists_updates_and_deletes(serving: Serving) -> None:
    world = serving(spec())

    ada = world.done("createUser", name="Ada", email="ada@example.com", kind="user")
    assert {"name": "Ada", "email": "ada@example.com", "kind": "user"}.items() <= ada.items()
    assert ada["created_at"].startswith("20")
    assert world.done("getUser", user_id=ada["id"]) == ada
    assert world.done("listUsers", limit=5) == {"data": [ada], "total": 1}
    assert world.done("listUsers", name="Bo") == {"data": [], "total": 0}
    assert world.done("updateUser", user_id=ada["id"], name="Ada L.") == {**ada, "name": "Ada L."}
    order = world.done("createOrder", user_id=ada["id"], total=3.5, lines=[{"sku": "x"}])
    assert (order["user_id"], order["total"], order["lines"]) == (ada["id"], 3.5, [{"sku": "x"}])
    assert world.done("listOrders", user_id=ada["id"]) == [order]
    assert world.done("deleteOrder", user_id=ada["id"], order_id=order["id"]) == {
        "deleted_order_id": order["id"],
        "deleted": True,
    }
    assert world.ask("deleteUser", user_id=ada["id"]).status == 204
    assert world.refused("getUser", user_id=ada["id"]) == f"404 User '{ada['id']}' not found"


def test_an_order_of_nobody_is_refused(serving: Serving) -> None:
    assert serving(spec()).refused("createOrder", user_id="nobody", total=1) == "404 User 'nobody' not found"


def test_what_is_not_decided_is_made_up_by_its_schema(serving: Serving) -> None:
    assert isinstance(serving(spec()).done("shipOrder", order_id=7)["eta"], str)


def test_a_body_that_wraps_its_row_is_unwrapped(serving: Serving) -> None:
    team: dict[str, Any] = {
        "type": "object",
        "required": ["id", "type"],
        "properties": {
            "id": {"type": "string"},
            "type": {"type": "string", "enum": ["teams"]},
            "attributes": {"type": "object", "properties": {"name": {"type": "string"}, "size": {"type": "integer"}}},
        },
    }
    new = {**team, "required": ["type"]}
    wrapped = {"type": "object", "required": ["data"], "properties": {"data": ref("NewTeam")}}
    one = {"type": "object", "properties": {"data": ref("Team")}}
    several = {"type": "object", "properties": {"data": {"type": "array", "items": ref("Team")}}}
    paths = {
        "/teams": {
            "get": operation("listTeams", answer(several)),
            "post": operation("createTeam", answer(one), requestBody=body(wrapped)),
        },
        "/teams/{team-id}": {
            "get": operation("getTeam", answer(one), in_path("team-id")),
            "patch": operation("updateTeam", answer(one), in_path("team-id"), requestBody=body(wrapped)),
        },
    }
    world = serving(spec(paths=paths, schemas={"Team": team, "NewTeam": new}))

    made = world.done("createTeam", data={"type": "teams", "attributes": {"name": "A", "size": 3}})["data"]
    assert made == {"id": made["id"], "type": "teams", "attributes": {"name": "A", "size": 3}}
    changed = world.done("updateTeam", team_id=made["id"], data={"type": "teams", "attributes": {"size": 4}})["data"]
    assert changed["attributes"] == {"name": "A", "size": 4}
    assert world.done("listTeams") == {"data": [changed]}
    assert world.done("updateTeam", team_id=made["id"], data={"type": "teams"})["data"] == changed


def test_an_answer_tells_no_more_than_it_declares(serving: Serving) -> None:
    receipt = {"type": "object", "properties": {"id": {"type": "string"}, "kind": {"type": "string"}}}
    paths = {"/users": {"post": operation("createUser", answer(receipt, 201), requestBody=body(ref("User")))}}
    world = serving(spec(paths=paths))

    made = world.done("createUser", name="Ada", kind="user")

    assert made.keys() == {"id", "kind"}
    assert world.done("getUser", user_id=made["id"])["name"] == "Ada"


def test_an_operation_that_answers_with_a_known_row_is_about_it(serving: Serving) -> None:
    found = {"type": "object", "properties": {"results": {"type": "array", "items": ref("User")}}}
    paths = {
        "/users/{user_id}/block": {"post": operation("blockUser", answer(ref("User")), in_path("user_id"))},
        "/people-search": {"get": operation("search", answer(found), in_query("name"))},
    }
    world = serving(spec(paths=paths))
    ada = world.done("createUser", name="Ada", kind="user")

    assert world.done("blockUser", user_id=ada["id"]) == ada
    assert world.refused("blockUser", user_id="nobody") == "404 User 'nobody' not found"
    assert world.done("search", name="Ada") == {"results": [ada]}


def test_arguments_of_one_name_are_told_apart(learn: Learn) -> None:
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "q": {"type": "string"}}}
    given = operation("put", answer(), in_path("id"), in_query("q"), in_query("id"), requestBody=body(schema))
    tools = learn(spec(paths={"/things/{id}": {"put": given}})).tools

    assert sorted(tools["put"]["input"]["properties"]) == ["body_id", "body_q", "id", "q", "query_id"]


def test_version_2_is_read_like_version_3(serving: Serving) -> None:
    world = serving(swagger())

    ada = world.done("createUser", name="Ada", email=None, kind="user")
    assert world.done("renameUser", user_id=ada["id"], name="Bo") == {**ada, "name": "Bo"}
    assert world.done("listUsers") == [{**ada, "name": "Bo"}]


def test_version_31_is_read_like_version_30(serving: Serving) -> None:
    user = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "email": {"type": ["string", "null"]}, "kind": {"const": "user"}},
    }
    world = serving(spec(openapi="3.1.0", schemas={"User": user}))

    ada = world.done("createUser", email=None)
    assert (ada["email"], ada["kind"]) == (None, "user")


def test_yaml_packed_or_not_is_read_like_json(learn: Learn) -> None:
    text = yaml.safe_dump(spec(), sort_keys=False).encode()

    assert b"200:" in text
    assert learn(text).tools == learn(gzip.compress(text)).tools == learn(spec()).tools


def test_words_that_old_yaml_takes_for_something_else_are_texts(learn: Learn) -> None:
    text = b"""
openapi: 3.0.0
paths:
  /a:
    get: {operationId: a, parameters: [{name: q, in: query, schema: {type: string, enum: [no, on, 2024-01-01]}}]}
"""
    assert learn(text).tools["a"]["input"]["properties"]["q"]["enum"] == ["no", "on", "2024-01-01"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'{"openapi": "3.0.0", "paths": ', "FILE:1: not valid JSON: "),
        (b"openapi: 3.0.0\npaths: [\n", "not valid YAML: "),
        (b"- 1\n", "FILE: no OpenAPI document: its root is no object"),
        (b'{"openapi": "4.0.0", "paths": {}}', "FILE: no OpenAPI document: it says neither"),
        (b'{"openapi": "3.0.0"}', "FILE: no OpenAPI document: it has no `paths`"),
        (b"\x80\x81\x00", "FILE: not readable as JSON or YAML: "),
        (gzip.compress(b"x" * 5000, mtime=0)[:-20], "FILE: the packed file ends early"),
    ],
)
def test_a_file_that_is_no_spec_is_told_in_one_sentence(
    learn: Learn, tmp_path: Path, content: bytes, complaint: str
) -> None:
    with pytest.raises(SpecError) as told:
        learn(content)

    assert complaint in str(told.value).replace(str(tmp_path / "spec"), "FILE")
    assert "\n" not in str(told.value)


def test_a_remote_reference_is_told_and_never_fetched(learn: Learn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("something was fetched"))
    far = {"$ref": "https://example.com/schemas.json#/User"}
    paths = {"/far": {"get": operation("far", answer(far))}, "/near": {"$ref": "other.yaml#/near"}}

    api = learn(spec(paths=paths))

    assert {"far", "getUser"} <= api.tools.keys()
    assert sum("leads out of the file and is never fetched" in told for told in api.told) == 2


@pytest.mark.parametrize(
    "schemas",
    [
        {"Line": ref("Line")},
        {"Line": ref("Other"), "Other": ref("Line")},
        {"Line": {"allOf": [ref("Line"), {"type": "object"}]}},
        {"Line": {"type": "object", "properties": {"next": ref("Line")}, "additionalProperties": ref("Line")}},
        {"Line": {"anyOf": [ref("User"), ref("Line")], "items": ref("Order")}},
        {"Line": ref("Missing")},
        {"Line": {"type": "wibble", "pattern": "(", "required": "all"}},
    ],
)
def test_circular_and_broken_schemas_do_not_keep_the_rest_from_being_learned(learn: Learn, schemas: Any) -> None:
    api = learn(spec(schemas=schemas))

    assert len(api.tools) == 10
    assert api.entities["order"]["references"]["user_id"]["to"] == "user"


def test_an_operation_id_that_stands_twice_is_told(learn: Learn) -> None:
    twice = {
        "/a/{id}": {"get": operation("getUser", answer(), in_path("id"))},
        "/b": {"get": operation(None, answer())},
    }

    api = learn(spec(paths=twice))

    assert {"getUser", "get_a_by_id", "get_b"} <= api.tools.keys()
    assert any("operationId 'getUser' stands for GET /users/{user_id} and for GET /a/{id}" in told for told in api.told)


@pytest.mark.parametrize(
    "item", [7, {"get": 7}, {"get": {"parameters": 7}}, {"get": {"responses": []}}, {"post": {"requestBody": 7}}]
)
def test_what_is_no_operation_does_not_keep_the_others_from_being_learned(learn: Learn, item: Any) -> None:
    assert {"getUser", "createOrder"} <= learn(spec(paths={"/odd": item, "odd": {}})).tools.keys()


def test_names_that_expressions_do_not_know_are_served_all_the_same(serving: Serving) -> None:
    odd = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "class": {"type": "string"}, "a-b": {"type": "string"}},
    }
    paths = {
        "/odds": {"post": operation("createOdd", answer(ref("Odd")), requestBody=body(ref("Odd")))},
        "/odds/{id}": {"get": operation("getOdd", answer(ref("Odd")), in_path("id"))},
    }
    world = serving(spec(paths=paths, schemas={"Odd": odd}))

    made = world.done("createOdd", id="7", **{"class": "x", "a-b": "y"})

    assert world.done("getOdd", id="7") == made


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("users", "user"), ("addresses", "address"), ("categories", "category"), ("boxes", "box"), ("status", "status"),
        ("people", "person"), ("statuses", "status"), ("data", "data"), ("buses", "bus"), ("batches", "batch"), ("ids", "id"),
    ],
)  # fmt: skip
def test_plurals_have_singulars(plural: str, one: str) -> None:
    assert singular(plural) == one


def test_a_spec_of_ten_megabytes_is_learned(learn: Learn) -> None:
    described = "A long description. " * 600
    paths = {
        f"/things{n}/{{id}}": {"get": operation(f"get{n}", answer(ref("User")), in_path("id"), description=described)}
        for n in range(900)
    }
    given = orjson.dumps(spec(paths=paths), option=orjson.OPT_NON_STR_KEYS)

    assert len(given) > 10_000_000
    assert len(learn(given).tools) == 910


def test_requests_are_named_after_their_operations(learn: Learn) -> None:
    named = {(one.method, one.path): one.tool for one in learn(spec()).requests}

    assert named["DELETE", "/users/{user_id}"] == "deleteUser"


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("MCP_SIM_DATA")
    if folder is None:
        pytest.skip("MCP_SIM_DATA names no folder of development data")
    return Path(folder) / "openapi"


@pytest.mark.slow
def test_real_specs_become_packs_without_errors(data: Path) -> None:
    paths = sorted(data.glob("*.yaml.gz"))

    assert len(paths) >= 3
    for path in paths:
        api = learn_openapi(path)
        assert check_pack(Pack.model_validate(api.pack("learned"))) == []
        assert len(api.tools) > 200


@pytest.mark.slow
def test_labelled_references_are_found(data: Path) -> None:
    found = agreement(next(data.glob("stripe_spec3*")))

    assert found.right + found.wrong + found.missed > 200
    assert found.precision >= 0.95
    assert found.recall >= 0.8
