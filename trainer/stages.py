"""`python -m trainer cpt|sft|rl`: one stage alone, on records of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from mcp_sim.cli.output import console, notices
from mcp_sim.worldmodel.settings import read_settings
from trainer.environment import prepare, tell_progress
from trainer.errors import TrainingError
from trainer.recipes import RECIPES, find_recipe
from trainer.record import Record, read_records, write_records
from trainer.rewards import ServedJudge, trusted

if TYPE_CHECKING:
    from trainer.recipes.recipe import Recipe

Records = Annotated[
    list[Path],
    typer.Option(
        metavar="FILE", help="Records, as `trainer tailor` writes them, or a folder of such files; repeatable."
    ),
]
Start = Annotated[str, typer.Option(metavar="CHECKPOINT", help="What learns: a folder, or a name at Hugging Face.")]
Out = Annotated[Path, typer.Option(metavar="DIR", help="The folder of the stage; its model will be in DIR/model.")]
Settings = Annotated[
    str, typer.Option("--recipe", metavar="NAME", help=f"Whose settings: one of {', '.join(RECIPES)}.")
]
Traces = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The traces that the records stand on, for the rules of the reward.")
]
JudgeUrl = Annotated[
    str | None, typer.Option("--judge", metavar="URL", help="A judge of answers: URL, or file of settings.")
]
JudgeModel = Annotated[str | None, typer.Option(metavar="NAME", help="The judge's model on its server.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (cpt, sft, rl):
        app.command(command.__name__)(command)


def cpt(records: Records, start: Start, out: Out, recipe: Settings = "cpu") -> None:
    """Learn what a service answers next, from records and documents. The same command goes on after an interruption."""
    found, folder = _begin(recipe, start)
    from trainer.cpt import cpt as train  # noqa: PLC0415 - torch is imported here, once the environment is set
    from trainer.stage import Stage  # noqa: PLC0415 - as well

    _tell(out, partial(train, Stage("cpt", out), folder, _joined(records, out), found.cpt))


def sft(
    records: Records,
    start: Start,
    out: Out,
    recipe: Settings = "cpu",
    traces: Traces = None,
    judge: JudgeUrl = None,
    judge_model: JudgeModel = None,
) -> None:
    """Learn to think before the answer. The same command goes on after an interruption."""
    found, folder = _begin(recipe, start)
    from trainer.sft import sft as train  # noqa: PLC0415 - torch is imported here, once the environment is set
    from trainer.stage import Stage  # noqa: PLC0415 - as well

    file = _joined(records, out)
    judged = _judge(judge, judge_model, file)
    _tell(out, partial(train, Stage("sft", out), folder, file, found.sft, found.thinking, traces, judged))


def rl(
    records: Records,
    start: Start,
    out: Out,
    recipe: Settings = "cpu",
    traces: Traces = None,
    judge: JudgeUrl = None,
    judge_model: JudgeModel = None,
) -> None:
    """Learn from what one's own answers are worth. The same command goes on after an interruption."""
    found, folder = _begin(recipe, start)
    from trainer.rl import rl as train  # noqa: PLC0415 - torch is imported here, once the environment is set
    from trainer.stage import Stage  # noqa: PLC0415 - as well

    file = _joined(records, out)
    judged = _judge(judge, judge_model, file)
    _tell(out, partial(train, Stage("rl", out), folder, file, found.rl, found.learning, traces, judged))


def _begin(recipe: str, start: str) -> tuple[Recipe, Path]:
    if recipe not in RECIPES:
        find_recipe(recipe)
    prepare("training", "torch", "trl")
    tell_progress()
    from trainer.checkpoint import fetched  # noqa: PLC0415 - torch is imported here, once the environment is set
    from trainer.memory import check_gpu  # noqa: PLC0415 - as well

    found = find_recipe(recipe)
    check_gpu(found.name, wanted=found.gpu)
    return found, fetched(start)


def _joined(records: Sequence[Path], out: Path) -> Path:
    """One file with all of them."""
    files = [path for given in records for path in (sorted(given.rglob("*.jsonl.gz")) if given.is_dir() else [given])]
    if not files:
        raise TrainingError(f"{records[0]} holds no files of records (*.jsonl.gz)")
    if missing := [path for path in files if not path.is_file()]:
        raise TrainingError(f"there is no file {missing[0]}")
    if len(files) == 1:
        return files[0]
    out.mkdir(parents=True, exist_ok=True)
    found: Iterator[Record] = chain.from_iterable(map(read_records, files))
    write_records(out / "records.jsonl.gz", found)
    return out / "records.jsonl.gz"


def _judge(url: str | None, model: str | None, records: Path) -> ServedJudge | None:
    """A judge that was tried out on the first record that tells its answer."""
    if url is None:
        return None
    judge = ServedJudge(read_settings([url], model))
    known = next((record for record in read_records(records) if "answer" in record.facts), None)
    if known is not None:
        trusted(judge, known)
    return judge


def _tell(out: Path, train: partial[dict[str, Any]]) -> None:
    try:
        metrics = train()
    except KeyboardInterrupt:
        from trainer.loop import rest  # noqa: PLC0415 - torch is there by now

        raise TrainingError(f"interrupted; {rest(out)}") from None
    table = Table("measure", "value", title=f"{out}", title_justify="left")
    for name, value in metrics.items():
        if isinstance(value, int | float | str):
            table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    console.print(table)
    notices.out(f"Serve it: python -m trainer serve {out / 'model'}")
