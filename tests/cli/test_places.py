"""Where a command looks: in a database that is there, or at a server that answers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from mcp_sim.http import create_app
from tests.cli.running import Run, opened
from tests.conformance.serving import serving
from tests.running import HARBOUR


@pytest.mark.parametrize("command", [("state", "quay"), ("sessions",), ("trace", "quay"), ("delete", "quay")])
def test_a_database_that_is_not_there_is_not_made(run: Run, command: tuple[str, ...], tmp_path: Path) -> None:
    missing = tmp_path / "missing.db"
    assert run(*command, "--db", missing).complaint == (
        f"there is no database at {missing} yet; `mcp-sim serve` makes one"
    )
    assert not missing.exists()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (
            "postgresql+psycopg://me:secret@here/sim",
            "postgresql+psycopg://me:***@here/sim wants 'psycopg', which is not installed: "
            "pip install 'mcp-sim[postgres]'",
        ),
        ("mysql+pymysql://me@here/sim", "mysql+pymysql://me@here/sim: the memory is kept in SQLite or PostgreSQL, "),
        ("no://where", "no://where: the memory is kept in SQLite or PostgreSQL, not in no"),
        ("https://", "https://: the memory is kept in SQLite or PostgreSQL, not in https"),
    ],
)
def test_a_database_that_cannot_be_used_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, url: str, told: str) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert run("sessions", "--db", url).complaint.startswith(told)


@pytest.mark.parametrize("name", ["a?b.db", "100%25.db", "a#b&c=d.db", "sqlite:x y.db", "é\u2028.db"])
def test_the_path_of_a_database_is_taken_as_it_is(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert run("call", HARBOUR, "scrap_ship", '{"id": "S-003"}', "--session", "mine", "--db", path).status == 0
    assert path.exists()
    assert {entry.name.removeprefix(name) for entry in tmp_path.iterdir()} <= {"", "-wal", "-shm"}
    assert run("sessions", "--db", path, "--json").json["sessions"][0]["steps"] == 1
    assert len(run("state", "mine", "ship", "--db", path, "--json").json) == 2


def test_a_database_that_fails_names_itself_once(run: Run) -> None:
    told = run("sessions", "--db", "/dev/null").complaint
    assert told.startswith("sqlite:////dev/null: ")
    assert told.count("/dev/null") == 1


def test_a_command_asks_a_database_or_a_server(run: Run, file: Path) -> None:
    refused = run("sessions", "--db", file, "--url", "http://127.0.0.1:1")
    assert refused.complaint == "give either --db or --url, not both"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "127.0.0.1:8000", "nonsense", "http://[", "ftp://127.0.0.1"])
def test_a_server_that_is_not_there_is_named(run: Run, url: str) -> None:
    assert run("sessions", "--url", url).complaint.startswith(f"no mcp-sim server at {url}: ")


def test_something_else_that_answers_is_told(run: Run) -> None:
    async def elsewhere(_: object) -> PlainTextResponse:
        return PlainTextResponse("Hello", 404)

    with serving(Starlette(routes=[Route("/{path:path}", elsewhere)])) as url:
        assert run("sessions", "--url", url).complaint == f"what answers at {url} is no mcp-sim server (status 404)"


def test_a_server_that_wants_a_token_gets_it(run: Run, file: Path) -> None:
    with opened(file) as sessions, serving(create_app(sessions, {}, token="open-sesame")) as url:
        assert (
            run("sessions", "--url", url).complaint == f"the server at {url} wants its token: --token, or MCP_SIM_TOKEN"
        )
        listed = run("sessions", "--url", url, "--token", "open-sesame", "--json").json
    assert [session["id"] for session in listed["sessions"]] == ["quay"]


def test_the_address_that_mcp_clients_use_will_do(run: Run, file: Path) -> None:
    with opened(file) as sessions, serving(create_app(sessions, {})) as url:
        assert json.loads(run("state", "quay", "--url", f"{url}/mcp", "--json").out)["dock"]
