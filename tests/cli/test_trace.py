"""`mcp-sim trace`: the bytes of a session's trace, from a database or a server, to stdout or a file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mcp_sim.http import create_app
from mcp_sim.sessions import Sessions
from schemas.types import Call, World
from store.db import Database
from tests.cli.running import Place, Run
from tests.conformance.serving import serving

ODD = "line\u2028para\u2029next\x85tab\tend\x1c"


@pytest.fixture
def odd(tmp_path: Path, harbour: World) -> Path:
    """A database with a session whose trace holds every kind of line end inside a text."""
    path = tmp_path / "odd.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        session = Sessions(database).create(harbour, session_id="odd")
        asyncio.run(session.call(Call("build_ship", {"name": ODD, "yard": "Leith"})))
        asyncio.run(session.call(Call("list_ships", {})))
    return path


@pytest.fixture(params=["--db", "--url"])
def where(request: pytest.FixtureRequest, odd: Path) -> Iterator[Place]:
    if request.param == "--db":
        yield "--db", str(odd)
        return
    with closing(Database(f"sqlite:///{odd}")) as database, serving(create_app(Sessions(database), {})) as address:
        yield "--url", address


def trace_of(path: Path) -> bytes:
    with closing(Database(f"sqlite:///{path}")) as database:
        return b"".join(Sessions(database).trace("odd"))


def test_a_trace_comes_to_a_file_byte_for_byte(run: Run, where: Place, odd: Path, tmp_path: Path) -> None:
    out = tmp_path / "odd.jsonl"
    done = run("trace", "odd", *where, "--out", out)
    assert (done.status, done.out, done.err) == (0, "", f"2 steps in {out}\n")
    assert out.read_bytes() == trace_of(odd)


def test_one_step_is_one_step(run: Run, where: Place, tmp_path: Path) -> None:
    run("rewind", "odd", 1, *where)
    assert run("trace", "odd", *where, "--out", tmp_path / "x").err == f"1 step in {tmp_path / 'x'}\n"


def test_a_trace_comes_to_standard_output(run: Run, where: Place, odd: Path) -> None:
    assert run("trace", "odd", *where).out.encode() == trace_of(odd)


def test_an_unknown_session_is_told_before_the_file_is_touched(run: Run, where: Place, tmp_path: Path) -> None:
    out = tmp_path / "kept.jsonl"
    out.write_text("kept")
    assert "no session 'nosuch'" in run("trace", "nosuch", *where, "--out", out).complaint
    assert out.read_text() == "kept"


def test_a_file_that_cannot_be_written_is_told(run: Run, where: Place, tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "x.jsonl"
    assert run("trace", "odd", *where, "--out", out).complaint == f"cannot write {out}: No such file or directory"


def test_a_trace_comes_from_one_place(run: Run, odd: Path) -> None:
    done = run("trace", "odd", "--db", odd, "--url", "http://127.0.0.1:1")
    assert done.complaint == "give either --db or --url, not both"


def test_a_server_that_is_not_there_is_told(run: Run) -> None:
    assert run("trace", "odd", "--url", "http://127.0.0.1:1").complaint.startswith(
        "no mcp-sim server at http://127.0.0.1:1"
    )
