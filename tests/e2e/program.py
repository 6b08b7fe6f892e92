"""The command line in a home of its own; whatever it started has ended when the home is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Timer
from typing import Self

from mcp.client.stdio import StdioServerParameters

ROOT = Path(__file__).parents[2]
PATIENCE = 180.0
"""Seconds after which whatever still runs is killed, so that its test fails."""


class Served:
    """A server over HTTP, with what it said when it started."""

    def __init__(self, command: Sequence[str], folder: Path, environment: dict[str, str], patience: float) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        self._timer = Timer(patience, self._kill_all)
        self._timer.start()
        self.welcome = ""

    def wait_for_the_welcome(self) -> None:
        """Read until the frame around the welcome closes."""
        for line in self._output:
            self.welcome += line
            if line.startswith("╰"):
                return
        raise AssertionError(f"it did not start: {self.welcome}")

    @property
    def pid(self) -> int:
        """Of the server."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Where the MCP endpoint is, as the welcome says."""
        (line,) = [line for line in self.welcome.splitlines() if "MCP endpoint" in line]
        return line.strip("│ ").split()[-1]

    @property
    def address(self) -> str:
        """The same without the path."""
        return self.url.removesuffix("/mcp")

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to end; its exit status, and what it said after the welcome."""
        self._process.send_signal(how)
        said = self._output.read()
        status = self._process.wait()
        self.kill()
        return status, said

    def kill(self) -> None:
        """End it, and what it started, at once."""
        self._kill_all()
        self._process.wait()
        self._timer.cancel()
        self._output.close()

    def _kill_all(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


class Program:
    """`mcp-sim`, as a person with a fresh home directory has it."""

    def __init__(self, home: Path, patience: float = PATIENCE) -> None:
        self.home = home
        self.patience = patience
        self.home.mkdir(exist_ok=True)
        self.database = home / "sessions.db"
        self._started = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._started.close()

    def serve(self, *arguments: str, **environment: str) -> Served:
        """Serve over HTTP on a free port, and wait until it says where."""
        command = [sys.executable, "-m", "mcp_sim", "serve", "--port", "0", *arguments]
        return self.start(command, ROOT, self._environment(environment))

    def start(self, command: Sequence[str], folder: Path, environment: dict[str, str]) -> Served:
        """Start whatever ends up serving, and wait until it says where."""
        served = Served(command, folder, environment, self.patience)
        self._started.callback(served.kill)
        served.wait_for_the_welcome()
        return served

    def stdio(self, *arguments: str, **environment: str) -> StdioServerParameters:
        """What a client starts to be served over stdio, and ends when it leaves."""
        rest = ["-m", "mcp_sim", "serve", "--stdio", *arguments]
        return StdioServerParameters(command=sys.executable, args=rest, env=self._environment(environment), cwd=ROOT)

    def run(
        self, *arguments: str, program: Sequence[str] = ("-m", "mcp_sim"), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """A command that ends by itself."""
        return subprocess.run(
            [sys.executable, *program, *arguments],
            cwd=ROOT,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=self.patience,
            check=False,
        )

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "LC_ALL"}}
        own = {"HOME": str(self.home), "MCP_SIM_DB": str(self.database), "COLUMNS": "500"}
        return {**inherited, **own, **more}
