"""`python -m tests.fidelity`: learn a twin of everything that was recorded, judge it by the other half, print it all."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.fidelity import tables
from tests.fidelity.measure import Failed, Measured, measure
from tests.fidelity.sets import SETS

_WIDTH = 170
"""Columns, where no terminal says how many it has."""


def main(
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A set; may be repeated. Default: all.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the twins and their reports here.")] = None,
) -> None:
    """Learn from one half of every set of recorded calls, judge by the other."""
    console = Console(width=None if sys.stdout.isatty() else _WIDTH, soft_wrap=False)
    known = {one.name: one for one in SETS}
    for name in only or ():
        if name not in known:
            raise typer.BadParameter(f"no set '{name}'; there are {', '.join(known)}")
    data = os.environ.get("MCP_SIM_DATA")
    with tempfile.TemporaryDirectory() as spare:
        folder = out or Path(spare)
        found: list[Measured] = []
        problems: list[str] = []
        for name in (only or known) if data is not None else ():
            console.print(f"[dim]{name} …[/]")
            try:
                found.append(measure(known[name], Path(data or ""), folder / name))
            except Failed as error:
                problems.append(f"{name}: {error}")
        if data is None:
            console.print("MCP_SIM_DATA names no folder of recorded calls: their sets are skipped.")
        if found:
            console.print(tables.splits(found), tables.shares(found))
        for one in found:
            problems += [f"{one.set.name}: {missed}" for missed in one.missed()]
    for problem in problems:
        console.print(problem, style="red", markup=False)
    raise typer.Exit(1 if problems else 0)


typer.run(main)
