"""`python -m trainer tailor`: a data set from a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from mcp_sim.cli.output import complain, console, notices
from trainer.tailor.engines import engine_of
from trainer.tailor.kitchen import recipe_of
from trainer.tailor.tailoring import Tailoring

_TOLD = 10


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tailor")(command)


def command(
    recipe: Annotated[str, typer.Option(metavar="NAME|FILE", help="`debug`, `dev`, or a file of YAML or JSON.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the data set is made; it may be half done.")],
    engine: Annotated[str, typer.Option(help="Who does the work: local or ray.")] = "local",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; left out: one for each core.")] = None,
) -> None:
    """Make a data set of training records from recorded calls, or go on where an earlier run was ended.

    The same recipe and recordings give the same bytes, whoever does the work.
    """
    found = recipe_of(recipe)
    with _Bars() as bars:
        tailoring = Tailoring(found, out, engine_of(engine, workers), bars.tell)
        manifest = tailoring.run()
    told = list(dict.fromkeys([*manifest["complaints"], *map(str, tailoring.complaints)]))
    for complaint in told[:_TOLD]:
        complain(complaint)
    if len(told) > _TOLD:
        complain(f"and {len(told) - _TOLD} more; they are in {out / 'manifest.json'}")
    _show(manifest, out)


def _show(manifest: dict[str, Any], out: Path) -> None:
    table = Table("intent", *manifest["records"])
    names = sorted({name for found in manifest["records"].values() for name in found["by"]["intent"]})
    for name in names:
        table.add_row(name, *(str(found["by"]["intent"].get(name, 0)) for found in manifest["records"].values()))
    table.add_row("all", *(str(found["total"]) for found in manifest["records"].values()), style="bold")
    console.print(table)
    console.out(f"{out}: {sum(f['records'] for f in manifest['files'].values())} records. Look: {out / 'report.html'}")


class _Bars:
    """A bar for each stage."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=notices)
        self._tasks: dict[str, TaskID] = {}

    def tell(self, stage: str, done: int, total: int | None) -> None:
        """Move the bar of a stage."""
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], advance=done, total=total)

    def __enter__(self) -> _Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()
