"""`mcp-sim export`: recordings in, a data set out, and what is lost is told."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from store.raw import RawStore, ingest
from store.traces.importers import read_runs
from tests.cli.running import Run


def recorded(folder: Path, **given: object) -> Path:
    lines = [
        {
            "trajectory_id": f"t{n % 2}",
            "tool": "look",
            "arguments": {"n": n},
            "observation": f"boat {n}",
            "is_error": n == 3,
            **given,
        }
        for n in range(6)
    ]
    path = folder / "calls.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    return path


@pytest.mark.parametrize("name", ["jsonl", "openai", "sharegpt", "atif"])
def test_a_recording_becomes_a_data_set(run: Run, tmp_path: Path, name: str) -> None:
    done = run("export", recorded(tmp_path), "--to", name, "--out", tmp_path / "out")

    assert done.status == 0, done.err
    assert "2 runs with 6 calls" in done.err
    assert [len(one.calls) for one in read_runs(tmp_path / "out")] == [3, 3]
    assert ("call.is_error" in done.out) == (name in ("openai", "sharegpt"))


def test_secrets_do_not_go_out(run: Run, tmp_path: Path) -> None:
    token = "ghp_" + "a1B2c3D4e5" * 4
    done = run("export", recorded(tmp_path, observation=f"use {token}"), "--to", "jsonl", "--out", tmp_path / "out")

    assert "Taken out: 6 github-token" in done.err
    assert token not in (tmp_path / "out").read_text()


def test_a_store_of_raw_events_is_exported(run: Run, tmp_path: Path) -> None:
    with RawStore(tmp_path / "raw.db") as raw:
        ingest(raw, [recorded(tmp_path)], tell=print)

    done = run("export", tmp_path / "raw.db", "--to", "jsonl", "--out", tmp_path / "out")

    assert (done.status, "Nothing is lost" in done.err) == (0, True)


def test_the_world_model_learns_the_answers(run: Run, tmp_path: Path) -> None:
    run("export", recorded(tmp_path), "--to", "openai", "--out", tmp_path / "out", "--perspective", "world_model")

    first = orjson.loads((tmp_path / "out").read_bytes().splitlines()[0])["messages"]
    assert [message["role"] for message in first[:2]] == ["user", "assistant"]
    assert first[1]["content"].endswith("boat 0")


def test_what_cannot_be_exported_is_told_in_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    (tmp_path / "folder").mkdir()
    cases = {
        ("gone", "out"): "there is no recorded call in",
        ("empty", "out"): "there is no recorded call in",
        ("calls.jsonl", "folder"): "cannot be written",
    }
    recorded(tmp_path)
    for (source, out), told in cases.items():
        done = run("export", tmp_path / source, "--to", "jsonl", "--out", tmp_path / out)
        assert (done.status, told in done.err, "Traceback" in done.err) == (1, True, False), done.err
