"""`mcp-sim learn --openapi` as people call it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.load import load_world
from tests.learn.openapi.specs import spec
from tests.running import Running

PEOPLE = [{"id": "u1", "name": "Ada", "kind": "user"}, {"id": "u2", "name": "Bo", "kind": "user"}]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "api.json"
    path.write_text(json.dumps(spec()))
    return path


def _learn(run: Any, document: Path, *more: Any, name: str = "shop") -> Any:
    return run("learn", "--openapi", document, "--name", name, "--out", document.parent / "twin", *more)


def test_a_spec_becomes_a_pack_that_loads(run: Any, document: Path) -> None:
    done = _learn(run, document)

    assert done.status == 0
    assert "2 entities, 10 tools" in done.out
    assert load_world(document.parent / "twin").tools["createUser"].effect is not None


def test_the_report_says_how_sure_each_reference_is_and_what_is_not_known(run: Any, document: Path) -> None:
    _learn(run, document)

    report = json.loads((document.parent / "twin/report.json").read_text())
    found = {one["item"]: one for one in report["evidence"]}
    assert found["/entities/order/references/user_id"]["confidence"] > 0.9
    assert "named after user" in found["/entities/order/references/user_id"]["why"]
    assert set(report["undecided"]) == set(report["not_called"])


def test_initial_rows_find_their_entities(run: Any, document: Path, sessions: Any) -> None:
    rows = document.parent / "rows.json"
    rows.write_text(json.dumps({"users": PEOPLE, "Orders": [{"id": 7, "user_id": "u2", "total": 3}]}))

    done = _learn(run, document, "--data", rows)

    assert done.err == ""
    world = Running(sessions, load_world(document.parent / "twin"))
    assert world.done("getUser", user_id="u2")["name"] == "Bo"
    assert world.done("getOrder", user_id="u2", order_id=7)["user_id"] == "u2"


def test_rows_that_fit_nowhere_are_told_and_the_others_kept(run: Any, document: Path) -> None:
    rows = document.parent / "rows.json"
    rows.write_text(json.dumps({"users": [*PEOPLE, {"id": "u3", "name": 7}], "boats": [{"id": 1, "a": 2}]}))

    done = _learn(run, document, "--data", rows)

    assert done.status == 0
    assert "collection 'boats' is no entity of the spec" in done.err
    assert "row 3 of 'user' is left out: /name" in done.err
    assert len(load_world(document.parent / "twin").packs[0].seed["user"]) == 2


def test_a_reference_that_the_rows_contradict_is_let_go_and_told(run: Any, document: Path) -> None:
    rows = document.parent / "rows.json"
    rows.write_text(json.dumps({"users": PEOPLE, "orders": [{"id": 7, "user_id": "nobody", "total": 3}]}))

    done = _learn(run, document, "--data", rows)

    assert "order.user_id is no reference that holds: one refers to user 'nobody'" in done.err
    assert "user_id" not in load_world(document.parent / "twin").entities["order"].references


def test_what_is_wrong_is_told_in_one_sentence(run: Any, document: Path) -> None:
    document.write_text('{"openapi": "9.0", "paths": {}}')

    assert "no OpenAPI document" in _learn(run, document).err
    assert "a pack has a name like 'my-shop'" in _learn(run, document, name="My Shop").err
    document.write_text('{"openapi": "3.0.0", "paths": {}}')
    assert "there is no operation in it" in _learn(run, document).err
    document.unlink()
    assert "api.json" in _learn(run, document).err
