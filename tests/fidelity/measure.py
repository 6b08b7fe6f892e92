"""One set through the commands that people use: `mcp-sim learn`, then `mcp-sim bench`, each in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.fidelity.sets import Set
from tests.fidelity.split import Split, split


@dataclass
class Run:
    """One command: how long it took, in seconds, those of a processor, and the memory that it held at most, in MiB."""

    seconds: float
    processor: float
    memory: int
    said: str


@dataclass
class Measured:
    """What became of one set; `numbers` are those of `mcp-sim bench --json`."""

    set: Set
    split: Split
    learned: Run
    numbers: dict[str, Any]
    page: Path

    def share(self, mode: str, measure: str, part: str = "") -> float | None:
        """A share of one slice in one mode; None where it speaks of no call."""
        numbers = self.numbers[mode]
        found: float | None = (numbers.get(part, {}) if part else numbers).get(measure)
        return found


class Failed(Exception):
    """A command that did not end well, and what it said."""


def measure(one: Set, data: Path, folder: Path) -> Measured:
    """Split, learn, judge.

    Raises:
        Failed: a command failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    halves = split(one, data, folder)
    twin, numbers, page = folder / "twin", folder / "numbers.json", folder / "fidelity.html"
    given = [word for path in halves.rows for word in ("--data", str(path))]
    given += [] if halves.tools is None else ["--tools", str(halves.tools)]
    taught, judged = str(halves.taught.path), str(halves.judged.path)
    given += [] if halves.spec is None else ["--openapi", str(halves.spec)]
    learned = run("learn", "--name", "twin", "--out", str(twin), *given, "--traces", taught)
    run("bench", str(twin), "--traces", judged, "--trained-on", taught, "--json", str(numbers), "--html", str(page))
    return Measured(one, halves, learned, orjson.loads(numbers.read_bytes()), page)


def run(*words: str) -> Run:
    """Run a command of mcp-sim.

    Raises:
        Failed: it failed.
    """
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "mcp_sim", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failed(f"mcp-sim {words[0]} ended with status {process.returncode}: {said.strip()[-2000:]}")
    return Run(time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, said)
