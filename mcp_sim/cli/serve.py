"""`mcp-sim serve`: a world behind an MCP endpoint."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer
from rich.markup import escape
from rich.panel import Panel

from mcp_sim.cli.asking import DemonstrationTraces, Model, RecordedTraces, WorldModelUrls, connected, taught
from mcp_sim.cli.listening import address, listen, run
from mcp_sim.cli.modes import (
    BudgetOption,
    ConfidenceOption,
    HeaderOption,
    Mode,
    ModeOption,
    RecordOption,
    ReportOption,
    SecretsOption,
    TimeoutOption,
    TracesOption,
    Traffic,
    UpstreamOption,
    Wanted,
)
from mcp_sim.cli.options import Db, KeepDays, MaxDisk, open_database
from mcp_sim.cli.output import console, notices
from mcp_sim.errors import SetupError
from mcp_sim.http import create_app
from mcp_sim.http.keeping import keeping
from mcp_sim.http.operation import is_routed
from mcp_sim.server import serve_stdio
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.load import load_profile, load_world, shipped_world, shipped_worlds
from schemas.perturbations import Perturbation
from schemas.profiles import profiles
from schemas.types import World
from store.retention import Retention

FIRST = "mars-colony"
"""The world that is served when none is named."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    context: typer.Context,
    world: Annotated[str, typer.Argument(help="A shipped world (`mcp-sim worlds`), or a path.")] = FIRST,
    stdio: Annotated[bool, typer.Option("--stdio", help="Speak MCP over standard input and output.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on; other than loopback wants a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any free one.")] = 8000,
    seed: Annotated[int | None, typer.Option(min=0, max=2**53, help="Seed; default: the world's own.")] = None,
    db: Db = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"What goes wrong: {', '.join(profiles())}, or a file.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="MCP_SIM_TOKEN", help="Bearer token that every request must carry.")
    ] = None,
    keep_days: KeepDays = None,
    max_disk_mb: MaxDisk = None,
    worldmodel: WorldModelUrls = None,
    model: Model = None,
    recorded: RecordedTraces = None,
    demonstrations: DemonstrationTraces = None,
    mode: ModeOption = Mode.SIMULATE,
    upstream: UpstreamOption = None,
    header: HeaderOption = None,
    upstream_timeout: TimeoutOption = 30.0,
    record: RecordOption = None,
    traces: TracesOption = None,
    confidence: ConfidenceOption = 0.9,
    budget: BudgetOption = None,
    report: ReportOption = None,
    with_secrets: SecretsOption = False,
) -> None:
    """Serve a world. Its session `default` is at /mcp and remembers across restarts; others at /sessions/ID/mcp."""
    if stdio and (given := [name for name in ("host", "port", "token") if _is_given(context, name)]):
        raise SetupError(f"--stdio opens no port, so --{given[0]} says nothing; leave one of them out")
    named = world if _is_given(context, "world") else None
    options = (upstream, header or [], upstream_timeout, record, traces or [], confidence, budget, report or [])
    wanted = Wanted(mode, named, *options, with_secrets)
    for name, given_there in (("profile", profile), ("demonstrations", demonstrations)):
        if mode is not Mode.SIMULATE and given_there:
            raise SetupError(f"--{name} is for a simulation; leave it out in the mode {mode}")
    traffic = _traffic(wanted, world)
    definition = taught(traffic.world, demonstrations)
    perturbations = () if mode is not Mode.SIMULATE else None if profile is None else load_profile(profile, definition)
    asked = connected(worldmodel, model, recorded)
    # What a real service says is kept where somebody wants it kept, and else nowhere.
    db = "sqlite://" if db is None and mode is not Mode.SIMULATE else db
    sessions = Sessions(open_database(db), asked, traffic.modes)
    retention = Retention(keep_days, max_disk_mb)
    _log()
    if stdio:
        if sys.stdin is None or sys.stdout is None:
            raise SetupError("--stdio needs standard input and output, and one of them is closed")
        _go_on(sessions, definition, seed, perturbations)
        _settle()
        # Else Ctrl-C would wait for the thread that waits for the next line.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        asyncio.run(_serve_stdio(sessions, retention, traffic))
        raise typer.Exit(traffic.close())
    shipped = shipped_worlds() if mode is Mode.SIMULATE else ()
    worlds: dict[str, Callable[[], World]] = {name: partial(shipped_world, name) for name in shipped}
    worlds[definition.name] = lambda: definition
    face = None if traffic.face is None else traffic.face(token is not None)
    app = create_app(sessions, worlds, host=host, token=token, retention=retention, rest=face, at_end=traffic.at_end)
    listener = listen(host, port)
    place = address(host, listener.getsockname()[1])
    # Not before the port is ours: a start that fails leaves the default session where it is.
    steps = _go_on(sessions, definition, seed, perturbations)
    console.print(_welcome(definition, traffic.told, place, steps, token))
    _settle()
    if mode is not Mode.SIMULATE:
        # Uvicorn raises the signal again that ended it, and then nobody would hear what was found.
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.signal(signal.SIGINT, lambda *_: None)
    run(app, listener)
    raise typer.Exit(traffic.close())


