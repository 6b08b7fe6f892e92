"""The options that connect a world model: --worldmodel, --model, --recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import Run
from tests.worldmodel.adversary import Adversary, Fault

NOWHERE = "http://127.0.0.1:9"
ESTIMATE = ("call", "shop", "estimate_delivery", '{"warehouse_id": "WH-01", "country": "AT"}')
SAID = {"warehouse_id": "WH-01", "country": "AT", "carrier": "gull_post", "days": 2, "remark": "Snow on the pass."}


@pytest.fixture(autouse=True)
def _no_world_model(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MCP_SIM_WORLDMODEL", "MCP_SIM_MODEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Adversary]:
    """Says `SAID` to whoever wants no schema kept, as `plain` asks it to."""
    with Adversary(answer=lambda _: json.dumps(SAID)) as server:
        (tmp_path / "plain.yaml").write_text(f"urls: [{server.url}]\nstructured: false\ntries: 1\n")
        yield server


@pytest.fixture
def plain(server: Adversary, tmp_path: Path) -> Path:
    """A file of settings for the server."""
    return tmp_path / "plain.yaml"


def test_a_call_is_answered_by_the_server(run: Run, server: Adversary, plain: Path) -> None:
    done = run(*ESTIMATE, "--worldmodel", plain)
    assert (done.json, done.err) == (SAID, "")
    assert len(server.requests) == 1


def test_a_url_is_enough_and_the_schema_is_kept(run: Run, server: Adversary) -> None:
    done = run(*ESTIMATE, "--worldmodel", server.url, "--model", "adversary")
    assert done.json.keys() == SAID.keys()
    assert server.requests[0]["response_format"]["type"] == "json_schema"


def test_the_environment_names_servers_too(run: Run, server: Adversary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCP_SIM_WORLDMODEL", f"{NOWHERE} {server.url}")
    run(*ESTIMATE)
    assert server.requests


@pytest.mark.parametrize("command", ["call", "serve"])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--worldmodel", "ftp://a"), "'ftp://a' is not a URL of a server; e.g. http://127.0.0.1:8801"),
        (("--worldmodel", "localhost:8801"), "'localhost:8801' is neither a URL such as"),
        (("--worldmodel", "wrong.yaml"), "wrong.yaml: urlz: there is no such setting (did you mean 'urls'?)"),
        (("--worldmodel", "wrong.yaml", "--worldmodel", NOWHERE), "'wrong.yaml' is not a URL of a server"),
        (("--worldmodel", "empty.yaml"), "empty.yaml names no server"),
        (("--model", "adversary"), "--model says which model of a server to ask; --worldmodel URL says where"),
        (("--recorded", "missing.jsonl"), "--recorded missing.jsonl: No such file or directory"),
        (("--recorded", "."), "--recorded .: Is a directory"),
        (("--recorded", "wrong.yaml"), "--recorded wrong.yaml: line 1: not the header of a trace"),
        (("--recorded", "binary"), "--recorded binary: line 1: not the header of a trace"),
        (("--recorded", "bad-world.jsonl"), "--recorded bad-world.jsonl: "),
        (("--recorded", "bad-header.jsonl"), "--recorded bad-header.jsonl: "),
        (("--recorded", "bad-step.jsonl"), "--recorded bad-step.jsonl: line 2: not a step"),
    ],
)
def test_a_wrong_option_is_told_in_one_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, options: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.yaml").write_text("urlz: [http://a]\n")
    (tmp_path / "empty.yaml").write_text("model: x\n")
    (tmp_path / "binary").write_bytes(b"\xff\x00\n\n")
    header = {"format": "mcp-sim/trace", "version": 1, "seed": 0}
    world = {"name": "w", "packs": [{"name": "p"}]}
    (tmp_path / "bad-header.jsonl").write_text(json.dumps(header) + "\n")
    (tmp_path / "bad-world.jsonl").write_text(json.dumps({**header, "world": {**world, "packs": 5}}) + "\n")
    (tmp_path / "bad-step.jsonl").write_text(json.dumps({**header, "world": world}) + "\n{}\n")
    complaint = run(*(ESTIMATE if command == "call" else ("serve", "shop")), *options).complaint
    assert complaint.startswith(told)


def test_a_call_without_a_server_says_so_and_is_made_up(run: Run) -> None:
    done = run(*ESTIMATE, "--worldmodel", NOWHERE)
    assert done.json.keys() == SAID.keys()
    assert done.err.startswith(f"The world model does not answer yet: {NOWHERE}/v1 gives no connection")
    assert "Until it does, its tools are made up." in done.err


def test_a_wrong_model_name_is_told_with_the_nearest_one(run: Run, server: Adversary) -> None:
    done = run(*ESTIMATE, "--worldmodel", server.url, "--model", "adversery")
    assert done.status == 0
    assert "no server offers the model 'adversery' (did you mean 'adversary'?); offered: adversary." in done.err


def test_a_server_that_refuses_is_told_and_the_call_is_made_up(run: Run, server: Adversary, plain: Path) -> None:
    server.next(*[Fault.SERVER_ERROR] * 3)
    done = run(*ESTIMATE, "--worldmodel", plain)
    assert done.json.keys() == SAID.keys()
    assert done.json != SAID


def test_what_a_trace_recorded_is_said_again_without_a_server(
    run: Run, server: Adversary, plain: Path, tmp_path: Path
) -> None:
    db, trace = tmp_path / "sim.db", tmp_path / "trace.jsonl"
    assert run(*ESTIMATE, "--worldmodel", plain, "--session", "first", "--db", db).json == SAID
    assert run("trace", "first", "--out", trace, "--db", db).status == 0
    server.stop()
    assert run(*ESTIMATE, "--recorded", trace).json == SAID
    other = run(*ESTIMATE[:3], '{"warehouse_id": "WH-01", "country": "DE"}', "--recorded", trace)
    assert other.json.keys() == SAID.keys()
    assert other.json != SAID


def test_a_server_starts_without_its_world_model_and_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mcp_sim", "serve", "shop", "--stdio", "--worldmodel", NOWHERE]
    done = subprocess.run(
        [*command, "--db", str(tmp_path / "sim.db")], input="", capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == ""
    assert done.stderr.startswith(f"The world model does not answer yet: {NOWHERE}/v1 gives no connection")
    assert "Traceback" not in done.stderr
