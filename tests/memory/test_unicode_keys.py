"""Keys that look the same to people: told apart byte for byte, and no new one is written but in normal form C."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mcp_sim.sessions import Sessions
from schemas.load import LoadError, load_pack, load_world
from schemas.rows import is_normal
from schemas.types import Call, Change, Observation, StateDelta, World
from store.integrity import check
from tests.memory.acting import done
from tests.memory.ground import Ground
from tests.running import HARBOUR, acting, write_pack

LOOKALIKES = [("\u00e9", "e\u0301"), ("\u00c5", "\u212b"), ("\uac00", "\u1100\u1161"), ("\u0915\u093c", "\u0958")]
"""The same text in normal form C, and in another one."""


@pytest.mark.parametrize(("normal", "other"), LOOKALIKES)
def test_two_keys_that_look_the_same_are_two_rows(ground: Ground, normal: str, other: str) -> None:
    """Whoever writes past the rules gets what was written, the same in either database."""
    rows = [{"id": key, "colours": [f"{len(key)}"]} for key in (normal, other)]
    ship = {"id": "S-900", "name": "Raw", "yard": "Leith", "flag_ids": [other], "cargo": []}
    ground.commit(*(("flag", "create", row) for row in rows), ("ship", "create", ship))
    view = ground.sessions.open("trunk").view()
    assert [view.get("flag", row["id"]) for row in rows] == rows
    assert [len(view.referrers("flag", key)) for key in (normal, other)] == [0, 1]
    assert [row for row in view.query("flag") if row in rows] == sorted(rows, key=lambda row: row["id"])
    assert [row for row in view.stream("flag") if row in rows] == sorted(rows, key=lambda row: row["id"].encode())


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The harbour with a tool that makes, finds and deletes flags."""
    make: dict[str, Any] = {"create": "flag", "values": {"id": "{args.a}", "colours": []}, "when": "args.b == 'make'"}
    find: dict[str, Any] = {"read": "flag", "key": "args.a", "when": "args.b != 'make'", "as": "found"}
    change: dict[str, Any] = {
        "update": "flag", "key": "args.a", "set": {"colours": ["red"]}, "when": "args.b == 'change'", "as": "changed"
    }  # fmt: skip
    drop: dict[str, Any] = {"delete": "flag", "key": "args.a", "when": "args.b == 'delete'"}
    return acting(tmp_path, make, find, change, drop)


def ask(sessions: Sessions, session_id: str, key: str, what: str) -> Observation:
    return asyncio.run(sessions.open(session_id).call(Call("act", {"a": key, "b": what})))


@pytest.mark.parametrize(("normal", "other"), LOOKALIKES)
def test_a_new_key_is_in_normal_form_c_and_another_form_finds_nothing(
    sessions: Sessions, world: World, normal: str, other: str
) -> None:
    assert is_normal(normal)
    assert not is_normal(other)
    sessions.create(world, session_id="quay")
    refused = ask(sessions, "quay", f"flag {other}", "make")
    assert refused.is_error
    assert refused.text == f"flag 'flag {other}': a key is in Unicode normal form C; write its letters composed"
    assert not ask(sessions, "quay", f"flag {normal}", "make").is_error
    assert ask(sessions, "quay", f"flag {other}", "find").status == 404
    assert ask(sessions, "quay", f"flag {other}", "make").is_error
    assert not ask(sessions, "quay", f"flag {normal}", "find").is_error


def test_a_reference_in_another_form_is_told_why_it_finds_nothing(sessions: Sessions, world: World) -> None:
    session = sessions.create(world)
    done(session, "act", a="é", b="make")
    ship = {"id": "S-9", "name": "Dora", "yard": "Leith", "flag_ids": ["e\u0301"]}
    (found,) = check(world, session.view(), StateDelta((Change("create", "ship", "S-9", None, ship),)))
    assert found.message == "'flag_ids': there is no flag 'e\u0301', which is not in Unicode normal form C"


def test_a_row_that_has_another_key_already_can_be_changed_and_deleted(ground: Ground) -> None:
    ground.commit(("flag", "create", {"id": "e\u0301", "colours": []}))
    session = ground.sessions.open("trunk")
    before = session.view().get("flag", "e\u0301")
    for change in (
        Change("update", "flag", "e\u0301", before, {"id": "e\u0301", "colours": ["red"]}),
        Change("delete", "flag", "e\u0301", before, None),
    ):
        assert check(session.world, session.view(), StateDelta((change,))) == []


def test_a_seed_row_with_a_key_in_another_form_is_refused_at_its_place(tmp_path: Path) -> None:
    seed = load_world(HARBOUR).model_dump(mode="json", by_alias=True)["packs"][0]["seed"]
    seed["flag"].append({"id": "e\u0301", "colours": []})
    with pytest.raises(LoadError) as caught:
        load_pack(write_pack(tmp_path, seed=seed))
    (problem,) = caught.value.problems
    assert str(problem).endswith("a key is in Unicode normal form C, 'e\u0301' is not; write its letters composed")
    assert f"/seed/flag/{len(seed['flag']) - 1}/id" in str(problem)


def test_an_id_pattern_in_another_form_is_refused(tmp_path: Path) -> None:
    entities = load_world(HARBOUR).model_dump(mode="json", by_alias=True)["packs"][0]["entities"]
    entities["flag"]["id"] = "e\u0301-{n}"
    with pytest.raises(LoadError) as caught:
        load_pack(write_pack(tmp_path, entities=entities))
    assert "id pattern 'e\u0301-{n}' is not in Unicode normal form C; write its letters composed" in str(caught.value)
