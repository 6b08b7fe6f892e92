"""`mcp-sim test`: is this agent fit for the job?"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.logging import RichHandler

from mcp_sim.cli.asking import Model, WorldModelUrls, connected
from mcp_sim.cli.connect import URL, Client, config_file
from mcp_sim.cli.options import open_database
from mcp_sim.cli.output import complain, console, notices
from mcp_sim.cli.watching import watching
from mcp_sim.errors import McpSimError, SetupError
from mcp_sim.runner import Limits, Report, Trials, cases_of
from mcp_sim.runner.agents import agent_of
from mcp_sim.runner.cases import read_seeds
from mcp_sim.runner.reports import html, junit, sarif, text
from mcp_sim.runner.trials import JOBS
from mcp_sim.sessions import Sessions
from schemas.load import LoadError
from schemas.profiles import profiles
from store.errors import StoreError

HELP = "\n\n".join((
    "Try an agent in fresh sessions, and judge each by a contract.",
    "The agent is a command, run once per case, without a shell. It finds its MCP endpoint (Streamable HTTP) in"
    " MCP_SIM_URL and what it is asked to do in MCP_SIM_TASK; in its arguments, {url} and {task} stand for these, and"
    " {config} for the path of a configuration file for --client. Into the file MCP_SIM_REPORT it may write"
    ' {"answer": TEXT, "tokens": N}.',
    "Or it is a Python function, module:function, async or not, called in this process with one argument that has"
    " url, task, contract and seed; what it returns is its answer. It costs no process, and cannot be killed.",
    "Exit status: 0 all passed, 1 some failed, 2 there was no fair trial, or nothing to try.",
))  # fmt: skip
_SIGNALS = () if sys.platform == "win32" else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STATUS = {"passed": 0, "failed": 1, "error": 2}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("test", help=HELP)(try_agent)


def try_agent(
    contracts: Annotated[
        list[str],
        typer.Argument(
            metavar="CONTRACT...", help="Files, of tasks too; or shipped: shop/sell-a-cart, 'shop/*', shop, all."
        ),
    ],
    agent: Annotated[str, typer.Option(metavar="COMMAND", help="The agent: a command, or module:function.")],
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help=f"What goes wrong: {', '.join(profiles())}, or a file; repeatable."),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="N", help="How many seeds, such as 5; or which: 3,7 or 10-19.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Cases side by side.")] = JOBS,
    timeout: Annotated[float, typer.Option(min=0.1, max=86400, metavar="SECONDS", help="For one case.")] = 300,
    max_calls: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Stop an agent after N calls; default: ten times its budget, or 1000."),
    ] = None,
    client: Annotated[Client, typer.Option(help="Whose configuration file {config} is.")] = Client.CLAUDE_CODE,
    k: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Largest k of pass@k and pass^k; default: the seeds.")
    ] = None,
    junit_file: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Report as JUnit XML.")] = None,
    sarif_file: Annotated[Path | None, typer.Option("--sarif", metavar="FILE", help="Report as SARIF.")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Report as a web page.")] = None,
    db: Annotated[
        str | None, typer.Option("--db", metavar="URL", help="Keep the sessions in this database; default: nowhere.")
    ] = None,
    worldmodel: WorldModelUrls = None,
    model: Model = None,
) -> None:
    """Try an agent; see HELP."""
    try:
        for path in (junit_file, sarif_file, html_file):
            _check_writable(path)
        config_file(client, URL)  # told now, not by every case
        cases = cases_of(contracts, profile or [None], None if seeds is None else read_seeds(seeds))
        asked = connected(worldmodel, model, None)
        sessions = None if db is None and asked is None else Sessions(open_database(db or "sqlite://"), asked)
        with watching(len(cases)) as watcher:
            trials = Trials(
                cases,
                agent_of(agent, partial(config_file, client)),
                jobs=jobs,
                limits=Limits(timeout, max_calls),
                k=k,
                sessions=sessions,
                watcher=watcher,
            )
            _log()
            interrupted = _run(trials)
        report = trials.report()
    except (McpSimError, LoadError, StoreError, OSError) as error:
        complain(str(error))
        raise typer.Exit(2) from None
    if report.results:
        text(report, console)
    unwritten = [
        told
        for write, path in ((junit, junit_file), (sarif, sarif_file), (_page, html_file))
        if path is not None and (told := _written(path, write(report)))
    ]
    for told in unwritten:
        complain(told)
    if interrupted is not None:
        ended = f"{len(report.results)} of {len(cases)} cases had ended"
        complain(f"Interrupted when {ended}; the others are not in the report.")
        raise typer.Exit(128 + interrupted)
    raise typer.Exit(2 if unwritten else _STATUS[report.outcome])


def _run(trials: Trials) -> int | None:
    """Run to the end, or until a signal; which one it was."""
    caught: list[int] = []

    async def run() -> Report | None:
        task = asyncio.current_task()
        assert task is not None

        def end(number: int) -> None:
            caught.append(number)
            task.cancel()

        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, end, number)
        return await trials.run()

    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(run())
    except (asyncio.CancelledError, KeyboardInterrupt):
        return caught[0] if caught else signal.SIGINT
    return None


def _written(path: Path, content: bytes) -> str:
    """Write a report; what stood in the way, or nothing."""
    try:
        path.write_bytes(content)
    except OSError as error:
        return f"the report {path} cannot be written: {error.strerror}"
    return ""


def _page(report: Report) -> bytes:
    return html(report).encode()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The faster event loop, where there is one."""
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - not there on Windows

    return uvloop.new_event_loop


def _log() -> None:
    """What goes wrong in the simulator goes to stderr, above the progress."""
    handler = RichHandler(console=notices, show_path=False)
    handler.setLevel(logging.WARNING)
    logging.getLogger("mcp_sim").handlers = [handler]


def _check_writable(path: Path | None) -> None:
    """Tell before the run, not after it, that a report cannot be written.

    Raises:
        SetupError: there is no such folder, or it is a folder itself.
    """
    if path is not None and not path.parent.is_dir():
        raise SetupError(f"the report {path} cannot be written: there is no folder {path.parent}")
    if path is not None and path.is_dir():
        raise SetupError(f"the report {path} cannot be written: it is a folder")
