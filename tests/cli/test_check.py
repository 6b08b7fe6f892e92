"""`mcp-sim check`, `worlds` and `connect`: what they print, and what they refuse."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest

from mcp_sim import __version__
from schemas.load import shipped_worlds
from tests.cli.running import Run
from tests.running import HARBOUR, write_pack

CLIENTS = ["claude-code", "claude-desktop", "codex", "cursor", "vscode"]


def test_a_right_pack_is_counted_and_its_made_up_tools_are_named(run: Run) -> None:
    done = run("check", HARBOUR)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"{HARBOUR}: right. 5 entities, 7 tools, 12 seed rows.",
        "Without an effect, so answered from their output schema: forecast",
    ]


@pytest.mark.parametrize("name", list(shipped_worlds()))
def test_a_shipped_world_is_right(run: Run, name: str) -> None:
    assert run("check", name).out.startswith(f"{name}: right. ")


def test_every_error_is_told_at_once_with_its_place(run: Run, tmp_path: Path) -> None:
    path = write_pack(tmp_path, title=7, tools={"t": {"outptu": {}}, "u": {"effect": {"step": [1]}}})
    done = run("check", path)
    lines = done.err.splitlines()
    assert (done.status, done.out, len(lines)) == (1, "", 4)
    assert lines[0] == f"error: {path}:2: /title: must be a text"
    assert lines[1].endswith("/tools/t/outptu: 'outptu' is not a field here (did you mean 'output'?)")
    assert lines[2].endswith("/tools/u/effect/step: 'step' is not a field here (did you mean 'steps'?)")
    assert lines[3] == f"error: 3 errors in {path}"


def test_one_error_is_one_error(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text("name: [bold]x[/bold]\n")
    assert run("check", path).err.splitlines()[-1] == f"error: 1 error in {path}"


def test_an_error_is_printed_as_it_is_whatever_it_holds(run: Run, tmp_path: Path) -> None:
    path = write_pack(tmp_path, **{"[red]:ship:\\[/red]": 1})
    assert "/[red]:ship:\\[~1red]: '[red]:ship:\\[/red]' is not a field here\n" in run("check", path).err


@pytest.mark.parametrize("path", ["nowhere.yaml", "", "x" * 5000, "/"])
def test_a_path_that_leads_nowhere_is_told(run: Run, path: str) -> None:
    done = run("check", path)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err


def test_the_worlds_that_ship_are_listed(run: Run) -> None:
    done = run("worlds")
    assert (done.status, done.err) == (0, "")
    assert all(name in done.out for name in shipped_worlds())
    assert "mcp-sim serve NAME" in done.out


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_is_told_where_the_server_is(run: Run, client: str) -> None:
    done = run("connect", client, "--url", "http://127.0.0.1:9000/mcp")
    assert done.status == 0
    assert done.err
    assert ("http://127.0.0.1:9000/mcp" in done.out) == (client != "claude-desktop")


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_may_start_the_server_itself(run: Run, client: str) -> None:
    done = run("connect", client, "--world", "shop")
    assert done.status == 0
    assert "http" not in done.out
    assert all(word in done.out for word in ("mcp-sim", "serve", "shop", "--stdio"))


def test_configurations_are_in_the_form_that_the_clients_read(run: Run) -> None:
    url = "http://127.0.0.1:8000/mcp"
    assert run("connect", "cursor").json == {"mcpServers": {"mcp-sim": {"url": url}}}
    assert run("connect", "vscode").json == {"servers": {"mcp-sim": {"type": "http", "url": url}}}
    program = Path(sys.executable).with_name("mcp-sim")
    stdio = {"command": str(program) if program.exists() else "mcp-sim", "args": ["serve", "mars-colony", "--stdio"]}
    assert run("connect", "claude-desktop").json == {"mcpServers": {"mcp-sim": stdio}}
    assert tomllib.loads(run("connect", "codex").out) == {"mcp_servers": {"mcp-sim": {"url": url}}}
    assert run("connect", "claude-code").out == f"claude mcp add --transport http mcp-sim {url}\n"


@pytest.mark.parametrize("is_installed", [True, False])
def test_a_client_starts_the_program_that_stands_beside_this_python(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_installed: bool
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    program = tmp_path / "mcp-sim"
    if is_installed:
        program.touch()
    started = run("connect", "claude-desktop").json["mcpServers"]["mcp-sim"]["command"]
    assert started == (str(program) if is_installed else "mcp-sim")


def test_an_unknown_client_is_refused_and_the_known_ones_are_named(run: Run) -> None:
    done = run("connect", "netscape")
    assert (done.status, done.out) == (2, "")
    assert all(client in done.err for client in CLIENTS)


def test_the_program_says_its_version(run: Run) -> None:
    done = run("--version")
    assert (done.status, done.out, done.err) == (0, f"mcp-sim {__version__}\n", "")


@pytest.mark.parametrize("command", ["serve", "worlds", "call", "check", "trace", "connect"])
def test_every_command_teaches_itself(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert (done.status, done.err) == (0, "")
    assert f"Usage: mcp-sim {command}" in done.out


@pytest.mark.parametrize("command", [["call"], ["check"], ["nosuch"], ["call", "shop", "x", "{}", "--nosuch"]])
def test_a_command_that_is_given_wrongly_is_refused_without_a_traceback(run: Run, command: list[str]) -> None:
    done = run(*command)
    assert (done.status, done.out) == (2, "")
    assert "Traceback" not in done.err


def test_output_can_be_piped(run: Run) -> None:
    assert "\x1b" not in run("worlds").out + run("check", HARBOUR).out + run("connect", "cursor").out
    assert json.loads(run("call", HARBOUR, "list_ships").out)["total"] == 3
