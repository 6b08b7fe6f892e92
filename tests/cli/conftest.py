"""A command line in this process, and a database that it reads directly or through a server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mcp_sim.cli import output
from mcp_sim.cli.app import main
from mcp_sim.http import create_app
from mcp_sim.sessions import Sessions
from schemas.types import World
from store.db import Database
from tests.cli.running import Done, Run
from tests.conformance.serving import serving
from tests.memory.acting import done


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `mcp-sim` with these arguments, on a terminal of 100 columns."""
    for console in (output.console, output.notices):
        monkeypatch.setattr(console, "_width", 100)
    for name in ("MCP_SIM_DB", "MCP_SIM_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["mcp-sim", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def file(tmp_path: Path, harbour: World) -> Path:
    """A database with one session, `quay`, of three steps."""
    path = tmp_path / "harbour.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        sessions = Sessions(database)
        quay = sessions.create(harbour, session_id="quay")
        done(quay, "build_ship", name="Draco", yard="Gdansk", sister_id="S-003")
        done(quay, "list_ships")
        done(quay, "scrap_ship", id="S-003")
    return path


@pytest.fixture(params=["--db", "--url"])
def place(request: pytest.FixtureRequest, file: Path) -> Iterator[tuple[str, str]]:
    """The options that say where the session is."""
    if request.param == "--db":
        yield "--db", str(file)
        return
    with closing(Database(f"sqlite:///{file}")) as database, serving(create_app(Sessions(database), {})) as address:
        yield "--url", address
