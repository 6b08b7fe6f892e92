"""`mcp-sim bench`: how well does a twin predict what the real service answered?"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from mcp_sim.bench import Bench
from mcp_sim.bench.html import html
from mcp_sim.bench.text import text
from mcp_sim.cli.output import complain, console, notices
from mcp_sim.errors import SetupError
from schemas.load import load_world
from schemas.recorded import RecordedCall
from schemas.types import World
from store.traces.importers import Complaint, read_recorded

HELP = """
Measure a twin on recorded calls.

Every answer is predicted twice: with the rows that earlier real answers showed merged into the twin (teacher-forced),
and by the twin's own rows alone (closed loop). Exact means: JSON equal but for key order and number form, text equal
after trimming, an error where there was one. A call that the twin declines counts as wrong.

Recorded calls are traces of mcp-sim, calls as JSON Lines, captured MCP messages, or an HTTP archive (HAR), packed with
gzip or not.
"""
_TOLD = 5


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("bench", help=HELP)(bench)


def bench(
    world: Annotated[str, typer.Argument(metavar="WORLD_DIR", help="The twin: a folder or file, or a shipped world.")],
    traces: Annotated[list[Path], typer.Option("--traces", metavar="FILE", help="Recorded calls; repeatable.")],
    json_file: Annotated[Path | None, typer.Option("--json", metavar="OUT", help="Write the numbers as JSON.")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", metavar="OUT", help="Write a page with examples.")] = None,
    trained_on: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="What the twin was learned from: tell apart calls never seen; repeatable."),
    ] = None,
    domain: Annotated[str | None, typer.Option(metavar="NAME", help="Only calls of this domain of a file.")] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="REGEX", help="Leave out calls whose real answer has this, e.g. injected faults."),
    ] = None,
) -> None:
    """Measure a twin; see HELP."""
    for path in (json_file, html_file):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise SetupError(f"{path} cannot be written: it is a folder, or there is no folder {path.parent}")
    twin = _world(world)
    without = [_pattern(pattern) for pattern in leave_out or ()]
    told = Told()
    calls = list(_read(traces, domain, without, told))
    known = None if trained_on is None else list(_read(trained_on, domain, without, told))
    told.sum_up()
    if not calls:
        of_domain = f" of the domain '{domain}'" if domain is not None else ""
        raise SetupError(f"there is no recorded call{of_domain} in {', '.join(map(str, traces))}")
    with _progress(len(calls)) as advance:
        result = asyncio.run(Bench(twin, calls, known, advance).run())
    if json_file is not None:
        json_file.write_bytes(orjson.dumps(result.summary(), option=orjson.OPT_INDENT_2) + b"\n")
    if html_file is not None:
        html_file.write_text(html(result), encoding="utf-8")
    text(result, console)


class Told:
    """What could not be read: the first of each file is told, the others are counted."""

    def __init__(self) -> None:
        self._counts: Counter[Path] = Counter()

    def __call__(self, complaint: Complaint) -> None:
        """Tell, or count."""
        self._counts[complaint.path] += 1
        if self._counts[complaint.path] <= _TOLD:
            complain(str(complaint))

    def sum_up(self) -> None:
        """Say how many more there are."""
        for path, count in self._counts.items():
            if count > _TOLD:
                complain(f"{path}: and {count - _TOLD:,} more like these")


def _world(name: str) -> World:
    """The world of a folder, or what `load_world` finds."""
    folder = Path(name)
    files = [folder / f"world.{suffix}" for suffix in ("yaml", "yml", "json")] if folder.is_dir() else []
    return load_world(next((path for path in files if path.is_file()), name))


def _read(paths: list[Path], domain: str | None, without: list[re.Pattern[str]], told: Told) -> Iterator[RecordedCall]:
    found = read_recorded(paths, domain=domain, tell=told)
    return (call for call in found if not any(pattern.search(call.text) for pattern in without))


def _pattern(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise SetupError(f"--leave-out: '{pattern}' is no regular expression: {error.msg}") from None


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("predicting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=notices, transient=True, disable=not notices.is_terminal) as progress:
        task = progress.add_task("", total=total)
        yield lambda calls: progress.advance(task, calls)
