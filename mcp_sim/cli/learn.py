"""`mcp-sim learn`: a twin of a service, from what it declares, its data and recorded calls."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mcp_sim.cli.openapi import learn_recorded, learn_spec
from mcp_sim.cli.output import console, note, notices
from mcp_sim.errors import SetupError
from mcp_sim.learn.data import read_data
from mcp_sim.learn.given import Given
from mcp_sim.learn.openapi.archive import is_recorded
from mcp_sim.learn.tools import ToolList, read_tools, tools_of
from mcp_sim.learn.twin import Learned, learn
from mcp_sim.learn.write import write
from mcp_sim.responders.live.address import address_of
from schemas.load import load_world
from schemas.recorded import RecordedCall
from schemas.types import PACK_NAME
from store.traces.importers import Complaint, Operation, read_recorded, recorded_tools

_TOLD = 5
_SENTENCES = 20


@dataclass(frozen=True, slots=True)
class Sources:
    """The files and services that a twin is learned from, as they were named."""

    tools: list[Path]
    data: list[Path]
    traces: list[Path]
    domain: str | None
    service: str | None = None

    def given(self) -> Given:
        """All that they hold."""
        given = Given()
        if self.service is not None:
            given.add_tools(_listed_by(self.service))
        for path in self.tools:
            given.add_tools(_list_of_tools(path))
        if not given.tools:
            for path in self.traces:
                given.add_tools(tools_of(recorded_tools(path, tell=lambda _: None), str(path)))
        given.rows = read_data(self.data, given.told.append)
        told: list[str] = []
        given.add_calls(self.calls(told))
        given.told[:0] = told
        if not given.calls and not given.tools:
            named = "--openapi FILE, --tools FILE, --from-mcp COMMAND-OR-URL or --traces FILE"
            raise SetupError("\n".join([*given.told, f"There is nothing to learn from: name {named}"]))
        return given

    def calls(self, told: list[str], operations: Sequence[Operation] = ()) -> list[RecordedCall]:
        """The recorded calls, requests named after these operations; what cannot be read is told."""
        heard = _Heard()
        found = list(read_recorded(self.traces, domain=self.domain, operations=operations, tell=heard))
        told += heard.told
        if self.traces and not found:
            of_domain = f" of the domain '{self.domain}'" if self.domain is not None else ""
            nothing = f"{', '.join(map(str, self.traces))}: there is no call{of_domain} in it to learn from"
            raise SetupError("\n".join([*heard.told, nothing]))
        return found


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("learn")(command)


def command(
    name: Annotated[str, typer.Option(metavar="NAME", help="The name of the pack.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the pack is written.")],
    openapi: Annotated[
        Path | None, typer.Option(metavar="FILE", help="OpenAPI 2.0, 3.0 or 3.1: its operations become the tools.")
    ] = None,
    tools: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A tools/list answer, or a list of tools; repeatable.")
    ] = None,
    from_mcp: Annotated[
        str | None,
        typer.Option(metavar="COMMAND-OR-URL", help="A live MCP server, whose tools are listed."),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Initial rows: JSON, JSON Lines, CSV, TOML, SQLite, a folder; repeatable."),
    ] = None,
    traces: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Recorded calls with their answers; repeatable.")
    ] = None,
    domain: Annotated[str | None, typer.Option(metavar="NAME", help="Only calls of this domain of a file.")] = None,
) -> None:
    """Learn what every tool of a service does, from what it declares, its rows and its recorded calls, as a pack.

    What `overrides.json` in the folder says wins over what was learned, now and whenever it is learned again.
    """
    if not re.fullmatch(PACK_NAME, name):
        raise SetupError(f"--name '{name}': a pack has a name like '{_like(name)}'")
    _check_places(
        {"--openapi": [openapi] if openapi else [], "--tools": tools, "--data": data, "--traces": traces}, out
    )
    if openapi is not None:
        if tools or from_mcp:
            option = "--tools" if tools else "--from-mcp"
            raise SetupError(f"--openapi says which tools there are; leave out {option}, or learn from these alone")
        learn_spec(openapi, data or [], Sources([], [], traces or [], domain).calls, name, out)
        return
    if traces and not (tools or from_mcp or domain) and is_recorded(traces):
        learn_recorded(traces, data or [], Sources([], [], traces, None).calls, name, out)
        return
    given = Sources(tools or [], data or [], traces or [], domain, from_mcp).given()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notices, transient=True) as bar:
        task = bar.add_task("learning", total=None)
        learned = learn(
            name,
            given,
            lambda done, total, tool: bar.update(task, completed=done, total=total, description=tool),
        )
    write(learned, out)
    world = load_world(out)
    told = learned.facts["told"]
    for sentence in told[:_SENTENCES]:
        note(sentence)
    if len(told) > _SENTENCES:
        note(f"and {len(told) - _SENTENCES:,} more like these; {out / 'report.json'} has them all under 'told'")
    _tell(learned, len(given.calls))
    console.out(f"{out}: {len(world.entities)} entities, {len(world.tools)} tools. Look: mcp-sim serve {out}")


def _check_places(given: dict[str, list[Path] | None], out: Path) -> None:
    """Tell of a path that is not there, or is no folder, before anything is learned."""
    for option, paths in given.items():
        for path in paths or ():
            if not path.exists():
                raise SetupError(f"{option} {path}: there is no such file")
    if out.exists() and not out.is_dir():
        raise SetupError(f"--out {out}: this is a file; name a folder, which may be new")


def _like(name: str) -> str:
    """The nearest name that a pack may have."""
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("0123456789-")[:64] or "shop"


class _Heard:
    """What cannot be read of files: the first of each are kept, the others are counted."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._counts: Counter[Path] = Counter()

    def __call__(self, complaint: Complaint) -> None:
        self._counts[complaint.path] += 1
        if self._counts[complaint.path] <= _TOLD:
            self._kept.append(str(complaint))

    @property
    def told(self) -> list[str]:
        """All of it."""
        more = [f"{path}: and {n - _TOLD:,} more like these" for path, n in self._counts.items() if n > _TOLD]
        return [*self._kept, *more]


def _listed_by(service: str) -> ToolList:
    # Only here: a file needs no client of a real server.
    from mcp_sim.cli.upstream import reached  # noqa: PLC0415 - only when it is wanted

    upstream, tools = reached(address_of(service))
    if not tools.tools and not tools.set_aside:
        raise SetupError(f"{upstream.name} lists no tools over MCP")
    return tools


def _list_of_tools(path: Path) -> ToolList:
    try:
        return read_tools(path)
    except ValueError as error:
        raise SetupError(str(error)) from None


def _tell(learned: Learned, calls: int) -> None:
    tools = learned.facts["tools"]
    unknown = [tool for tool, facts in tools.items() if facts["answer"] is None or facts["doubt"] is not None]
    if not calls:
        console.out("Nothing was recorded: the tools are as they are declared, their answers made up.")
        return
    console.out(f"{calls:,} calls of {len(tools)} tools read.")
    if unknown:
        console.out(f"Not understood, so left to a world model: {', '.join(unknown)}")
    for tool, facts in tools.items():
        for one in facts["unexplained"]:
            console.out(f'{tool}: no condition found for {one["times"]} times "{one["text"][:80]}"')
        for one in facts["undecided"]:
            console.out(f"{tool}: {one['row']}.{one['field']} changes {one['times']} times, and it is not clear how")
