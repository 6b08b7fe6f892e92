"""`python -m trainer bench`: how well do checkpoints predict the next observation?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mcp_sim.cli.output import console, note, notices
from mcp_sim.worldmodel.settings import read_settings
from store.traces.replay import TraceError, read_trace
from trainer.asking import Served
from trainer.bench import awb as agent_world
from trainer.bench.answers import ask_all, question, read_answers
from trainer.bench.drift import STEPS, Drift, drift
from trainer.bench.errors import BenchError
from trainer.bench.html import html
from trainer.bench.journal import Journal
from trainer.bench.result import BenchResult
from trainer.bench.scoring import bench
from trainer.bench.text import show_awb, show_drift, show_prediction
from trainer.record import Record, read_records
from trainer.rewards import ServedJudge, trusted

HELP = """
Compare checkpoints of world models.

--records: each checkpoint predicts the observations of held-out records, from a file of answers or asked at a server.
--drift: each server answers the calls of a recorded session, one after the other, with the SQL store and without.
--awb: rows of AgentWorldBench; needs a --judge.

What servers and judges said is kept in --out, so that a run that was stopped goes on where it was.
"""
_NAME = re.compile(r"[\w.@+-]{1,80}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("bench", help=HELP)(command)


def command(
    records: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Held-out records; repeatable.")] = None,
    answers: Annotated[list[str] | None, typer.Option(metavar="NAME=FILE", help="Answers of a checkpoint.")] = None,
    url: Annotated[
        list[str] | None, typer.Option(metavar="NAME=URL", help="A served checkpoint: URL, or file of settings.")
    ] = None,
    judge: Annotated[str | None, typer.Option(metavar="URL", help="A judge: URL, or file of settings.")] = None,
    judge_model: Annotated[str | None, typer.Option(metavar="NAME", help="The judge's model on its server.")] = None,
    awb: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Rows of AgentWorldBench; repeatable.")] = None,
    drift_trace: Annotated[Path | None, typer.Option("--drift", metavar="TRACE", help="A recorded session.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="The most steps of a drift.")] = max(STEPS),
    limit: Annotated[int | None, typer.Option(min=1, help="The first records or rows alone.")] = None,
    tokens: Annotated[int, typer.Option(min=1, help="The most tokens of an answer.")] = 4096,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where answers and judgements are kept.")] = Path("bench"),
    html_file: Annotated[Path | None, typer.Option("--html", metavar="OUT", help="Write one page.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="OUT", help="Write the numbers.")] = None,
) -> None:
    """Compare checkpoints; see HELP."""
    for path in (html_file, json_file):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise BenchError(f"{path} cannot be written: it is a folder, or there is no folder {path.parent}")
    files, urls = _named(answers, "--answers"), _named(url, "--url")
    if twice := sorted(files.keys() & urls.keys()):
        raise BenchError(f"'{twice[0]}' is given with --answers and with --url; a checkpoint has one name")
    if not records and not awb and drift_trace is None:
        raise BenchError("there is nothing to do: give --records, --awb or --drift")
    if (awb or drift_trace) and not urls:
        raise BenchError("--awb and --drift ask a served checkpoint: name one with --url NAME=URL")
    if awb and judge is None:
        raise BenchError("--awb is scored by a judge: name one with --judge URL")
    run = _Run(urls, _judge(judge, judge_model), limit, tokens, out)
    result, said = run.predicted(records, files) if records else (None, {})
    drifts = {} if drift_trace is None else run.drifted(drift_trace, steps)
    rows = {} if not awb else run.agent_world(awb)
    _tell(result, drifts, rows)
    if json_file is not None:
        told = {
            "prediction": None if result is None else result.summary(),
            "drift": {name: found.summary() for name, found in drifts.items()},
            "awb": rows,
        }
        json_file.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY) + b"\n")
    if html_file is not None:
        html_file.write_text(html(result, said, drifts, rows), encoding="utf-8")


class _Run:
    """One run of the command."""

    def __init__(
        self, urls: Mapping[str, str], judge: ServedJudge | None, limit: int | None, tokens: int, out: Path
    ) -> None:
        self._urls = urls
        self._judge = judge
        self._limit = limit
        self._tokens = tokens
        self._out = out

    def predicted(self, paths: Sequence[Path], files: Mapping[str, str]) -> tuple[BenchResult, dict[str, list[str]]]:
        """The measures of every checkpoint, and its answers."""
        records = self._records(paths)
        said = {name: read_answers(Path(file), records) for name, file in files.items()}
        for name in self._urls:
            found = self._asked(name, [question(record) for record in records], "answers")
            if lost := sum(answer is None for answer in found):
                note(f"{name} gave no answer to {lost:,} of {len(found):,} questions; they count as wrong")
            said[name] = [answer or "" for answer in found]
        if self._judge is not None:
            trusted(self._judge, records[0])
        judge = "" if self._judge is None else self._judge.settings.model or self._judge.settings.urls[0]
        return bench(records, said, self._judge, judge), said

    def drifted(self, path: Path, steps: int) -> dict[str, Drift]:
        """The drift of every served checkpoint."""
        try:
            with path.open("rb") as lines:
                trace = read_trace(lines)
        except OSError as error:
            raise BenchError(f"{path} cannot be read: {error.strerror}") from None
        except TraceError as error:
            raise BenchError(f"{path}: {error}") from None
        found = {}
        for name in self._urls:
            with _progress(f"{name} drifts", 2 * min(steps, len(trace.steps))) as told:
                found[name] = asyncio.run(self._drift(name, trace, steps, told))
        return found

    def agent_world(self, paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
        """The scores of every served checkpoint."""
        rows = agent_world.read_rows(paths)[: self._limit]
        judge = self._judge
        assert judge is not None, "looked at before"
        found = {}
        for name in self._urls:
            said = self._asked(name, [row.messages for row in rows], "awb-answers")
            journal = Journal(self._out / f"{name}.awb-scores.jsonl")
            with _progress(f"{name} is judged", len(rows)) as told:
                scores = agent_world.judge_all(rows, said, judge, journal, told)
            found[name] = agent_world.summary(rows, scores)
        return found

    def _records(self, paths: Sequence[Path]) -> list[Record]:
        try:
            found = [record for path in paths for record in read_records(path)]
        except OSError as error:
            raise BenchError(f"{error.filename} cannot be read: {error.strerror}") from None
        if not found:
            raise BenchError(f"there is no record in {', '.join(map(str, paths))}")
        return list(islice(found, self._limit))

    def _asked(self, name: str, questions: Sequence[Any], kind: str) -> list[str | None]:
        journal = Journal(self._out / f"{name}.{kind}.jsonl")

        async def ask(told: Callable[[], None]) -> list[str | None]:
            served = self._served(name)
            try:
                return await ask_all(served, questions, journal, told)
            finally:
                await served.close()

        with _progress(f"{name} answers", len(questions)) as told:
            return asyncio.run(ask(told))

    async def _drift(self, name: str, trace: Any, steps: int, told: Callable[[], None]) -> Drift:
        served = self._served(name)
        try:
            return await drift(trace, served, steps=steps, told=told)
        finally:
            await served.close()

    def _served(self, name: str) -> Served:
        return Served(read_settings([self._urls[name]]), tokens=self._tokens)


def _judge(where: str | None, model: str | None) -> ServedJudge | None:
    if where is None:
        return None
    settings = read_settings([where], model)
    sampling = {"temperature": 0.0} if "://" in where else settings.sampling
    return ServedJudge(settings.model_copy(update={"sampling": sampling}))


def _named(given: Sequence[str] | None, option: str) -> dict[str, str]:
    """NAME=WHAT, each name once."""
    found: dict[str, str] = {}
    for one in given or ():
        name, equals, what = one.partition("=")
        if not equals or not what or not _NAME.fullmatch(name):
            raise BenchError(f"{option} '{one}' is not NAME=…, e.g. {option} sft=…; a name has letters, digits, ._@+-")
        if name in found:
            raise BenchError(f"{option} names '{name}' twice")
        found[name] = what
    return found


def _tell(result: BenchResult | None, drifts: Mapping[str, Drift], rows: Mapping[str, Mapping[str, Any]]) -> None:
    if result is not None:
        show_prediction(result, console)
    if drifts:
        show_drift(drifts, console)
    if rows:
        show_awb(rows, console)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notices, transient=True, disable=not notices.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)
