"""Node and its packages, as the project file of this folder wants them."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MODULES = HERE / "node_modules"


class NodeMissing(Exception):
    """Nothing here can fetch or run the packages."""


def install() -> None:
    """Fetch the packages, once per lock file; processes that need them together wait for one another."""
    wanted, installed = HERE / "package-lock.json", MODULES / ".package-lock.json"
    with wanted.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed.exists() and installed.stat().st_mtime >= wanted.stat().st_mtime:
            return
        npm = next(_programs("npm"), None)
        if npm is None:
            raise NodeMissing("npm is needed to fetch the conformance suite: install Node 22 or newer")
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True)
        installed.touch()


@dataclass(frozen=True)
class Outcome:
    """How a program ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, object]:
        value = json.loads(self.stdout)
        assert isinstance(value, dict), self.stderr
        return value


def run(script: str, *arguments: str) -> Outcome:
    """Run a script of an installed package."""
    command = [node(), str(MODULES / script), *arguments]
    environment = {**os.environ, "MCP_STORAGE_DIR": str(MODULES / ".inspector")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return Outcome(done.returncode, done.stdout, done.stderr)


@cache
def node() -> str:
    """The Node that runs the packages."""
    for node in _programs("node"):
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        if int(version.removeprefix("v").partition(".")[0]) >= 22:
            return node
    raise NodeMissing("Node 22 or newer is needed to run the conformance suite")


def _programs(name: str) -> Iterator[str]:
    """Programs of this name: among the packages, beside our Python, on the path."""
    for folder in (MODULES / ".bin", Path(sys.executable).parent, None):
        found = shutil.which(name, path=None if folder is None else str(folder))
        if found is not None:
            yield found
