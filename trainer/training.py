"""`python -m trainer run`, a recipe from its data to its bench; `compare`, what data are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from mcp_sim.cli.output import console, notices
from schemas.validate import nearest
from trainer.bench.result import HEADLINES, MEASURES
from trainer.environment import prepare, tell_progress
from trainer.errors import TrainingError
from trainer.recipes import RECIPES, find_recipe

if TYPE_CHECKING:
    from trainer.memory import Need


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run")(run)
    app.command("compare")(compare)


def run(
    recipe: Annotated[str, typer.Option(help=f"One of {', '.join(RECIPES)}.")],
    out: Annotated[Path | None, typer.Option(help="The folder of the run; default: runs/RECIPE.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what it takes and how it starts; start nothing.")] = False,
) -> None:
    """Train a world model: data, cpt, sft, rl and bench. The same command goes on after an interruption."""
    if recipe not in RECIPES:
        find_recipe(recipe)
    prepare("training", "torch", "trl")
    tell_progress()
    from trainer import plan as plans  # noqa: PLC0415 - torch is imported here, once the environment is set
    from trainer import run as runs  # noqa: PLC0415 - as well
    from trainer.memory import check_gpu, check_memory  # noqa: PLC0415 - as well

    folder = Path("runs") / recipe if out is None else out
    found = find_recipe(recipe)
    if plan:
        _show_plan(plans.needs(found), plans.commands(found, str(folder)))
        return
    check_gpu(found.name, wanted=found.gpu)
    for need in plans.needs(found).values():
        check_memory(need)
    try:
        manifest = runs.run(found, folder)
    except KeyboardInterrupt:
        raise TrainingError(f"interrupted at {runs.unfinished(folder)}; the same command goes on from there") from None
    if manifest:  # else another process has it
        _show(manifest["bench"])
        served = f"mcp-sim worldmodel serve cpu --model {folder / 'rl' / 'model'}"
        notices.out(f"Report: {folder / runs.REPORT}. Serve it: {served}")


def compare(
    study: Annotated[str, typer.Option(help="Which one; `data` compares raw, filtered and tailored records.")],
    start: Annotated[Path, typer.Option(help="The checkpoint that every arm begins with, e.g. runs/cpu/cpt/model.")],
    out: Annotated[Path | None, typer.Option(help="The folder of the study; default: runs/study-NAME.")] = None,
) -> None:
    """Train one model on several data sets of the same size, and ask the same held-out calls of all."""
    prepare("training", "torch", "trl")
    tell_progress()
    from trainer import compare as comparing  # noqa: PLC0415
    from trainer.recipes.studies import STUDIES  # noqa: PLC0415

    if study not in STUDIES:
        raise TrainingError(f"no study '{study}'{nearest(study, STUDIES)}: give one of {', '.join(STUDIES)}")
    folder = Path("runs") / f"study-{study}" if out is None else out
    _show(comparing.compare(STUDIES[study](), start, folder))
    notices.out(f"Report: {folder / comparing.REPORT}.")


def _show_plan(needs: Mapping[str, Need], commands: Sequence[str]) -> None:
    table = Table("stage", "weights", "trained", "tokens at once", "GB of memory")
    for name, need in needs.items():
        counts = (need.parameters, need.trained, need.tokens)
        table.add_row(name, *(f"{count:,}" for count in counts), f"{need.bytes / 1e9:.1f}")
    console.print(table)
    for command in commands:
        console.print(command, soft_wrap=True, markup=False, highlight=False)


def _show(measured: dict[str, Any]) -> None:
    columns = [MEASURES[name] for name in HEADLINES]
    table = Table("", *columns, title=f"{measured['records']} held-out calls", title_justify="left")
    for name, found in measured["checkpoints"].items():
        shown = [found["slices"]["all"][measure] for measure in HEADLINES]
        table.add_row(name, *("–" if mean is None else f"{mean['mean']:.3f}" for mean in shown))
    console.print(table)
