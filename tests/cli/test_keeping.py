"""What `serve` keeps, and for how long."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mcp_sim.sessions import Sessions
from store.db import Database
from tests.cli.running import Run
from tests.running import HARBOUR


def test_serve_collects_expired_sessions_when_it_starts_and_says_so(file: Path) -> None:
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute("UPDATE session SET touched = '2020-01-01T00:00:00Z'")
    command = [sys.executable, "-m", "mcp_sim", "serve", str(HARBOUR), "--port", "0", "--db", str(file)]
    environment = {**os.environ, "MCP_SIM_KEEP_DAYS": "30", "MCP_SIM_MAX_DISK_MB": "500"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as server:
        assert server.stderr is not None
        said = server.stderr.readline().decode()
        server.terminate()
    assert said.partition(" ")[2] == "Collected 1 session, unused for 30 days or beyond 500 MB: quay\n"
    with closing(Database(f"sqlite:///{file}")) as database:
        assert [info.id for info in Sessions(database).list()] == ["default"]


@pytest.mark.parametrize(
    "option",
    [("--keep-days", "-1"), ("--keep-days", "soon"), ("--keep-days", "99999999999"), ("--max-disk-mb", "0")],
)
def test_bounds_that_make_no_sense_are_refused(run: Run, option: tuple[str, str]) -> None:
    refused = run("serve", *option)
    assert refused.status == 2
    assert option[0] in refused.err
