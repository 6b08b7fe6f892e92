"""`mcp-sim learn` as people call it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from mcp_sim.sessions import Sessions
from schemas.load import load_world
from schemas.types import Call
from store.db import Database
from tests.learn.service import recorded, rows

HIRE: dict[str, Any] = {
    "name": "hire_boat",
    "description": "Hire a boat {by the hour}.",
    "inputSchema": {
        "type": "object",
        "required": ["boat_id", "purse_id", "hours"],
        "properties": {
            "boat_id": {"type": "string", "description": "Which."},
            "purse_id": {"type": "string"},
            "hours": {"type": "integer", "minimum": 1},
        },
    },
}
WEATHER: dict[str, Any] = {
    "name": "weather",
    "inputSchema": {"type": "object"},
    "outputSchema": {"type": "object", "required": ["wind"], "properties": {"wind": {"type": "integer"}}},
}


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A list of three tools, of which one has no name that a tool may have."""
    path = tmp_path / "tools.json"
    path.write_text(json.dumps({"tools": [HIRE, WEATHER, {"name": "bad name", "inputSchema": {"type": "object"}}]}))
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Calls of a small service as JSON Lines."""
    path = tmp_path / "calls.jsonl"
    lines = [
        {
            "trajectory_id": call.trajectory,
            "call_index": call.index,
            "tool": call.tool,
            "kind": call.kind,
            "arguments": call.arguments,
            "observation": call.text,
            "is_error": call.is_error,
        }
        for call in recorded(range(40))
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_a_twin_is_written_as_a_pack_that_loads_and_predicts_the_recording(
    run: Any, recording: Path, tmp_path: Path
) -> None:
    data, out, numbers = tmp_path / "rows.json", tmp_path / "twin", tmp_path / "numbers.json"
    data.write_text(json.dumps(rows()))

    done = run("learn", "--name", "boats", "--out", str(out), "--data", str(data), "--traces", str(recording))

    assert done.status == 0, done.err
    assert "5 tools" in done.out
    assert set(load_world(out).tools) == {call.tool for call in recorded(range(40))}
    assert run("bench", str(out), "--traces", str(recording), "--json", str(numbers)).status == 0
    assert json.loads(numbers.read_bytes())["closed_loop"]["exact"] >= 0.97


def test_without_anything_to_learn_from_it_says_what_is_missing(run: Any, tmp_path: Path) -> None:
    done = run("learn", "--name", "boats", "--out", str(tmp_path / "twin"))
    assert done.status == 1
    assert "--tools FILE" in done.err
    assert "--traces FILE" in done.err


def test_a_list_of_tools_alone_is_a_pack_whose_answers_are_made_up(run: Any, tools: Path, tmp_path: Path) -> None:
    out = tmp_path / "twin"

    done = run("learn", "--name", "boats", "--out", str(out), "--tools", str(tools))

    assert done.status == 0, done.err
    assert "tool 'bad name' is set aside: the name of a tool is" in done.err
    world = load_world(out)
    assert list(world.tools) == ["hire_boat", "weather"]
    assert world.tools["hire_boat"].description == "Hire a boat {by the hour}."
    assert world.tools["hire_boat"].input_schema == HIRE["inputSchema"]
    assert world.tools["hire_boat"].output_schema is None
    assert world.tools["weather"].output_schema == WEATHER["outputSchema"]
    called = run("call", str(out), "weather", "{}")
    assert (called.status, set(json.loads(called.out))) == (0, {"wind"})
    session = Sessions(Database("sqlite://")).create(world)
    step = asyncio.run(session.step(Call("hire_boat", {"boat_id": "B001", "purse_id": "p", "hours": 1})))
    assert not step.observation.is_error
    assert any("made up" in note for note in step.notes)


def test_learned_effects_stand_under_the_declared_schemas(
    run: Any, recording: Path, tools: Path, tmp_path: Path
) -> None:
    data, out = tmp_path / "rows.json", tmp_path / "twin"
    data.write_text(json.dumps(rows()))

    done = run(
        "learn", "--name", "boats", "--out", str(out), "--tools", str(tools), "--data", str(data), "--traces", str(recording)
    )  # fmt: skip

    assert done.status == 0, done.err
    world = load_world(out)
    assert list(world.tools) == ["hire_boat", "weather"]
    hire = world.tools["hire_boat"]
    assert (hire.description, hire.input_schema) == ("Hire a boat {by the hour}.", HIRE["inputSchema"])
    assert hire.effect is not None
    assert hire.effect.confidence > 0.5
    assert world.tools["weather"].effect is None
    assert "get_boat" in json.loads((out / "report.json").read_bytes())["left_out"]


def test_a_file_that_holds_no_rows_is_named(run: Any, recording: Path, tmp_path: Path) -> None:
    broken = tmp_path / "rows.json"
    broken.write_text('{"boats": [')
    done = run(
        "learn", "--name", "boats", "--out", str(tmp_path / "twin"), "--data", str(broken), "--traces", str(recording)
    )
    assert done.status == 1
    assert str(broken) in done.err.replace("\n", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--traces", "nowhere.jsonl"], "--traces nowhere.jsonl: there is no such file"),
        (["--data", "nowhere.csv"], "--data nowhere.csv: there is no such file"),
        (["--tools", "FILE"], "FILE:1: tool '' is set aside: a definition is a JSON object"),
        (["--traces", "FILE"], "FILE: nothing in it is one of: a trace"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(run: Any, words: list[str], said: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text('{"tools": [')
    given = [word.replace("FILE", str(broken)) for word in words]

    done = run("learn", "--name", "boats", "--out", str(tmp_path / "twin"), *given)

    assert done.status == 1
    assert said.replace("FILE", str(broken)) in done.err.replace("\n", "")
    assert not (tmp_path / "twin").exists()


def test_a_pack_is_written_into_a_folder_alone(run: Any, recording: Path) -> None:
    done = run("learn", "--name", "boats", "--out", str(recording), "--traces", str(recording))
    assert done.status == 1
    assert "this is a file; name a folder" in done.err.replace("\n", " ")
