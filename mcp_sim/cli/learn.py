"""`mcp-sim learn`: a twin of a service, from its data and recorded calls."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mcp_sim.cli.output import complain, console, notices
from mcp_sim.errors import SetupError
from mcp_sim.learn.data import read_data
from mcp_sim.learn.twin import Learned, learn
from mcp_sim.learn.write import write
from schemas.load import load_world
from store.traces.importers import Complaint, read_recorded

_TOLD = 5


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("learn")(command)


def command(
    name: Annotated[str, typer.Option(metavar="NAME", help="The name of the pack.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the pack is written.")],
    data: Annotated[
        list[Path] | None, typer.Option(metavar="PATH", help="Initial rows: JSON, JSON Lines, CSV, TOML; repeatable.")
    ] = None,
    traces: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Recorded calls with their answers; repeatable.")
    ] = None,
    domain: Annotated[str | None, typer.Option(metavar="NAME", help="Only calls of this domain of a file.")] = None,
) -> None:
    """Learn what every tool of a service does, from its initial rows and from recorded calls, and write it as a pack.

    What `overrides.json` in the folder says wins over what was learned, now and whenever it is learned again.
    """
    if not traces:
        raise SetupError("There is nothing to learn from: name recorded calls with --traces FILE")
    complaints: Counter[Path] = Counter()

    def tell(complaint: Complaint) -> None:
        complaints[complaint.path] += 1
        if complaints[complaint.path] <= _TOLD:
            complain(str(complaint))

    calls = list(read_recorded(traces, domain=domain, tell=tell))
    if not calls:
        raise SetupError(f"{', '.join(map(str, traces))}: there is no call in it to learn from")
    rows = read_data(data or [])
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notices, transient=True) as bar:
        task = bar.add_task("learning", total=None)
        learned = learn(
            name,
            rows,
            calls,
            progress=lambda done, total, tool: bar.update(task, completed=done, total=total, description=tool),
        )
    write(learned, out)
    world = load_world(out)
    _tell(learned, len(calls))
    console.out(f"{out}: {len(world.entities)} entities, {len(world.tools)} tools. Look: mcp-sim serve {out}")


def _tell(learned: Learned, calls: int) -> None:
    tools = learned.facts["tools"]
    unknown = [tool for tool, facts in tools.items() if facts["answer"] is None]
    console.out(f"{calls} calls of {len(tools)} tools read.")
    if unknown:
        console.out(f"Not understood, so left to a world model: {', '.join(unknown)}")
    for tool, facts in tools.items():
        for text, times in facts["unexplained"].items():
            console.out(f'{tool}: no condition found for {times} times "{text[:80]}"')
        for name, times in facts["undecided"].items():
            console.out(f"{tool}: {name} changes {times} times, and it is not clear how")
