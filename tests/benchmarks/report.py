"""What was measured, printed as it comes and kept for a file; what did not run, and what had to hold and did not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from tests.benchmarks.floor import Refused
from tests.benchmarks.footprint import NotInstalled
from tests.benchmarks.packages import Missing
from tests.benchmarks.process import NotRunning


class Report:
    """The results of one run."""

    def __init__(self, console: Console) -> None:
        self.problems: list[str] = []
        self.misses: list[str] = []
        self._console = console
        self._found: dict[str, Any] = {}

    def add(self, part: str, rows: Any, table: Table) -> None:
        """Print a table, and keep its rows for the file."""
        self._found[part] = rows
        self._console.print(table)
        self._console.print()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Go on with the next part when this one cannot run."""
        try:
            with self._console.status(name):
                yield
        except (NotRunning, Missing, Refused, NotInstalled) as error:
            self.problems.append(f"{name}: {error}")

    def write(self, file: Path) -> None:
        """Write the results as JSON."""
        file.write_bytes(
            orjson.dumps({**self._found, "problems": self.problems, "misses": self.misses}, option=orjson.OPT_INDENT_2)
        )

    def print_problems(self) -> None:
        """Say what did not run, and what had to hold and did not."""
        for problem in self.problems:
            self._console.print(f"Did not run: {problem}", style="red", markup=False, highlight=False)
        for miss in self.misses:
            self._console.print(f"Missed: {miss}", style="red", markup=False, highlight=False)
