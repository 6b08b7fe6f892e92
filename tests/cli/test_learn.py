"""`mcp-sim learn` as people call it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.load import load_world
from tests.learn.service import recorded, rows


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


def test_without_recordings_it_says_what_is_missing(run: Any, tmp_path: Path) -> None:
    done = run("learn", "--name", "boats", "--out", str(tmp_path / "twin"))
    assert done.status == 1
    assert "--traces FILE" in done.err


def test_a_file_that_holds_no_rows_is_named(run: Any, recording: Path, tmp_path: Path) -> None:
    broken = tmp_path / "rows.json"
    broken.write_text('{"boats": [')
    done = run(
        "learn", "--name", "boats", "--out", str(tmp_path / "twin"), "--data", str(broken), "--traces", str(recording)
    )
    assert done.status == 1
    assert str(broken) in done.err.replace("\n", "")
