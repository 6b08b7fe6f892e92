"""A fault inside an effect is found before the tool is ever called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.schemas.faults import said

INPUT = {"type": "object", "properties": {"id": {"type": "string"}, "limit": {"type": "integer"}}}


def faults_of(folder: Path, *steps: Any, **effect: Any) -> list[str]:
    tools = {"t": {"input": INPUT, "effect": {"steps": list(steps), **effect}}}
    return [line.replace("/tools/t/effect", "") for line in said(folder, tools=tools)]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            {"reed": "ship"},
            "/steps/0: a step needs one of the verbs require, read, list, create, update, delete, link, ",
        ),
        ({"reed": "ship"}, "(did you mean 'read'?)"),
        ("read", "/steps/0: a step needs one of the verbs"),
        ({"read": "shp", "key": "args.id"}, "/steps/0/read: no entity 'shp' (did you mean 'ship'?)"),
        ({"read": "ship", "kee": "args.id"}, "/steps/0/kee: 'kee' is not a field here (did you mean 'key'?)"),
        ({"read": "ship"}, "/steps/0: read takes either `key` or `match`"),
        ({"read": "ship", "key": "args.id", "match": {"name": "x"}}, "/steps/0: read takes either `key` or `match`"),
        (
            {"read": "ship", "match": {"nam": "x"}},
            "/steps/0/match/nam: 'nam' is not a field (did you mean 'name'?); fields:",
        ),
        ({"read": "ship", "key": "args.idd"}, "/steps/0/key: `args.idd`: no argument 'idd' (did you mean 'id'?)"),
        ({"read": "ship", "key": "arg.id"}, "/steps/0/key: `arg.id`: no name 'arg' here (did you mean 'args'?)"),
        (
            {"read": "ship", "key": "lenn(args.id)"},
            "/steps/0/key: `lenn(args.id)`: no function 'lenn' (did you mean 'len'?)",
        ),
        ({"read": "ship", "key": "args.id +"}, "/steps/0/key: `args.id +` is not an expression: invalid syntax"),
        ({"read": "ship", "key": "args.id.lower()"}, "values have no methods; call a function instead, e.g. lower(x)"),
        ({"read": "ship", "key": "args.id", "missing": "{args.x}"}, "/steps/0/missing: `args.x`: no argument 'x'"),
        ({"read": "ship", "key": "args.id", "when": "shipp"}, "/steps/0/when: `shipp`: no name 'shipp' here"),
        ({"list": "ship", "where": "row.name == nam"}, "/steps/0/where: `row.name == nam`: no name 'nam' here"),
        ({"list": "ship", "sort": "-nam"}, "/steps/0/sort: 'nam' is not a field (did you mean 'name'?)"),
        ({"list": "ship", "sort": ["name", "yrd"]}, "/steps/0/sort: 'yrd' is not a field (did you mean 'yard'?)"),
        (
            {"list": "ship", "limit": "args.limits"},
            "/steps/0/limit: `args.limits`: no argument 'limits' (did you mean 'lim",
        ),
        (
            {"list": "ship", "search": {"fields": ["nme"], "text": "'a'"}},
            "/steps/0/search/fields: 'nme' is not a field",
        ),
        ({"list": "ship", "search": {"fields": ["name"]}}, "/steps/0/search/text: 'text' is required"),
        (
            {"create": "ship", "values": {"nam": "x"}},
            "/steps/0/values/nam: 'nam' is not a field (did you mean 'name'?)",
        ),
        ({"create": "ship", "values": "no object"}, "/steps/0/values: give an object of fields, or one {expression}"),
        ({"update": "ship", "key": "args.id"}, "/steps/0/set: 'set' is required"),
        ({"update": "ship", "key": "args.id", "set": {"x": 1}}, "/steps/0/set/x: 'x' is not a field; fields: id, name"),
        ({"delete": "ship", "key": "args.id", "restricted": "{cnt}"}, "no name 'cnt' here (did you mean 'count'?)"),
        ({"link": "ship", "key": "args.id", "field": "flags", "to": "'a'"}, "/steps/0/field: 'flags' is not a field"),
        ({"append": "ship", "key": "args.id", "field": "cargo"}, "/steps/0/value: 'value' is required"),
        (
            {"edit": "ship", "key": "args.id", "field": "cargo", "where": "True"},
            "/steps/0: edit takes either `set` or `remove: true`",
        ),
        (
            {"edit": "ship", "key": "args.id", "field": "cargo", "where": "itm.crate", "remove": True},
            "/steps/0/where: `itm.crate`: no name 'itm' here (did you mean 'item'?)",
        ),
        ({"require": "True"}, "/steps/0/error: 'error' is required"),
        (
            {"require": "True", "error": "no", "status": 200},
            "/steps/0/status: Input should be greater than or equal to 400",
        ),
        ({"require": 'count("shp") > 0', "error": "no"}, "no entity 'shp' (did you mean 'ship'?)"),
        ({"require": 'count("ship", nme="x") > 0', "error": "no"}, "'nme' is not a field (did you mean 'name'?)"),
        (
            {"for_each": "[1]", "as": "x", "steps": [{"compute": {"y": "{z}"}}]},
            "/steps/0/steps/0/compute/y: `z`: no name 'z'",
        ),
        ({"for_each": "[1]", "steps": [{"reed": "x"}]}, "/steps/0/steps/0: a step needs one of the verbs"),
        (
            {"for_each": "[1]", "steps": [{"require": "1", "error": "e", "status": 1}]},
            "/steps/0/steps/0/status: Input should",
        ),
    ],
)
def test_a_faulty_step_is_found_at_its_place(tmp_path: Path, step: Any, expected: str) -> None:
    found = faults_of(tmp_path, step)
    assert any(expected in line for line in found), found


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ({"returns": {"x": ["{nothing}"]}}, "/returns: `nothing`: no name 'nothing' here"),
        ({"returns": "{"}, "/returns: `{` is not a template: expecting '}'"),
        ({"returns": "}"}, "/returns: `}` is not a template: single '}' is not allowed"),
        ({"returns": "{}"}, "/returns: `{}` is not a template: empty expression not allowed"),
        ({"text": "{args.nope}"}, "/text: `args.nope`: no argument 'nope'"),
        ({"http": {"method": "FETCH", "path": "/x"}}, "/http/method: Input should be 'GET', 'POST', 'PUT', 'PATCH' or"),
        ({"http": {"method": "GET", "path": "x"}}, "/http/path: String should match pattern '^/'"),
        (
            {"http": {"method": "GET", "path": "/x", "stat": 1}},
            "/http/stat: 'stat' is not a field here (did you mean 'status'?",
        ),
        (
            {"http": {"method": "GET", "path": "/x/{idd}"}},
            "/http/path: '{idd}' is not an argument of the tool (did you mean",
        ),
        ({"step": []}, "/step: 'step' is not a field here (did you mean 'steps'?)"),
    ],
)
def test_a_faulty_result_is_found_at_its_place(tmp_path: Path, effect: dict[str, Any], expected: str) -> None:
    found = faults_of(tmp_path, **effect)
    assert any(expected in line for line in found), found


def test_a_step_may_use_what_earlier_steps_gave_and_nothing_later(tmp_path: Path) -> None:
    found = faults_of(
        tmp_path,
        {"compute": {"early": "{ships}"}},
        {"list": "ship"},
        {"compute": {"late": "{ships}"}},
        {"read": "ship", "key": "args.id", "as": "boat"},
        {"compute": {"named": "{boat}", "by_entity": "{ship}"}},
    )
    assert found == [
        "/steps/0/compute/early: `ships`: no name 'ships' here",
        "/steps/4/compute/by_entity: `ship`: no name 'ship' here (did you mean 'ships'?)",
    ]


def test_two_tools_cannot_share_a_route(tmp_path: Path) -> None:
    effect = {"returns": 1, "http": {"method": "GET", "path": "/ships/{id}"}}
    other = {"returns": 1, "http": {"method": "GET", "path": "/ships/{limit}"}}
    found = said(tmp_path, tools={"a": {"input": INPUT, "effect": effect}, "b": {"input": INPUT, "effect": other}})
    assert found == ["/tools/b/effect/http: GET /ships/{limit} is the route of 'a' as well as of 'b'"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/ships/{id}/{id}", "'/ships/{id}/{id}' names the same argument twice"),
        ("/ships/{id:int}", "'/ships/{id:int}' is no path: braces hold a name alone, and ? and # have no place"),
        ("/ships/{id", "'/ships/{id' is no path: braces hold a name alone, and ? and # have no place"),
        ("/ships?id=1", "'/ships?id=1' is no path: braces hold a name alone, and ? and # have no place"),
    ],
)
def test_a_path_that_cannot_be_one_is_refused(tmp_path: Path, path: str, expected: str) -> None:
    effect = {"returns": 1, "http": {"method": "GET", "path": path}}
    assert said(tmp_path, tools={"a": {"input": INPUT, "effect": effect}}) == [f"/tools/a/effect/http/path: {expected}"]
