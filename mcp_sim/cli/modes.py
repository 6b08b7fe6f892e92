"""The options that say who answers the calls of `mcp-sim serve`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from starlette.types import ASGIApp

from mcp_sim.errors import SetupError
from mcp_sim.session import Mode as Answering
from schemas.types import World


class Mode(StrEnum):
    """Hoverfly's words for who answers."""

    SIMULATE = "simulate"
    CAPTURE = "capture"
    SPY = "spy"
    DIFF = "diff"
    REPLAY = "replay"


ModeOption = Annotated[
    Mode,
    typer.Option(
        "--mode",
        help="Who answers: the world (simulate), a real service that is recorded (capture), the world where it is sure"
        " (spy), both, compared (diff), a recording (replay).",
    ),
]
UpstreamOption = Annotated[
    str | None,
    typer.Option(metavar="COMMAND-OR-URL", help="The real service: the command of an MCP server, or a URL."),
]
HeaderOption = Annotated[
    list[str] | None, typer.Option("--header", metavar="'NAME: VALUE'", help="For a real service at a URL; repeatable.")
]
TimeoutOption = Annotated[
    float, typer.Option("--upstream-timeout", min=0.1, metavar="SECONDS", help="Patience with the real service.")
]
RecordOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Where real answers are written down, without secrets.")
]
TracesOption = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Recordings: to replay, or those that the world was learned from (spy)."),
]
ConfidenceOption = Annotated[
    float, typer.Option(min=0, max=1, help="How sure the world has to be of an answer of its own (spy).")
]
BudgetOption = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Calls that the real service may be asked (spy).")
]
ReportOption = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Where differences are told: .html or .json (diff); repeatable."),
]
SecretsOption = Annotated[bool, typer.Option("--with-secrets", help="Write secrets down as they are.")]


@dataclass(frozen=True)
class Wanted:
    """What the options of a mode say."""

    mode: Mode
    world: str | None
    upstream: str | None
    headers: list[str]
    timeout: float
    record: Path | None
    traces: list[Path]
    confidence: float
    budget: int | None
    reports: list[Path]
    with_secrets: bool

    def check(self) -> None:
        """See that they belong together.

        Raises:
            SetupError: one is missing, or says nothing in this mode.
        """
        needs_upstream = self.mode in (Mode.CAPTURE, Mode.SPY, Mode.DIFF)
        if needs_upstream and self.upstream is None:
            raise SetupError(f"--mode {self.mode} needs a real service: name it with --upstream COMMAND-OR-URL")
        given = {
            "--upstream": (self.upstream, needs_upstream),
            "--header": (self.headers, needs_upstream),
            "--record": (self.record, needs_upstream),
            "--traces": (self.traces, self.mode in (Mode.SPY, Mode.REPLAY)),
            "--budget": (self.budget, self.mode is Mode.SPY),
            "--report": (self.reports, self.mode is Mode.DIFF),
        }
        for option, (value, fits) in given.items():
            if value not in (None, []) and not fits:
                raise SetupError(f"{option} says nothing in the mode {self.mode}; leave it out")
        if self.mode is Mode.CAPTURE and self.record is None:
            raise SetupError("--mode capture needs a place for what it hears: name it with --record FILE")
        if self.mode is Mode.REPLAY and not self.traces:
            raise SetupError("--mode replay needs what was recorded: name it with --traces FILE")
        if self.mode is Mode.CAPTURE and self.world is not None:
            raise SetupError("--mode capture takes its tools from the real service; leave the world out")
        if self.mode in (Mode.SPY, Mode.DIFF) and self.world is None:
            raise SetupError(
                f"--mode {self.mode} sets a world beside a real service: name it, e.g. the folder of a twin"
            )


@dataclass
class Traffic:
    """A mode made ready.

    Attributes:
        world: what is served.
        modes: who answers its calls, where that is not the world.
        face: what answers as a REST API, where that is not the world.
        told: what a user should know, in one line each.
        at_end: ends the connections to a real service, where they are used.
        close: ends what was opened, and tells what was found; returns the exit status.
    """

    world: World
    modes: Mapping[World, Answering] = field(default_factory=dict)
    face: Callable[[bool], ASGIApp] | None = None
    told: list[str] = field(default_factory=list)
    at_end: Callable[[], Awaitable[None]] | None = None
    close: Callable[[], int] = lambda: 0
