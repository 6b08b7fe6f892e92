"""The options that connect a world model, and the world model that they mean."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcp_sim.cli.output import notices
from mcp_sim.errors import SetupError
from schemas.types import Step, World
from store.completions import completions_of
from store.traces.replay import TraceError, read_trace

if TYPE_CHECKING:
    from mcp_sim.worldmodel.settings import Settings
    from mcp_sim.worldmodel.worldmodel import WorldModel

EMBEDDED = "embedded"
"""What stands for a world model of this machine in place of a URL."""
WorldModelUrls = Annotated[
    list[str] | None,
    typer.Option(
        "--worldmodel",
        metavar="URL",
        envvar="MCP_SIM_WORLDMODEL",
        help="An OpenAI-compatible server of a world model, e.g. http://127.0.0.1:8801; repeat it for replicas."
        " Or a YAML file of settings. Or `embedded`: a small checkpoint, served by this command itself.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        envvar="MCP_SIM_MODEL",
        help="Name of the model there; default: the first offered. With `embedded`, the folder of a checkpoint.",
    ),
]
RecordedTraces = Annotated[
    list[Path] | None,
    typer.Option("--recorded", metavar="TRACE", help="Give the answers of the world model that this trace recorded."),
]
DemonstrationTraces = Annotated[
    list[Path] | None,
    typer.Option(
        "--demonstrations", metavar="TRACE", help="Show the world model how this trace's calls were answered."
    ),
]


def taught(world: World, traces: list[Path] | None) -> World:
    """The world with the calls of traces as demonstrations.

    Raises:
        SetupError: one of them is not a trace.
    """
    if not traces:
        return world
    # Only here: no other command needs it.
    from mcp_sim.worldmodel.demonstrations import with_demonstrations  # noqa: PLC0415 - only when it is wanted

    return with_demonstrations(world, [step for path in traces for step in _steps(path, "--demonstrations")])


def connected(urls: list[str] | None, model: str | None, recorded: list[Path] | None) -> WorldModel | None:
    """The world model of the options; None if they name none. Says in one sentence when it cannot be reached yet.

    Raises:
        SetupError: an option is wrong.
    """
    if not urls and not recorded:
        if model:
            raise SetupError("--model says which model of a server to ask; --worldmodel URL says where the server is")
        return None
    # Only here: its HTTP client takes a while to load, and most commands need none.
    from mcp_sim.worldmodel.client import Unanswered  # noqa: PLC0415 - only when it is wanted
    from mcp_sim.worldmodel.settings import read_settings  # noqa: PLC0415 - only when it is wanted
    from mcp_sim.worldmodel.worldmodel import WorldModel  # noqa: PLC0415 - only when it is wanted

    steps = [step for path in recorded or () for step in _steps(path, "--recorded")]
    kept = [completion for step in steps for completion in completions_of(step)]
    settings = _embedded(urls, model) if urls and EMBEDDED in urls else read_settings(urls or [], model)
    if settings.urls:
        first = WorldModel(settings)  # one of its own, because its connections belong to the loop that made them
        try:
            asyncio.run(first.try_out())
        except Unanswered as error:
            told = f"The world model does not answer yet: {error}. Until it does, its tools are made up."
            notices.print(told, highlight=False, markup=False, soft_wrap=True)
    return WorldModel(settings, recorded=kept)


def _embedded(urls: list[str], model: str | None) -> Settings:
    if len(urls) > 1:
        raise SetupError(f"--worldmodel {EMBEDDED} stands alone; leave the other {len(urls) - 1} out")
    from mcp_sim.cli.embedded import embedded  # noqa: PLC0415 - only when it is wanted

    return embedded(model)


def _steps(path: Path, option: str) -> Sequence[Step]:
    try:
        with path.open("rb") as file:
            return read_trace(file).steps
    except TraceError as error:
        raise SetupError(f"{option} {path}: {error}") from None
    except OSError as error:
        raise SetupError(f"{option} {path}: {error.strerror}") from None
