"""The benchmarks run, say what did not, and leave nothing running. What they measure is not judged here."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import orjson
import pytest
import yaml
from typer.testing import CliRunner

from mcp_sim.http.operation import operations
from schemas.load import load_world
from tests.benchmarks import packages
from tests.benchmarks.__main__ import app
from tests.benchmarks.peers.base import DOCUMENT
from tests.benchmarks.peers.mcp_sim import WORLD
from tests.benchmarks.process import NotRunning, free_port, serving

TWO_PROCESSES_ONE_PORT = """
import os, socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
os.fork()
time.sleep(60)
"""


def test_a_quick_run_prints_what_a_call_costs_beside_the_bare_sdk(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    outcome = CliRunner().invoke(app, ["--quick", "--only", "floor", "--json", str(found)])
    assert outcome.exit_code == 0, outcome.output
    for name in ("bare SDK, trivial tool", "mcp-sim, effect read", "mcp-sim, effect create"):
        assert name in outcome.output
    rows = orjson.loads(found.read_bytes())["floor"]
    assert all(row["cpu"] > 0 and row["crowd_p99"] >= row["crowd_p50"] > 0 for row in rows)


def test_a_quick_run_prints_what_size_and_depth_cost(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    outcome = CliRunner().invoke(app, ["--quick", "--only", "memory", "--json", str(found)])
    assert outcome.exit_code == 0, outcome.output
    rows = orjson.loads(found.read_bytes())["memory"]
    assert {"first read in a branch", "committed engine write"} <= {row["name"] for row in rows}


def test_a_quick_run_prints_what_a_world_model_costs_beside_the_same_server_asked_directly(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    outcome = CliRunner().invoke(app, ["--quick", "--only", "worldmodel", "--json", str(found)])
    assert outcome.exit_code == 0, outcome.output
    rows = orjson.loads(found.read_bytes())
    assert rows["worldmodel cost"]["every_call"]["prompt"] > rows["worldmodel cost"]["ours"]["prompt"] > 0
    assert [load["connections"] for load in rows["worldmodel overhead"]["loads"]] == [1, 8, 32]
    assert all(len(load["direct"]) == load["first_tries"] > 0 for load in rows["worldmodel overhead"]["loads"])
    assert rows["worldmodel horizon"]["shown"] > 0 == len(rows["worldmodel horizon"]["violations"])


def test_a_world_model_that_is_not_there_is_named_and_the_run_fails() -> None:
    outcome = CliRunner().invoke(app, ["--quick", "--only", "worldmodel", "--worldmodel", "http://127.0.0.1:9"])
    assert outcome.exit_code == 1
    assert "Did not run: what a world model costs: http://127.0.0.1:9" in outcome.output


def test_a_run_whose_servers_cannot_be_fetched_says_so_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise packages.Missing("'npm' is not installed")

    monkeypatch.setattr(packages, "install", fail)
    outcome = CliRunner().invoke(app, ["--only", "checks", "--peer", "json-server"])
    assert outcome.exit_code == 1
    assert "Did not run: the servers beside mcp-sim: 'npm' is not installed" in outcome.output


def test_a_server_that_ends_at_once_is_named_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such world')"]
    with pytest.raises(NotRunning, match="no such world"), serving(command, tmp_path, free_port()):
        pass


def test_a_server_and_its_children_end_when_the_measurement_fails(tmp_path: Path) -> None:
    port = free_port()
    with (
        pytest.raises(ZeroDivisionError),
        serving([sys.executable, "-c", TWO_PROCESSES_ONE_PORT, str(port)], tmp_path, port),
    ):
        raise ZeroDivisionError
    # By the command lines, not by the port: another process may have been given the port meanwhile.
    running = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            running.append(path.read_bytes())
    assert not [line for line in running if b"os.fork()" in line and str(port).encode() in line]


def test_the_pack_offers_what_the_document_asks_of_every_server() -> None:
    asked = {
        (method.upper(), path)
        for path, item in yaml.safe_load(DOCUMENT.read_text())["paths"].items()
        for method in item
        if method != "parameters"
    }
    offered = {(operation.http.method, operation.http.path) for operation in operations(load_world(str(WORLD)))}
    assert offered == asked
