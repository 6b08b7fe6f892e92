"""`mcp-sim worldmodel`: serve the language model that answers where no rule does."""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from mcp_sim.cli.options import Json
from mcp_sim.cli.output import console, notices, print_json
from mcp_sim.errors import SetupError
from mcp_sim.probes import Probe, probe
from mcp_sim.worldmodel.gpus import count_gpus
from mcp_sim.worldmodel.launch import Launch, plan, serving
from mcp_sim.worldmodel.presets import PRESETS, Preset, find_preset
from mcp_sim.worldmodel.settings import Settings, read_settings

HERE = Path(".venv-vllm/bin/python")
"""Where `make vllm-env` puts a Python that has vLLM."""

commands = typer.Typer(no_args_is_help=True, help="Serve the language model that answers where no rule does.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="worldmodel")


@commands.command()
def presets(json: Json = False) -> None:
    """List the models that are known to serve well, and what they need."""
    if json:
        print_json([asdict(preset) for preset in PRESETS.values()])
        return
    table = Table(Column("preset", no_wrap=True), "what it is", "GPUs", "GB each", "context", show_lines=True)
    for preset in PRESETS.values():
        table.add_row(
            preset.name,
            f"{preset.description}\n[dim]{preset.model or '--model PATH'}[/]",
            str(preset.gpus or "none"),
            str(preset.memory),
            f"{preset.context:,}" if preset.context else "its own",
        )
    console.print(table)
    console.print("Serve one: [bold]mcp-sim worldmodel serve NAME[/]")


@commands.command()
def serve(
    preset: Annotated[str, typer.Argument(help="One of `mcp-sim worldmodel presets`.")],
    flags: Annotated[
        list[str] | None, typer.Argument(metavar="FLAGS", help="Behind `--`: further arguments for vLLM itself.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A folder with a checkpoint, or a Hugging Face id, in place of the preset's own.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port.")] = 8801,
    gpus: Annotated[int | None, typer.Option(min=1, max=1024, help="GPUs that the model is split over.")] = None,
    python: Annotated[
        Path | None,
        typer.Option(
            envvar="MCP_SIM_VLLM_PYTHON",
            help=f"Python of the environment that has vLLM; default: {HERE} here, else this one.",
        ),
    ] = None,
    log: Annotated[Path | None, typer.Option(help="File for what vLLM says.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the command and start nothing.")] = False,
) -> None:
    """Start vLLM, say when it answers, and end it together with this command."""
    found = find_preset(preset)
    launch = plan(
        found,
        python=_python(python),
        model=_model(model),
        host=host,
        port=port,
        gpus=gpus,
        extra=_checked(flags or []),
    )
    if dry_run:
        console.out(_shell(launch), highlight=False)
        return
    _refuse_without_gpus(found, launch)
    # A supervisor that says SIGTERM finds nothing left when this has ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with serving(launch, log or _log(port)) as server:
        with notices.status("vLLM is starting") as status:

            def tell(seconds: float, line: str) -> None:
                status.update(f"vLLM is starting, {seconds:.0f} s: [dim]{escape(line[:100])}[/]")

            server.wait_until_ready(tell)
        console.print(f"{escape(launch.model)} answers at [bold]{launch.url}[/] (log: {server.log})", soft_wrap=True)
        server.wait()


@commands.command()
def check(
    urls: Annotated[list[str], typer.Argument(metavar="URL", help="The server, or a YAML file of settings.")],
    model: Annotated[str | None, typer.Option(help="Name of the model there; default: the first offered.")] = None,
    json: Json = False,
) -> None:
    """Ask a model a few questions and tell whether it behaves as a world model. Exit status 1: it cannot serve."""
    # Only here: the HTTP client takes a while to load.
    from mcp_sim.worldmodel.client import Unanswered  # noqa: PLC0415 - only when it is wanted

    try:
        found = asyncio.run(_probes(read_settings(urls, model), quiet=json))
    except Unanswered as error:
        raise SetupError(f"{' '.join(urls)}: {error}") from None
    if json:
        print_json([asdict(one) for one in found])
    failed = [one for one in found if one.matters and not one.passed]
    if not json:
        verdict = "It cannot serve as a world model yet." if failed else "It serves as a world model."
        console.print(f"[bold]{verdict}[/]")
    if failed:
        raise typer.Exit(1)


async def _probes(settings: Settings, *, quiet: bool) -> list[Probe]:
    found = []
    async for one in probe(settings):
        found.append(one)
        if not quiet:
            mark = "[green]yes[/]" if one.passed else "[red]no [/]" if one.matters else "[yellow]no [/]"
            text = one.found if len(one.found) <= 300 else f"{one.found[:299]}…"
            console.print(f"{mark} {one.asks}\n    [dim]{escape(text)}[/]", soft_wrap=True, highlight=False)
    return found


def _python(given: Path | None) -> Path:
    python = given or (HERE if HERE.exists() else Path(sys.executable))
    if not python.exists():
        raise SetupError(f"there is no Python at {python}: name one that has vLLM with --python")
    return python


def _model(given: str | None) -> Path | str | None:
    """A folder where there is one, else what can be a Hugging Face id."""
    if given is None:
        return None
    folder = Path(given).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").exists():
            raise SetupError(f"{folder} holds no checkpoint: it has no config.json")
        return folder.resolve()
    if given.startswith(("/", ".", "~")) or given.count("/") != 1:
        raise SetupError(f"there is no folder {given}: --model takes the folder of a checkpoint or a Hugging Face id")
    return given


def _checked(flags: list[str]) -> tuple[str, ...]:
    if flags and not flags[0].startswith("-"):
        raise SetupError(f"'{flags[0]}' is no argument for vLLM; those follow `--`, e.g. -- --max-model-len 8192")
    return tuple(flags)


def _refuse_without_gpus(preset: Preset, launch: Launch) -> None:
    """Say what can be done instead, before vLLM fails in its own words."""
    there = count_gpus()
    spread = {"--distributed-executor-backend", "--data-parallel-backend", "--nnodes"}
    if not preset.gpus or there is None or spread & {flag.partition("=")[0] for flag in launch.command}:
        return
    wanted = int(launch.command[launch.command.index("--tensor-parallel-size") + 1])
    if there == 0:
        raise SetupError(
            f"preset '{preset.name}' needs a GPU and this machine has none: serve a small checkpoint with "
            "`mcp-sim worldmodel serve cpu --model PATH`, or give `mcp-sim serve --worldmodel URL` the address of "
            "another machine or of a hosted API"
        )
    if there < wanted:
        raise SetupError(
            f"preset '{preset.name}' is split over {wanted} GPUs and this machine has {there}: "
            f"say --gpus {there}, if {preset.memory * preset.gpus} GB fit into that"
        )


def _shell(launch: Launch) -> str:
    variables = [f"{name}={value}" for name, value in launch.environment.items()]
    return shlex.join([*(["env", *variables] if variables else []), *launch.command])


def _log(port: int) -> Path:
    return Path(typer.get_app_dir("mcp-sim")) / f"worldmodel-{port}.log"
