"""The options that connect a world model, and the world model that they mean."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcp_sim.cli.output import notices
from mcp_sim.errors import SetupError
from store.completions import completions_of
from store.traces.replay import TraceError, read_trace

if TYPE_CHECKING:
    from mcp_sim.worldmodel.worldmodel import WorldModel
    from schemas.types import Completion

WorldModelUrls = Annotated[
    list[str] | None,
    typer.Option(
        "--worldmodel",
        metavar="URL",
        envvar="MCP_SIM_WORLDMODEL",
        help="An OpenAI-compatible server of a world model, e.g. http://127.0.0.1:8801; repeat it for replicas."
        " Or a YAML file of settings.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option("--model", envvar="MCP_SIM_MODEL", help="Name of the model there; default: the first offered."),
]
RecordedTraces = Annotated[
    list[Path] | None,
    typer.Option("--recorded", metavar="TRACE", help="Give the answers of the world model that this trace recorded."),
]


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
    from mcp_sim.worldmodel.client import Unanswered  # noqa: PLC0415
    from mcp_sim.worldmodel.settings import read_settings  # noqa: PLC0415
    from mcp_sim.worldmodel.worldmodel import WorldModel  # noqa: PLC0415

    settings = read_settings(urls or [], model)
    if settings.urls:
        first = WorldModel(settings)  # one of its own, because its connections belong to the loop that made them
        try:
            asyncio.run(first.try_out())
        except Unanswered as error:
            told = f"The world model does not answer yet: {error}. Until it does, its tools are made up."
            notices.print(told, highlight=False, markup=False)
    return WorldModel(settings, recorded=[found for path in recorded or () for found in _completions(path)])


def _completions(path: Path) -> list[Completion]:
    try:
        with path.open("rb") as file:
            return [found for step in read_trace(file).steps for found in completions_of(step)]
    except (TraceError, OSError) as error:
        raise SetupError(f"--recorded {path}: {error}") from None
