"""What a twin takes over from a recorded service whose spec says less than it does: ids, refusals, rows that are there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mcp_sim.learn.openapi import learn_api, learn_openapi
from mcp_sim.sessions import Sessions
from schemas.recorded import RecordedCall
from schemas.types import World
from tests.learn.openapi.specs import answer, body, in_path, operation, ref
from tests.running import Running

KNOWN = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
PIER = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
GAUGE = {"type": "object", "properties": {"id": {"type": "string"}, "unit": {"type": "string"}}}
NEW = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "of": ref("Place")}}
PLACE = {
    "type": "object",
    "properties": {"side": {"type": "string", "enum": ["east", "west"]}, "depth": {"type": "integer"}},
}
PATHS: dict[str, Any] = {
    "/piers": {
        "post": operation("createPier", answer(ref("Pier"), 201), requestBody=body(ref("New"))),
        "get": operation("listPiers", answer({"type": "array", "items": ref("Pier")})),
    },
    "/piers/{pier_id}": {
        "get": operation("getPier", answer(ref("Pier")), in_path("pier_id")),
        "put": operation("changePier", answer(ref("Pier")), in_path("pier_id"), requestBody=body(ref("New"))),
        "delete": operation("deletePier", answer(None, 204), in_path("pier_id")),
    },
    "/piers/{pier_id}/gauges": {
        "post": operation("createGauge", answer(ref("Gauge"), 201), in_path("pier_id"), requestBody=body(ref("Gauge"))),
    },
    "/piers/{pier_id}/gauges/{gauge_id}": {
        "get": operation("getGauge", answer(ref("Gauge")), in_path("pier_id"), in_path("gauge_id")),
    },
}
Calls = Sequence[tuple[str, dict[str, Any], int, Any]]
Learn = Callable[[Calls], Running]


@pytest.fixture
def learned(tmp_path: Path, sessions: Sessions) -> Learn:
    """A running twin of the spec above, taught by one trajectory of (tool, arguments, status, body)."""

    def make(calls: Calls) -> Running:
        path = tmp_path / "piers.json"
        schemas = {"Pier": PIER, "New": NEW, "Place": PLACE, "Gauge": GAUGE}
        document = {"openapi": "3.0.0", "info": {"title": "Piers"}, "paths": PATHS, "components": {"schemas": schemas}}
        path.write_text(json.dumps(document))
        recorded = [
            RecordedCall("t", n, tool, given, json.dumps(content), status >= 400, status)
            for n, (tool, given, status, content) in enumerate(calls)
        ]
        pack = learn_api("piers", learn_openapi(path), {}, lambda _: None, recorded).pack
        return Running(sessions, World.model_validate({"name": "piers", "packs": [pack]}))

    return make


def test_ids_of_another_make_are_refused_otherwise_than_those_that_are_not_there(learned: Learn) -> None:
    twin = learned(
        [
            ("getPier", {"pier_id": "pier-one"}, 400, {"errors": ["pier_id must be a uuid"]}),
            ("getPier", {"pier_id": OTHER}, 404, {"errors": [f"Pier {OTHER} is not here"]}),
        ]
    )

    assert twin.refused("getPier", pier_id="x") == '400 {"errors": ["pier_id must be a uuid"]}'
    assert twin.refused("getPier", pier_id=KNOWN) == f'404 {{"errors": ["Pier {KNOWN} is not here"]}}'
    assert twin.refused("deletePier", pier_id="x").startswith("400")


def test_an_operation_that_nobody_recorded_names_the_key_that_it_was_asked_for(learned: Learn) -> None:
    twin = learned(
        [("changePier", {"pier_id": "p9", "name": "p9 again"}, 404, {"errors": ["No pier p9 (it is p9 that lacks)"]})]
    )

    assert twin.refused("deletePier", pier_id="p4") == '404 {"errors": ["No pier p4 (it is p4 that lacks)"]}'


def test_a_schema_gives_way_only_where_the_service_took_something_else(learned: Learn) -> None:
    twin = learned([("createPier", {"name": "A", "of": {"side": "north"}}, 201, {"id": "p1", "name": "A"})])

    assert not twin.ask("createPier", name="B", of={"side": "south"}).is_error
    assert "of/depth" in twin.refused("createPier", name="B", of={"side": "south", "depth": "deep"})
    assert "'name' is required" in twin.refused("createPier", of={"side": "east"})


def test_what_rows_a_list_shows_were_there_unless_they_had_just_been_made(learned: Learn) -> None:
    old, new = {"id": "p1", "name": "Old"}, {"id": "p2", "name": "New"}
    twin = learned([("createPier", {"name": "New"}, 201, new), ("listPiers", {}, 200, [old, new])])

    assert twin.done("getPier", pier_id="p1") == old
    assert twin.refused("getPier", pier_id="p2").startswith("404")


def test_where_things_below_unknown_ones_are_taken_those_that_nobody_recorded_are_asked_for_there(
    learned: Learn,
) -> None:
    made = {"id": "g1", "unit": "m"}
    calls: Calls = [
        ("createPier", {"name": "A"}, 201, {"id": "p1", "name": "A"}),
        ("createGauge", {"pier_id": "elsewhere", **made}, 201, made),
    ]

    assert learned(calls).refused("getGauge", pier_id="nowhere", gauge_id="g7") == "404 Gauge 'g7' not found"
    assert "Pier 'nowhere'" in learned(calls[:1]).refused("getGauge", pier_id="nowhere", gauge_id="g7")
