"""`mcp-sim bench` as people call it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from mcp_sim.sessions import Sessions
from schemas.types import World
from tests.running import HARBOUR, Running


@pytest.fixture
def trace(sessions: Sessions, harbour: World, tmp_path: Path) -> Path:
    """A session of the harbour as a trace."""
    running = Running(sessions, harbour)
    reading = next(name for name, tool in harbour.tools.items() if tool.effect and not tool.writes)
    for arguments in ({}, {"nonsense": 1}):
        running.ask(reading, **arguments)
    path = tmp_path / "trace.jsonl"
    path.write_bytes(running.trace())
    return path


def test_a_world_predicts_its_own_trace_exactly(run: Any, trace: Path, tmp_path: Path) -> None:
    out, page = tmp_path / "out.json", tmp_path / "page.html"

    done = run("bench", str(HARBOUR), "--traces", str(trace), "--json", str(out), "--html", str(page))

    assert done.status == 0, done.err
    found = json.loads(out.read_bytes())
    assert (found["teacher_forced"]["exact"], found["closed_loop"]["exact"], found["closed_loop"]["calls"]) == (1, 1, 2)
    assert "Closed loop" in done.out
    assert "Nothing: every answer is exact." in page.read_text()


def test_what_cannot_be_read_is_told_and_the_rest_measured(run: Any, trace: Path) -> None:
    with trace.open("ab") as file:
        file.write(b"\n{broken\n" * 7)

    done = run("bench", str(HARBOUR), "--traces", str(trace))

    assert done.status == 0
    told = " ".join(done.err.split())
    assert told.count("not a step of a trace; left out") == 5
    assert "and 2 more like these" in told


def test_answers_can_be_left_out(run: Any, tmp_path: Path) -> None:
    calls = [
        {"tool": "x", "arguments": {}, "observation": text, "is_error": False} for text in ("fine", "503 Unavailable")
    ]
    path, out = tmp_path / "calls.jsonl", tmp_path / "out.json"
    path.write_bytes(b"\n".join(map(orjson.dumps, calls)))

    run("bench", "shop", "--traces", str(path), "--leave-out", "^503 ", "--json", str(out))

    assert json.loads(out.read_bytes())["closed_loop"]["calls"] == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--traces", "TRACE", "--domain", "other"], "there is no recorded call of the domain 'other' in TRACE"),
        (["--traces", "missing.jsonl"], "[Errno 2] No such file or directory: 'missing.jsonl'"),
        (["--traces", "TRACE", "--leave-out", "("], "'(' is no regular expression: missing ), unterminated subpattern"),
        (["--traces", "TRACE", "--json", "no/such/folder.json"], "no/such/folder.json cannot be written"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(run: Any, trace: Path, arguments: list[str], complaint: str) -> None:
    done = run("bench", str(HARBOUR), *[str(trace) if part == "TRACE" else part for part in arguments])

    assert done.status == 1
    assert "Traceback" not in done.err
    assert complaint in " ".join(done.err.split()).replace(str(trace), "TRACE")
