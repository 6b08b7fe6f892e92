"""A pack with a fault: the loader points at it and names the nearest name that is valid there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.schemas.faults import said

TEXT = {"type": "string"}
PART = {"type": "object", "properties": {"key": TEXT}}
ROW = {
    "type": "object",
    "properties": {
        "id": TEXT,
        "other": TEXT,
        "n": {"type": "integer"},
        "any": {},
        "float": {"type": "number"},
        "list": {"type": "array"},
        "matrix": {"type": "array", "items": {"type": "array", "items": TEXT}},
        "groups": {
            "type": "array",
            "items": {"type": "object", "properties": {"parts": {"type": "array", "items": PART}}},
        },
    },
}


A = {"schema": {"type": "object", "properties": {"id": TEXT, "n": {"type": "integer"}}}}
B = {"schema": {"type": "object", "properties": {"id": TEXT, "a_id": TEXT}}, "references": {"a_id": {"to": "a"}}}


def tool(**parts: Any) -> dict[str, Any]:
    return {"seed": None, "tools": {"t": {"output": {"type": "object"}, **parts}}}


def entity(**parts: Any) -> dict[str, Any]:
    return {"seed": None, "tools": None, "entities": {"thing": {"schema": ROW, **parts}}}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"nam": "x"}, "/nam: 'nam' is not a field here (did you mean 'name'?)"),
        ({"name": None}, "/name: 'name' is required"),
        ({"name": "Harbour!"}, "/name: String should match pattern '^[a-z][a-z0-9-]{0,63}$'"),
        ({"title": 7}, "/title: must be a text"),
        ({"tools": ["t"]}, "/tools: must be a mapping"),
        ({"tools": {"t": "read"}}, "/tools/t: must be a mapping"),
        (
            {"tools": {"no such name!": {"output": {}}}},
            "/tools/no such name!/name: String should match pattern '^[A-Za-z0-9_.-]{1,128}$'",
        ),
        (tool(outptu={}), "/tools/t/outptu: 'outptu' is not a field here (did you mean 'output'?)"),
        (tool(output=None), "/tools/t: a tool needs an effect, or an output schema to make up an answer from"),
        (tool(input={"type": "array"}), "/tools/t/input: the root of an input schema is `type: object`"),
        (tool(input={"type": "objekt"}), '/tools/t/input: not a JSON Schema: "objekt" is not valid under any of'),
        (tool(output={"$ref": "http://x.example/s"}), "/tools/t/output: not a JSON Schema: "),
        (tool(output={"$ref": "#/entities/shp"}), "/tools/t/output/$ref: no entity 'shp' (did you mean 'ship'?)"),
        (
            tool(output={"type": "array", "items": {"type": "string", "x-entity": "shipp"}}),
            "/tools/t/output/items/x-entity: x-entity names 'shipp', which is no entity (did you mean 'ship'?)",
        ),
        (
            tool(output={"x-entity": ["ship"]}),
            "/tools/t/output/x-entity: x-entity names '['ship']', which is no entity",
        ),
        (tool(annotations={"readonly": True}), "'readonly' is not a field here (did you mean 'read_only'?)"),
        (
            {"entities": {"Ship": {"schema": ROW}}, "seed": None, "tools": None},
            "/entities/Ship: 'Ship' is not an entity",
        ),
        (entity(kye="id"), "/entities/thing/kye: 'kye' is not a field here (did you mean 'key'?)"),
        (entity(schema={"type": 5}), "/entities/thing/schema: not a JSON Schema: 5 is not valid under any of"),
        (entity(key="othr"), "/entities/thing/key: the key 'othr' is not a property (did you mean 'other'?)"),
        (entity(key="list"), "/entities/thing/key: 'list' identifies a thing: say `type: string` or `type: integer`"),
        (entity(key="float"), "/entities/thing/key: 'float' identifies a thing: say `type: string` or `type: integer`"),
        (entity(key="any"), "/entities/thing/key: 'any' identifies a thing: say `type: string` or `type: integer`"),
        (
            entity(schema={"properties": {"id": {"type": "string"}, 'a"b': {}}}),
            '/entities/thing/schema/properties/a"b: a field name holds no quote, backslash, dot or control',
        ),
        (
            entity(references={"any": {"to": "thing"}}),
            "/entities/thing/references/any: 'any' holds keys: say `type: string`",
        ),
        (
            entity(references={"list": {"to": "thing"}}),
            "/entities/thing/references/list: 'list' holds keys: say `type: str",
        ),
        (
            entity(references={"groups.parts.key": {"to": "thing"}}),
            "/entities/thing/references/groups.parts.key: 'groups.parts.key' leads through more than one list of objects",
        ),
        (
            entity(references={"matrix": {"to": "thing"}}),
            "/entities/thing/references/matrix: 'matrix' leads through more than one list of objects",
        ),
        (
            entity(unique=[["id", "list"]]),
            "/entities/thing/unique/0: 'list' is unique, so say its type: text, number or",
        ),
        (entity(unique=[["othr"]]), "/entities/thing/unique/0: 'othr' is not a property (did you mean 'other'?)"),
        (entity(unique=[["id"], []]), "/entities/thing/unique/1: a group names at least one field"),
        (entity(immutable=["othr"]), "/entities/thing/immutable: 'othr' is not a property (did you mean 'other'?)"),
        (entity(id="T-{m}"), "/entities/thing/id: id pattern 'T-{m}' may hold {n}, {n:05} and {r}, nothing else"),
        (entity(id="T-{n:999999999}"), "/entities/thing/id: id pattern 'T-{n:999999999}' may hold {n}, {n:05} and {r}"),
        (entity(id="T-{n.real}"), "/entities/thing/id: id pattern 'T-{n.real}' may hold {n}, {n:05} and {r}"),
        (entity(id="T-1"), "/entities/thing/id: id pattern 'T-1' needs {n} or {r}, or every row gets the same key"),
        (
            entity(key="n", id="T-{n}"),
            "/entities/thing/id: id pattern 'T-{n}' makes texts, but the key 'n' is an integer",
        ),
        (
            entity(references={"other": {"to": "thng"}}),
            "/entities/thing/references/other: refers to 'thng', which is no entity (did you mean 'thing'?)",
        ),
        (
            entity(references={"othr": {"to": "thing"}}),
            "/entities/thing/references/othr: 'othr' is not a property (did you mean 'other'?)",
        ),
        (
            entity(references={"other": {"to": "thing", "on_delete": "set-null"}}),
            "/entities/thing/references/other: set-null needs 'other' to allow null: type: [string, \"null\"]",
        ),
        (
            entity(references={"other": {"to": "thing", "on_delete": "set-null"}}, immutable=["other"]),
            "/entities/thing/references/other: set-null cannot change 'other', which is immutable: take restrict or",
        ),
        (
            entity(references={"other": {"to": "thing", "on_delete": "cascad"}}),
            "/entities/thing/references/other/on_delete: Input should be 'restrict', 'cascade' or 'set-null' "
            "(did you mean 'cascade'?)",
        ),
        (
            entity(references={"other": {"on_delete": "cascade"}}),
            "/entities/thing/references/other/to: 'to' is required",
        ),
    ],
)
def test_a_fault_is_found_at_its_place(tmp_path: Path, parts: dict[str, Any], expected: str) -> None:
    assert any(expected in line for line in said(tmp_path, **parts)), said(tmp_path, **parts)


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        ({"shp": []}, "/seed/shp: no entity 'shp' (did you mean 'ship'?)"),
        ({"dock": {}}, "/seed/dock: must be a list"),
        ({"dock": ["D-01"]}, "/seed/dock/0: must be a mapping"),
        ({"dock": [{"id": "D-01", "name": "N"}]}, "/seed/dock/0: dock: 'open' is required"),
        (
            {"dock": [{"id": "D-01", "name": "", "open": True}]},
            '/seed/dock/0/name: /name: "" is shorter than 1 character',
        ),
        (
            {"dock": [{"id": "D-01", "name": "N", "open": True, "dept": 3}]},
            "/seed/dock/0: dock: 'dept' is not known (did you mean 'depth'?); known: depth, id, name, open",
        ),
        ({"crate": [{"number": 1.5, "weight": 1}]}, "/seed/crate/0/number: /number: must be of type integer (got 1.5)"),
        (
            {"flag": [{"id": "a", "colours": []}, {"id": "a", "colours": []}]},
            "/seed/flag/1/id: flag 'a' stands twice",
        ),
        ({"flag": [{"id": "", "colours": []}]}, "/seed/flag/0/id: a key has 1 to 256 characters, this one 0"),
        ({"flag": [{"id": "x" * 257, "colours": []}]}, "/seed/flag/0/id: a key has 1 to 256 characters, this one 257"),
        (
            {"dock": [{"id": "D-01", "name": "N", "open": True}, {"id": "D-02", "name": "N", "open": True}]},
            "/seed/dock/1/name: name must be unique: row 0 holds the same",
        ),
        (
            {"sailor": [{"id": "C-001", "name": "Ada", "ship_id": "S-001"}]},
            "/seed/sailor/0/ship_id: refers to ship 'S-001', which is not in the seed",
        ),
        (
            {
                "flag": [{"id": "red", "colours": []}],
                "ship": [{"id": "S-1", "name": "A", "yard": "L", "flag_ids": ["rad"]}],
            },
            "/seed/ship/0/flag_ids: refers to flag 'rad', which is not in the seed (did you mean 'red'?)",
        ),
        (
            {"ship": [{"id": "S-1", "name": "A", "yard": "L", "cargo": [{"crate": 9}]}]},
            "/seed/ship/0/cargo: refers to crate '9', which is not in the seed",
        ),
    ],
)
def test_a_seed_row_that_breaks_a_rule_is_found(tmp_path: Path, seed: dict[str, Any], expected: str) -> None:
    assert expected in said(tmp_path, seed=seed)


def test_a_self_reference_and_a_later_row_are_no_dangling_reference(tmp_path: Path) -> None:
    ships = [
        {"id": "S-1", "name": "A", "yard": "L", "sister_id": "S-2"},
        {"id": "S-2", "name": "B", "yard": "L", "sister_id": "S-2"},
    ]
    assert said(tmp_path, seed={"ship": ships}, title=7) == ["/title: must be a text"]


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    tools = {
        "one": {"output": {"$ref": "#/entities/shp"}, "input": {"type": "array"}},
        "two": {"output": {"$ref": "#/entities/dok"}},
        "three": {},
    }
    found = said(tmp_path, tools=tools)
    assert [line.split(":")[0] for line in found] == [  # in the order of the file
        "/tools/one/output/$ref",
        "/tools/one/input",
        "/tools/two/output/$ref",
        "/tools/three",
    ]


def test_faults_of_shape_are_told_at_once(tmp_path: Path) -> None:
    found = said(tmp_path, nam="x", title=7, tools={"t": {"outpt": {}}}, entities={"a": {"schema": 5}, "b": {}})
    assert len(found) == 5


def test_faults_of_shape_of_names_and_of_rows_are_told_at_once(tmp_path: Path) -> None:
    found = said(
        tmp_path,
        title=7,
        tools={
            "misshapen": {"outptu": {}},
            "lost": {"output": {"$ref": "#/entities/shp"}},
            "mistaken": {"effect": {"returns": "{args.x}"}},
        },
        seed={"dock": [{"id": "D-01", "name": "N"}], "shp": []},
    )
    assert [line.split(":")[0] for line in found] == [
        "/title",
        "/tools/misshapen/outptu",
        "/tools/lost/output/$ref",
        "/tools/mistaken/effect/returns",
        "/seed/dock/0",
        "/seed/shp",
    ]


@pytest.mark.parametrize(
    "broken",
    [
        {"entities": {"a": {"schema": 5}, "b": B}},
        {"entities": {"a": A, "b": B}, "seed": {"a": {}, "b": [{"id": "1", "a_id": "1"}]}},
        {"entitees": {"a": A, "b": B}},
        {"entities": [A, B]},
    ],
    ids=["shape", "rows", "name", "list"],
)
def test_a_broken_part_is_no_fault_of_the_parts_that_speak_of_it(tmp_path: Path, broken: dict[str, Any]) -> None:
    reads = {"input": {"properties": {"id": {"x-entity": "a"}}, "type": "object"}, "output": {"$ref": "#/entities/a"}}
    effect = {"steps": [{"read": "a", "key": "args.id"}, {"list": "a", "match": {"n": 1}}], "returns": "{count('a')}"}
    seed = {"a": [{"id": "1", "n": 1}], "b": [{"id": "1", "a_id": "1"}]}
    parts = {"entities": None, "seed": seed, "tools": {"t": {**reads, "effect": effect}}, **broken}
    assert len(said(tmp_path, **parts)) == 1


def test_what_stands_beside_a_broken_part_is_checked(tmp_path: Path) -> None:
    entities = {"a": {"schema": 5}, "b": B}
    tools = {"t": {"effect": {"returns": "{find('b', id_=1)}"}}}
    assert [
        line.split(":")[0] for line in said(tmp_path, entities=entities, tools=tools, seed={"b": [{"a_id": 7}]})
    ] == [
        "/entities/a/schema",
        "/tools/t/effect/returns",
        "/seed/b/0",
        "/seed/b/0/a_id",
    ]
