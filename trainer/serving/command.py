"""`python -m trainer serve`: a checkpoint behind an OpenAI-compatible endpoint, on a CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mcp_sim.cli.listening import address, listen
from mcp_sim.cli.listening import run as serve_application
from mcp_sim.cli.output import console
from trainer.environment import prepare
from trainer.errors import TrainingError

SHIPPED = Path(__file__).parents[1] / "shipped"
"""The checkpoint that comes with the package, where one does."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    checkpoint: Annotated[
        Path | None, typer.Argument(help="The folder of a checkpoint; default: the one that comes along, if there is.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    name: Annotated[str | None, typer.Option(help="Name of the model; default: that of its folder.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any free one.")] = 8801,
) -> None:
    """Serve a small checkpoint without vLLM, one answer at a time: /v1/models, /v1/chat/completions, /health."""
    folder = _folder(checkpoint)
    prepare("serving a checkpoint", "torch", "transformers", "llguidance")
    from trainer.serving.app import application  # noqa: PLC0415 - torch is imported here, once the environment is set
    from trainer.serving.generation import Checkpoint  # noqa: PLC0415 - as well

    engine = Checkpoint(folder)
    listener = listen(host, port)
    place = address(host, listener.getsockname()[1])
    called = name or folder.name
    console.print(f"{escape(called)} answers at [bold]{place}[/]", soft_wrap=True)
    serve_application(application(engine, called, host=host), listener)


def _folder(given: Path | None) -> Path:
    if given is None and not SHIPPED.is_dir():
        raise TrainingError("no checkpoint comes with this version: name the folder of one")
    folder = (SHIPPED if given is None else given.expanduser()).resolve()
    if not folder.is_dir():
        raise TrainingError(f"there is no folder {folder}: name the folder of a checkpoint")
    return folder
