"""`mcp-sim serve --mode`: each mode as a process, between a client and a real server that is a process as well."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError

from tests.cli.running import Run
from tests.traffic.test_upstream import ROGUE

SERVER = shlex.join(ROGUE.command)
TWIN = str(Path(__file__).parent / "twin.yaml")
Asked = tuple[str, dict[str, Any]]


def talk(*asked: Asked, options: list[str]) -> list[Any]:
    """What `mcp-sim serve --stdio` says to these calls: the structured answer, else the text."""

    async def all_of_it() -> list[Any]:
        arguments = ["-m", "mcp_sim", "serve", *options, "--stdio"]
        server = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))
        said: list[Any] = []
        async with Client(server) as client:
            for tool, given in asked:
                try:
                    result = await client.session.call_tool(tool, given)
                except MCPError as error:
                    said.append(error.error.message)
                else:
                    said.append(result.structured_content or result.content[0].text)  # type: ignore[union-attr]
        return said

    return asyncio.run(all_of_it())


SESSION: list[Asked] = [
    ("start_over", {}),
    ("add_note", {"id": "N-2", "title": "Feed the cat"}),
    ("pin_note", {"id": "N-2"}),
    ("get_note", {"id": "N-2"}),
    ("count_notes", {}),
]


def test_what_was_captured_is_replayed_and_what_differs_is_told(pinboard_url: str, tmp_path: Path) -> None:
    recording, differences = tmp_path / "notes.jsonl", tmp_path / "diff.json"
    upstream = ["--upstream", pinboard_url]
    captured = talk(*SESSION, options=["--mode", "capture", *upstream, "--record", str(recording)])
    assert captured[3:] == [{"id": "N-2", "title": "Feed the cat", "pins": 1}, "2 notes"]
    replayed = talk(*SESSION, ("pin_note", {"id": "N-3"}), options=["--mode", "replay", "--traces", str(recording)])
    assert replayed[:5] == captured
    assert replayed[5].startswith("Replay: pin_note(id='N-3') was not recorded in this state; nearest is pin_note(id=")
    compared = talk(*SESSION, options=[TWIN, "--mode", "diff", *upstream, "--report", str(differences)])
    assert compared == captured
    summary = json.loads(differences.read_text())
    assert summary["by_tool"]["pin_note"]["fields"] == {"structured/pins": 1, "text": 1}
    assert (summary["calls"], summary["differing"]) == (5, 3)
    spied = talk(*SESSION, options=[TWIN, "--mode", "spy", *upstream, "--confidence", "0.96"])
    assert spied == captured


def test_a_server_that_is_started_by_its_command_is_captured(tmp_path: Path) -> None:
    recording = tmp_path / "rogue.jsonl"
    said = talk(
        ("ask", {}),
        ("die", {}),
        ("ask", {}),
        options=["--mode", "capture", "--upstream", SERVER, "--record", str(recording)],
    )
    assert (said[0], said[2]) == ({"id": "N-1"}, {"id": "N-1"})
    assert "ended the connection during 'die' (it ended with status 3)" in said[1]
    assert recording.read_text().count("\n") == 3


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--mode", "capture"], "--mode capture needs a real service: name it with --upstream COMMAND-OR-URL"),
        (
            ["--mode", "capture", "--upstream", "x"],
            "--mode capture needs a place for what it hears: name it with --record",
        ),
        (["--mode", "replay"], "--mode replay needs what was recorded: name it with --traces FILE"),
        (["--mode", "spy", "--upstream", "x"], "--mode spy sets a world beside a real service: name it"),
        (["shop", "--mode", "capture", "--upstream", "x", "--record", "y"], "--mode capture takes its tools from"),
        (["--upstream", "x"], "--upstream says nothing in the mode simulate; leave it out"),
        (["shop", "--mode", "diff", "--upstream", "x", "--budget", "3"], "--budget says nothing in the mode diff"),
        (
            ["shop", "--mode", "diff", "--upstream", "x", "--profile", "slow"],
            "--profile is for a simulation; leave it out",
        ),
        (["--mode", "replay", "--traces", "/no/such/file"], "[Errno 2] No such file or directory"),
        (["shop", "--mode", "diff", "--upstream", "no-such-program"], "'no-such-program' cannot be started"),
    ],
)
def test_options_that_do_not_belong_together_are_refused_before_anything_starts(
    command: Run, options: list[str], sentence: str
) -> None:
    assert command("serve", *options).complaint.startswith(sentence)


def test_a_recording_is_never_written_over(command: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text("mine\n")
    told = command("serve", TWIN, "--mode", "diff", "--upstream", SERVER, "--record", path).complaint
    assert told == f"{path} holds a recording already; name another file with --record"
    assert path.read_text() == "mine\n"


def test_the_tools_of_a_live_server_are_learned(command: Run, tmp_path: Path) -> None:
    done = command("learn", "--name", "board", "--out", tmp_path / "board", "--from-mcp", SERVER)
    assert done.status == 0, done.err
    assert "6 tools" in done.out
