"""A start that is killed leaves a database that the next start uses, wherever it stood."""

from __future__ import annotations

import signal
from pathlib import Path

from .program import Program
from .rows import read_rows, read_sessions, read_steps

MORTAL = """
import os, signal, sqlite3.dbapi2, sys

beginning, left = sys.argv.pop(1), int(sys.argv.pop(1))
connect = sqlite3.dbapi2.connect

def count(statement):
    global left
    left -= statement.lstrip().startswith(beginning)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def watched(*arguments, **options):
    connection = connect(*arguments, **options)
    connection.set_trace_callback(count)
    return connection

sqlite3.dbapi2.connect = watched
from mcp_sim.cli import main
main()
"""
"""`mcp-sim`, but it dies before the n-th statement that begins like this."""

DEATHS = {
    "while the tables are made": ("CREATE TABLE", 5),
    "before the first row": ("BEGIN", 2),
    "while the seed rows are written": ("INSERT INTO version", 100),
    "when everything is written": ("COMMIT", 2),
}


def test_a_start_that_was_killed_four_times_over_ends_like_any_other(program: Program, tmp_path: Path) -> None:
    for moment, (beginning, n) in DEATHS.items():
        done = program.run("serve", "shop", "--stdio", program=["-c", MORTAL, beginning, str(n)])
        assert done.returncode == -signal.SIGKILL, (moment, done)
    assert "Continues" not in program.serve("shop").welcome
    with Program(tmp_path / "calm") as calm:
        calm.serve("shop")
        assert read_rows(program.database) == read_rows(calm.database)
        assert read_sessions(program.database) == {"default"}
        assert read_steps(program.database) == []