def _traffic(wanted: Wanted, world: str) -> Traffic:
    """Who answers, and for which world."""
    wanted.check()
    if wanted.mode is Mode.SIMULATE:
        return Traffic(load_world(world))
    # Only here: what simulates does not wait for the client of a real server.
    from mcp_sim.cli.traffic import prepared  # noqa: PLC0415 - only when it is wanted

    return prepared(wanted)


def _is_given(context: typer.Context, option: str) -> bool:
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def _go_on(sessions: Sessions, world: World, seed: int | None, perturbations: tuple[Perturbation, ...] | None) -> int:
    """Make or continue the default session; how many steps it has."""
    session = sessions.serve(world, seed=seed, perturbations=perturbations)
    if session.id != DEFAULT:
        told = f"The session 'default' is of another world or seed; this one is '{session.id}'."
        notices.print(told, highlight=False)
    return sessions.info(session.id).steps


async def _serve_stdio(sessions: Sessions, retention: Retention, traffic: Traffic) -> None:
    async with keeping(sessions, retention):
        await serve_stdio(sessions)
    if traffic.at_end is not None:
        await traffic.at_end()


def _log() -> None:
    """What happens while serving goes to stderr, a line each."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("mcp_sim")
    logger.setLevel(logging.INFO)
    logger.handlers = [handler]


def _settle() -> None:
    """Move everything loaded so far out of the garbage collector's sight: it will not go away, and scans cost."""
    gc.collect()
    gc.freeze()


def _welcome(world: World, told: list[str], place: str, steps: int, token: str | None) -> Panel:
    lines = [
        f"[bold]{world.title or world.name}[/]  {world.description}",
        "",
        f"MCP endpoint   [bold]{place}/mcp[/]",
        f"Control API    {place}/control/openapi.json",
    ]
    lines += map(escape, told)
    if is_routed(world):
        lines.append(f"REST face      {place}/api/openapi.json")
    if steps:
        lines += [
            f"Continues      at step {steps}; this starts over:",
            f"  curl -X POST {place}/control/sessions/default/reset",
        ]
    if token:
        lines.append("Every request  carries the header  Authorization: Bearer TOKEN")
    lines += ["", f"Connect        mcp-sim connect claude-code --url {place}/mcp   (or another client)"]
    if world.examples:
        lines += ["", "Try first"]
    for example in world.examples:
        arguments = ", ".join(f"{name}={value!r}" for name, value in example.arguments.items())
        lines.append(f"  [cyan]{example.tool}[/]({escape(arguments)})  {escape(example.why)}")
    return Panel("\n".join(lines), title=f"mcp-sim · {world.name}", title_align="left", expand=False)
