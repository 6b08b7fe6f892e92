"""Every command is there, and none waits for what another one needs."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest
import typer
from typer.main import get_group

from mcp_sim.cli.commands import MODULES

HEAVY = ("mcp", "uvicorn", "starlette")


@pytest.mark.parametrize("module", sorted(set(MODULES.values())))
def test_a_module_has_the_commands_that_are_looked_for_in_it(module: str) -> None:
    app = typer.Typer()
    import_module(f"mcp_sim.cli.{module}").register(app)
    assert set(get_group(app).commands) == {name for name, found in MODULES.items() if found == module}


def test_a_misspelled_command_is_told_the_nearest(run: Any) -> None:
    done = run("serv")
    assert done.status == 2
    assert "No such command 'serv'. Did you mean 'serve'?" in " ".join(done.err.split())


@pytest.mark.parametrize("arguments", [["--version"], ["worlds"], ["connect", "cursor"], ["check", "shop"]])
def test_what_serves_nothing_does_not_wait_for_a_server(arguments: list[str]) -> None:
    program = (
        "import sys; sys.argv = ['mcp-sim', *sys.argv[1:]]\n"
        "from mcp_sim.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
