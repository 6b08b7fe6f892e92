"""What mcp-sim costs before it does anything: the time to import it, and the disk it takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
STATEMENTS = ("import mcp_sim", "import mcp_sim.cli")


class NotInstalled(Exception):
    """The fresh environment could not be made."""


@dataclass(frozen=True)
class ImportTime:
    """Milliseconds that a statement takes, beyond the start of Python itself."""

    statement: str
    milliseconds: float


@dataclass(frozen=True)
class Installation:
    """A base install into a fresh environment."""

    megabytes: float
    packages: int
    seconds: float


def import_times(*, rounds: int = 7) -> list[ImportTime]:
    """The median over so many fresh processes."""
    taken: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    with tempfile.TemporaryDirectory() as cache:
        environment = _with_bytecode(cache)
        for statement in STATEMENTS:
            _seconds(statement, environment)
        for _ in range(rounds):
            nothing = _seconds("pass", environment)
            for statement in STATEMENTS:
                taken[statement].append(_seconds(statement, environment) - nothing)
    return [ImportTime(statement, 1e3 * median(seconds)) for statement, seconds in taken.items()]


def installation() -> Installation:
    """Install this source, without its extras, and weigh what was added.

    Raises:
        NotInstalled: pip failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        site = next(Path(folder).glob("lib/python*/site-packages"))
        before = _bytes(site)
        started = time.perf_counter()
        python = Path(folder, "bin", "python")
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-compile", str(ROOT)]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            reason = next(
                (line.strip() for line in lines if "Error:" in line), lines[-1] if lines else "it does not say why"
            )
            raise NotInstalled(f"pip could not install mcp-sim: {reason}")
        seconds = time.perf_counter() - started
        packages = len(list(site.glob("*.dist-info"))) - 2  # pip and setuptools were there
        return Installation((_bytes(site) - before) / 1e6, packages, seconds)


def _with_bytecode(cache: str) -> dict[str, str]:
    """The environment of someone who runs it for the second time, whatever ours is."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": cache}


def _seconds(statement: str, environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, env=environment, check=True)
    return time.perf_counter() - started


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
