"""`mcp-sim worldmodel check`: a few questions, and a verdict."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from mcp_sim.cli.app import app
from tests.worldmodel.conftest import Serve

SHIPS = {
    "SH-0001": {"name": "Skylark", "flag": "white", "tonnes": 400, "passed_at": "2030-02-27T05:10:00Z"},
    "SH-0002": {"name": "Gannet", "flag": "red", "tonnes": 1250, "passed_at": "2030-02-28T21:45:00Z"},
    "SH-0003": {"name": "Old Marten", "flag": "blue", "tonnes": None, "passed_at": "2030-03-01T03:30:00Z"},
}


def keeper(messages: list[dict[str, Any]]) -> str:
    """A world model as it should be."""
    asked = messages[-1]["content"]
    call = json.loads(asked[asked.rindex("```json\n") + 8 : asked.rindex("\n```")])
    match call["name"]:
        case "describe_ship":
            ship = call["arguments"]["id"]
            return json.dumps({"ship": {"id": ship, **SHIPS[ship]}, "words": "She went by in the dark."})
        case "ships_to_watch":
            return json.dumps({"ship_ids": ["SH-0003"], "reason": "Her lights were out."})
        case _:
            ship = {"id": "new", **call["arguments"], "passed_at": "2030-03-01T18:01:00Z"}
            return json.dumps({"observation": ship, "changes": [{"op": "create", "entity": "ship", "row": ship}]})


def check(url: str, *options: str) -> Any:
    return CliRunner().invoke(app, ["worldmodel", "check", url, *options], catch_exceptions=False)


def test_a_good_model_passes_every_probe(serve: Serve) -> None:
    done = check(serve(answer=keeper).url, "--json")
    assert done.exit_code == 0
    assert [probe["passed"] for probe in json.loads(done.stdout)] == [True] * 7


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("I am an AI language model and cannot simulate a lighthouse.", "no answer could be used"),
        ('{"error": "no"}', "it answered with an error: no"),
    ],
)
def test_a_model_that_is_none_cannot_serve(serve: Serve, said: str, told: str) -> None:
    done = check(serve(said).url)
    assert done.exit_code == 1
    assert told in done.stdout
    assert "It cannot serve as a world model yet." in done.stdout
