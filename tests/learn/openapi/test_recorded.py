"""What recorded traffic tells beyond the spec, seen from the agent's side."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from mcp_sim.bench import Bench
from mcp_sim.learn.openapi import learn_api, learn_openapi
from mcp_sim.learn.openapi.recorded.history import Example
from mcp_sim.learn.openapi.recorded.templates import UNKNOWN, induced
from mcp_sim.learn.openapi.recorded.usual import Usual
from mcp_sim.learn.twin import Learned
from mcp_sim.sessions import Sessions
from schemas.recorded import RecordedCall
from schemas.types import World
from tests.learn.openapi.harbour import document, recorded
from tests.running import Running


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    path = tmp_path_factory.mktemp("spec") / "harbour.json"
    path.write_text(json.dumps(document()))
    return learn_api("harbour", learn_openapi(path), {}, lambda _: None, list(recorded(range(12))))


@pytest.fixture
def world(learned: Learned, sessions: Sessions) -> Running:
    return Running(sessions, World.model_validate({"name": "harbour", "packs": [learned.pack]}))


def test_a_new_row_has_what_the_service_adds_to_it(world: Running) -> None:
    made = world.done("createBerth", name="New", depth=4)

    assert made["state"] == "open"
    assert made["owner"] == {"id": 55, "name": "The Port"}
    assert (made["name"], made["depth"]) == ("New", 4)
    assert world.done("getBerth", berth_id=made["id"]) == made


def test_what_is_missing_is_told_in_the_words_of_the_service(world: Running) -> None:
    assert world.refused("getBerth", berth_id="nix") == '404 {"errors": ["No berth nix"]}'
    assert world.refused("bookBerth", berth_id="nix", nights=1) == '404 {"errors": ["No berth nix"]}'


def test_an_answer_is_made_of_arguments_and_of_what_is_always_the_same(world: Running) -> None:
    made = world.done("createBerth", name="New")

    assert world.done("bookBerth", berth_id=made["id"], nights=2) == {"berth": made["id"], "nights": 2, "paid": False}
    assert world.done("deleteBerth", berth_id=made["id"]) == {"deleted": made["id"], "ok": True}
    assert world.refused("getBerth", berth_id=made["id"]).startswith("404")


def test_the_real_status_is_learned(learned: Learned) -> None:
    assert learned.pack["tools"]["deleteBerth"]["effect"]["http"]["status"] == 202
    assert learned.pack["tools"]["createBerth"]["effect"]["http"]["status"] == 201


def test_what_the_service_took_is_taken_whatever_the_spec_says(world: Running) -> None:
    made = world.done("createBerth", name="New")

    assert world.done("bookBerth", berth_id=made["id"], nights=30)["nights"] == 30


def test_rows_that_nobody_created_were_there_before(world: Running) -> None:
    assert world.done("getBerth", berth_id="old")["state"] == "shut"


def test_a_condition_that_several_operations_share_holds_for_those_that_nobody_recorded(world: Running) -> None:
    early, late = "2024-02-01", "2024-02-09"

    for tool in ("tides", "winds", "waves"):
        assert world.refused(tool, **{"from": late, "to": early}) == '400 {"errors": ["from must be before to"]}'
        assert not world.ask(tool, **{"from": early, "to": late}).is_error
    assert world.done("tides", **{"from": early, "to": late}) == {"unit": "m", "from": early}


def test_arguments_that_are_not_valid_are_told_in_the_words_of_the_service(world: Running) -> None:
    said = world.refused("createBerth", name=7)

    assert json.loads(said.removeprefix("400 "))["errors"][0].startswith("Invalid arguments")


def test_a_tool_that_the_spec_lacks_answers_as_it_was_seen_to(world: Running) -> None:
    assert world.done("tug", ship="Ada") == {"pulls": True, "ship": "Ada"}


def test_the_twin_predicts_trajectories_that_it_has_not_seen(learned: Learned) -> None:
    world = World.model_validate({"name": "harbour", "packs": [learned.pack]})
    found = asyncio.run(Bench(world, recorded(range(40, 50))).run()).teacher_forced.total

    assert found.share("status") == found.share("code") == found.share("error_text") == 1
    assert (found.share("leaf_f1") or 0) > 0.8
    assert found.declined == 0


def test_the_report_says_what_recordings_told(learned: Learned) -> None:
    why = [one["why"] for one in learned.facts["evidence"] if one["item"] == "/tools/createBerth/effect"]

    assert "what 12 new rows have in common" in why


@pytest.mark.parametrize(
    ("pairs", "template"),
    [
        ([({"a": "xyz"}, {"b": "xyz"}), ({"a": "uvw"}, {"b": "uvw"})], {"b": "{args.a}"}),
        ([({}, {"n": 1234567}), ({}, {"n": 7654321})], {}),
        ([({}, {"n": 1234567, "ok": True})], {"ok": True}),
        ([({}, {"n": 1234567}), ({}, {"n": 1234567})], {"n": 1234567}),
        ([({"a": {"b": "k-12"}}, "no k-12"), ({"a": {"b": "k-34"}}, "no k-34")], "no {at(args, 'a', 'b')}"),
        ([({}, {"a": {}}), ({}, {"a": {}})], {"a": {}}),
        ([({}, 1), ({}, "1")], UNKNOWN),
        ([({}, "{x}"), ({}, "{x}")], "{{x}}"),
        ([({}, ["x", "y1"]), ({}, ["x", "y1"])], ["x", "y1"]),
        ([({"a": 55}, ["x", 55]), ({"a": 66}, ["x", 66])], ["x", "{args.a}"]),
        ([({}, {"n": 777 if n else 12345}) for n in range(5)], {"n": 777}),
        ([({}, {"n": 777 + n}) for n in range(5)], {}),
        ([({}, {"n": 777 if n < 3 else 12345}) for n in range(5)], {"n": 777}),
        ([({}, {"n": 777 if n < 2 else 12345}) for n in range(4)], {}),
        ([({}, {"ok": True} if n else {"no": "thing"}) for n in range(3)], {"ok": True}),
        ([({"a": 55}, [{"id": 55}]), ({"a": 66}, [{"id": 66}])], [{"id": "{args.a}"}]),
    ],
)
def test_what_values_have_in_common(pairs: Any, template: Any) -> None:
    assert induced(pairs) == template


def test_what_stands_under_a_name_everywhere_is_taken_for_what_it_is_after_one_look() -> None:
    owner = {"owner": {"id": 123456, "key": "k-77"}}
    seen = [_example(f"tool{n}", {"made": n, **owner}) for n in range(3)]

    assert induced([({}, owner)], usual=Usual(seen)) == owner
    assert induced([({}, {"owner": {"id": 99999}})], usual=Usual(seen)) == {}


def _example(tool: str, content: Any) -> Example:
    return Example(RecordedCall("t", 0, tool, {}, json.dumps(content), False, 200), {}, content)


def test_recorded_requests_of_a_har_archive_are_named_by_the_spec(run_learn: Any, tmp_path: Path) -> None:
    entries = [
        {
            "startedDateTime": "2024-01-01T00:00:00Z",
            "request": {
                "method": "DELETE",
                "url": "https://harbour.example/berths/b1",
                "headers": [],
                "queryString": [],
            },
            "response": {
                "status": 202,
                "content": {"mimeType": "application/json", "text": '{"ok": true}'},
                "headers": [],
            },
        }
    ]
    har = tmp_path / "traffic.har"
    har.write_text(
        json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}})
    )

    world = run_learn(document(), har)

    assert world.tools["deleteBerth"].effect.http.status == 202
