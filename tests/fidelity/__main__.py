"""`python -m tests.fidelity`: learn a twin of everything that was recorded, judge it by the other half, print it all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.fidelity import tables
from tests.fidelity.definitions import loaded
from tests.fidelity.measure import Failed, Measured, measure
from tests.fidelity.page import page
from tests.fidelity.probe import Probe, probes
from tests.fidelity.references import agreement
from tests.fidelity.sets import SETS

_WIDTH = 170
"""Columns, where no terminal says how many it has."""
_OTHERS = ("definitions", "references", "probes")


@dataclass
class Report:
    """What was measured, and what went wrong or misses its aim."""

    console: Console
    measured: list[Measured] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """One part; when it fails, the others still run."""
        self.console.print(f"[dim]{name} …[/]")
        try:
            yield
        except Failed as error:
            self.problems.append(f"{name}: {error}")

    def aim(self, what: str, *, is_reached: bool) -> None:
        """Note an aim that is not reached."""
        if not is_reached:
            self.problems.append(what)


def main(
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A part; may be repeated. Default: all.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the twins and their reports here.")] = None,
) -> None:
    """Learn from one half of every set of recorded calls, judge by the other."""
    known = {one.name: one for one in SETS}
    for name in only or ():
        if name not in (*known, *_OTHERS):
            raise typer.BadParameter(f"no part '{name}'; there are {', '.join((*known, *_OTHERS))}")
    report = Report(Console(width=None if sys.stdout.isatty() else _WIDTH))
    named = os.environ.get("MCP_SIM_DATA")
    with tempfile.TemporaryDirectory() as spare:
        folder = out or Path(spare)
        folder.mkdir(parents=True, exist_ok=True)
        for name in only or [*known, *_OTHERS]:
            if named is None and name != "probes":
                report.console.print(f"{name}: skipped, MCP_SIM_DATA names no folder of recorded calls")
                continue
            with report.part(name):
                if name in known:
                    report.measured.append(measure(known[name], Path(named or ""), folder / name))
                else:
                    _PARTS[name](report, Path(named or ""), folder / name)
        _print(report)
        if out is not None:
            (out / "index.html").write_text(page(report.measured, report.probes, out), encoding="utf-8")
            report.console.print(f"The picture: {out / 'index.html'}")
    for problem in report.problems:
        report.console.print(problem, style="red", markup=False)
    raise typer.Exit(1 if report.problems else 0)


def _definitions(report: Report, data: Path, _folder: Path) -> None:
    found = loaded(data / "tool_schemas.jsonl.gz")
    report.console.print(tables.definitions(found))
    report.aim("definitions: more than 1 % are set aside", is_reached=found.share <= 0.01)


def _references(report: Report, data: Path, _folder: Path) -> None:
    found = agreement(next((data / "openapi").glob("stripe_spec3*")))
    report.console.print(tables.references(found))
    is_reached = found.precision >= 0.95 and found.recall >= 0.8
    report.aim("references: precision below 95 %, or recall below 80 %", is_reached=is_reached)


def _probes(report: Report, _data: Path, folder: Path) -> None:
    report.probes += probes(folder)
    report.console.print(tables.probes(report.probes))


_PARTS: dict[str, Callable[[Report, Path, Path], None]] = {
    "definitions": _definitions,
    "references": _references,
    "probes": _probes,
}


def _print(report: Report) -> None:
    if report.measured:
        report.console.print(tables.splits(report.measured), tables.shares(report.measured))
        by_family = tables.families(report.measured)
        if by_family is not None:
            report.console.print(by_family)
    for one in report.measured:
        report.problems += [f"{one.set.name}: {missed}" for missed in one.missed()]


typer.run(main)
