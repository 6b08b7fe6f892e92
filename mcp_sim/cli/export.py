"""`mcp-sim export`: recorded runs as data sets in the formats that others read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from mcp_sim.cli.output import complain, notices, tell_losses
from mcp_sim.errors import SetupError
from mcp_sim.tasks.harbor import write_harbor_tasks
from mcp_sim.worldmodel.perspective import seen_by_world_model
from schemas.contracts.task import read_tasks
from store.raw import RawStore, ingest
from store.traces.exporters import FORMATS, Exported, Format, write_hf, write_runs
from store.traces.importers import Complaint

_TOLD = 5
_SQLITE = b"SQLite format 3\0"

_HARBOR = "harbor"
To = StrEnum("To", {name: name for name in (*FORMATS, _HARBOR)})  # type: ignore[misc]  # mypy wants the names spelled out


class Perspective(StrEnum):
    """Who speaks in what is written."""

    agent = "agent"
    world_model = "world_model"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="Recordings in any form, folders, or one raw store; for `harbor`, files of tasks."
        ),
    ],
    to: Annotated[To, typer.Option(help="The format.")],
    out: Annotated[Path, typer.Option(help="The file to write; for `hf` and `harbor` a folder.")],
    perspective: Annotated[
        Perspective, typer.Option(help="`world_model`: calls are what is told, answers what is learned.")
    ] = Perspective.agent,
) -> None:
    """Write recorded runs as a data set, without their secrets, and tell what the format cannot hold.

    `harbor` takes the tasks of `mcp-sim tasks` instead, and writes a directory for each.
    """
    if to.value == _HARBOR:
        tasks = (task for path in recordings for task in read_tasks(path))
        notices.out(f"{write_harbor_tasks(tasks, out)} tasks in {out}", highlight=False)
        return
    form: Format = FORMATS[to.value]
    if perspective is Perspective.world_model:
        form = seen_by_world_model(form)
    with _runs(recordings) as raw:
        runs = (run for run in raw.runs() if run.parts)
        try:
            if to.value == "hf":
                exported = write_hf(runs, form, out, out.resolve().name)
            else:
                exported = write_runs(runs, form, out)
        except OSError as error:
            raise SetupError(f"{out} cannot be written: {error.strerror or error}") from None
    _tell(exported, out, to.value)


@contextmanager
def _runs(paths: list[Path]) -> Iterator[RawStore]:
    """A store of what these paths hold."""
    if len(paths) == 1 and _is_store(paths[0]):
        with RawStore(paths[0]) as raw:
            yield raw
        return
    complaints: Counter[Path] = Counter()

    def tell(complaint: Complaint) -> None:
        complaints[complaint.path] += 1
        if complaints[complaint.path] <= _TOLD:
            complain(str(complaint))

    with TemporaryDirectory() as folder, RawStore(Path(folder) / "raw.db") as raw:
        with notices.status("reading") as status:
            done = ingest(
                raw, paths, tell=tell, progress=lambda path, at, of: status.update(f"reading {path} {100 * at // of}%")
            )
        more = sum(count - _TOLD for count in complaints.values() if count > _TOLD)
        if more:
            complain(f"{more} more of this kind")
        if not raw.counts()["calls"]:
            raise SetupError(f"there is no recorded call in {', '.join(map(str, paths))}")
        if done.redacted:
            taken = ", ".join(f"{count} {kind}" for kind, count in done.redacted.most_common())
            notices.out(f"Taken out: {taken}", highlight=False)
        yield raw


def _is_store(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _tell(exported: Exported, out: Path, name: str) -> None:
    notices.out(f"{exported.runs} runs with {exported.calls} calls in {out}", highlight=False)
    tell_losses(exported.losses, name)
