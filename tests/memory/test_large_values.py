"""Values of 10 MB: kept to the last character wherever a row may hold them, or refused in one sentence."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from mcp_sim.sessions import Sessions
from schemas.canonical import canonical
from schemas.types import Call, Change, Observation, Row, StateDelta, Step, World
from store import sessions as stored
from store.db import Database
from store.errors import DeltaRejected
from store.integrity import check
from store.timeline import Timeline
from tests.memory.audit import audit

MEGABYTE = 2**20


def text(megabytes: int) -> str:
    """What every notation has to write in another way."""
    return '"\\\n\t\x01' * (megabytes * MEGABYTE // 10)


VALUES: dict[str, Callable[[int], Any]] = {
    "a text of escapes": text,
    "a text": lambda megabytes: "x" * (megabytes * MEGABYTE),
    "a text that no database can make smaller": lambda megabytes: random.Random(1).randbytes(megabytes * 2**19).hex(),
    "a text of other alphabets": lambda megabytes: "Größe 😀 " * (megabytes * MEGABYTE // 13),
    "a list": lambda megabytes: [{"n": n, "part": [n / 7, None, True]} for n in range(megabytes * MEGABYTE // 50)],
    "a deep list": lambda megabytes: [[[["x" * 1000] * 10] * 10] * 10] * megabytes,
}
TEN = [1, pytest.param(10, marks=pytest.mark.slow)]


def pack(seed: list[Row]) -> World:
    """Notes that refer to notes, with one field for each rule, found by their tag."""
    entity = {
        "schema": {"type": "object", "properties": {"id": {"type": "string"}, "tag": {"type": ["string", "null"]}}},
        "references": {"to": {"to": "note", "on_delete": "set-null"}, "lines.to": {"to": "note", "on_delete": "set-null"}},
        "unique": [["title"]],
        "immutable": ["fixed"],
    }  # fmt: skip
    find = {"input": {"type": "object", "properties": {"tag": {}}}, "effect": {"steps": [{"list": "note", "match": {"tag": "{args.tag}"}}]}}  # fmt: skip
    parts = {"name": "notes", "entities": {"note": entity}, "tools": {"find": find}, "seed": {"note": seed}}
    return World.model_validate({"name": "notes", "packs": [parts]})


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with closing(Database(url)) as database:
        yield database


def begin(database: Database, seed: list[Row]) -> Timeline:
    world = pack(seed)
    stored.create(database, "one", world, 0)
    return Timeline(database, world, "one")


def faults(timeline: Timeline, *changes: Change) -> list[str]:
    return [found.message for found in check(timeline._world, timeline.view(Call("find", {})), StateDelta(changes))]


def commit(timeline: Timeline, *changes: Change) -> None:
    assert faults(timeline, *changes) == []
    call = Call("find", {})
    view = timeline.view(call)
    timeline.commit(Step(view.n, view.now, call, Observation(""), StateDelta(changes), "test", "test"), view, {})


def create(**row: Any) -> Change:
    return Change("create", "note", row["id"], None, row)


def test_a_text_of_ten_megabytes_is_kept_to_the_last_character(database: Database, url: str) -> None:
    _is_kept(database, url, text(10))


@pytest.mark.parametrize("megabytes", TEN)
@pytest.mark.parametrize("name", VALUES)
def test_a_large_value_is_kept_to_the_last_character(database: Database, url: str, name: str, megabytes: int) -> None:
    _is_kept(database, url, VALUES[name](megabytes))


def _is_kept(database: Database, url: str, value: Any) -> None:
    seeded = {"id": "a", "body": value, "fixed": 1, "to": None, "lines": []}
    changed = {**seeded, "to": "a"}
    timeline = begin(database, [seeded])
    commit(timeline, Change("update", "note", "a", seeded, changed), create(id="b", to="a"))
    fresh = Sessions(database)
    assert canonical(fresh.rows("one", at=0)["note"]) == canonical([seeded])
    assert canonical(fresh.rows("one")["note"]) == canonical([changed, {"id": "b", "to": "a"}])
    assert [path for _, path, _ in fresh.open("one").view().referrers("note", "a")] == ["to", "to"]
    assert sum(map(len, fresh.trace("one"))) > 2 * len(canonical(seeded))
    fresh.rewind("one", 0)
    assert canonical(fresh.rows("one")["note"]) == canonical([seeded])
    assert audit(url) == []


@pytest.mark.parametrize("megabytes", TEN)
def test_large_values_are_told_apart_by_their_last_character(database: Database, url: str, megabytes: int) -> None:
    value = text(megabytes)
    timeline = begin(database, [])
    commit(timeline, create(id="a", title=value, tag=value, fixed=value))
    (told,) = faults(timeline, create(id="b", title=value))
    assert told.startswith("a note with title '")
    assert len(told) < 200
    commit(timeline, create(id="b", title=f"{value}.", tag=f"{value}."))
    view = timeline.view(Call("find", {}))
    for row, tag in (("a", value), ("b", f"{value}.")):
        assert [found["id"] for found in view.query("note", {"tag": tag})] == [row]
        assert [found["id"] for found in view.stream("note", {"tag": tag})] == [row]
        assert view.count("note", {"tag": tag}) == 1
    before = view.get("note", "a")
    assert before is not None
    assert faults(timeline, Change("update", "note", "a", before, {**before, "fixed": f"{value}."})) == [
        "'fixed' of a note never changes"
    ]
    assert audit(url) == []


def test_a_key_or_reference_of_ten_megabytes_is_refused_in_one_sentence(database: Database) -> None:
    timeline = begin(database, [{"id": "a"}])
    huge = "x" * (10 * MEGABYTE)
    for change, expected in (
        (create(id=huge), "'id' has 1 to 256 characters"),
        (create(id="b", to=huge), f"'to': there is no note '{'x' * 97}…'"),
        (create(id="b", lines=[{"to": huge}]), f"'lines.to': there is no note '{'x' * 97}…'"),
    ):
        assert faults(timeline, change) == [expected]


@pytest.mark.parametrize("megabytes", TEN)
def test_the_database_refuses_by_itself_what_the_rules_refuse(database: Database, url: str, megabytes: int) -> None:
    title, huge = text(megabytes), "x" * (megabytes * MEGABYTE)
    timeline = begin(database, [{"id": "a", "title": title}])
    call = Call("find", {})
    for change in (create(id=huge), create(id="b", to=huge), create(id="b", title=title)):
        view = timeline.view(call)
        step = Step(view.n, view.now, call, Observation(""), StateDelta((change,)), "test", "test")
        with pytest.raises(DeltaRejected) as caught:
            timeline.commit(step, view, {})
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200
    assert timeline.query("note") == [{"id": "a", "title": title}]
    assert audit(url) == []
