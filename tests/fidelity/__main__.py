"""`python -m tests.fidelity`: learn a twin of everything that was recorded, judge it by the other half, print it all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.fidelity.definitions import loaded
from tests.fidelity.learning import learning
from tests.fidelity.measure import measure
from tests.fidelity.probe import probes
from tests.fidelity.references import agreement
from tests.fidelity.report import Found, Report
from tests.fidelity.sets import SETS

_WIDTH = 170
"""Columns, where no terminal says how many it has."""
_ALONE = "probes"
"""The part that needs no recorded calls."""

Part = Callable[[Path, Path], Found]
_PARTS: dict[str, Part] = {
    **{one.name: partial(measure, one) for one in SETS},
    "definitions": lambda data, _: loaded(data / "tool_schemas.jsonl.gz"),
    "references": lambda data, _: agreement(next((data / "openapi").glob("stripe_spec3*"))),
    _ALONE: lambda _, folder: list(probes(folder)),
    "learning": learning,
}


def main(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the twins, their reports and the page are kept.")],
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A part; may be repeated. Default: all.")
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", help="How many parts run at a time.")] = 1,
) -> None:
    """Learn from one half of every set of recorded calls, judge by the other."""
    for name in only or ():
        if name not in _PARTS:
            raise typer.BadParameter(f"no part '{name}'; there are {', '.join(_PARTS)}")
    console, report = Console(width=None if sys.stdout.isatty() else _WIDTH), Report()
    named = os.environ.get("MCP_SIM_DATA")
    names = [name for name in only or _PARTS if named is not None or name == _ALONE]
    for name in set(only or _PARTS) - set(names):
        console.print(f"{name}: skipped, MCP_SIM_DATA names no folder of recorded calls")
    out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(jobs) as pool:
        running = {name: pool.submit(_PARTS[name], Path(named or ""), out / name) for name in names}
        for name, future in running.items():
            console.print(f"[dim]{name} …[/]")
            error = future.exception()
            if error is not None:
                report.fail(name, error)
            else:
                report.take(future.result())
    report.print(console)
    console.print(f"The picture: {report.write(out)}")
    raise typer.Exit(0 if report.is_fine else 1)


typer.run(main)
