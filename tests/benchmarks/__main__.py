"""`python -m tests.benchmarks`: measure and print. It fails when something did not run, or a verdict cannot be trusted.

Speeds are not judged.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tests.benchmarks import correctness, floor, footprint, judged, memory, packages, tables, throughput
from tests.benchmarks.contracts import trust
from tests.benchmarks.peers import PEERS, Peer
from tests.benchmarks.report import Report
from tests.benchmarks.worldmodel import cost, horizon, novelty, overhead
from tests.benchmarks.worldmodel.endpoint import Endpoint
from tests.worldmodel.adversary import Pace

WIDTH = 150
"""Columns, where no terminal says how many it has."""


class Part(StrEnum):
    """What can be run alone."""

    FLOOR = "floor"
    MEMORY = "memory"
    THROUGHPUT = "throughput"
    CHECKS = "checks"
    FOOTPRINT = "footprint"
    WORLDMODEL = "worldmodel"
    CONTRACTS = "contracts"
    STRIPE = "stripe"


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A smoke test: few calls, numbers that mean little.")] = False,
    install: Annotated[
        bool, typer.Option("--install", help="Also weigh a base install, in a fresh environment.")
    ] = False,
    only: Annotated[list[Part] | None, typer.Option(help="A part to run; may be repeated. Default: all.")] = None,
    peer: Annotated[list[str] | None, typer.Option(help="A server to run; may be repeated. Default: all.")] = None,
    worldmodel: Annotated[
        str | None, typer.Option(help="URL of a world model's server. Default: a stand-in.", metavar="URL")
    ] = None,
    model: Annotated[str, typer.Option(help="The name of the model there. Default: the first that it offers.")] = "",
    json: Annotated[Path | None, typer.Option(help="Also write the results to this file.")] = None,
) -> None:
    """Measure mcp-sim beside the bare MCP SDK and beside other mock servers."""
    signal.signal(signal.SIGTERM, _leave)
    report = Report(Console(width=None if sys.stdout.isatty() else WIDTH))
    parts = only or list(Part)
    if Part.FLOOR in parts:
        with report.part("floor"):
            rows = floor.measure(rounds=2, calls=16) if quick else floor.measure()
            report.add("floor", rows, tables.costs(rows))
    if Part.MEMORY in parts:
        with report.part("memory"):
            found = memory.measure((1_000, 4_000), rounds=20) if quick else memory.measure()
            report.add("memory", found, memory.table(found))
    if Part.THROUGHPUT in parts or Part.CHECKS in parts:
        peers = _ready(_chosen(peer or []), report)
        if Part.THROUGHPUT in parts:
            _run_throughput(report, peers, quick)
        if Part.CHECKS in parts:
            _run_checks(report, peers)
    if Part.FOOTPRINT in parts:
        with report.part("footprint"):
            imports = footprint.import_times(rounds=1 if quick else 7)
            weight = footprint.installation() if install else None
            report.add("footprint", {"imports": imports, "installation": weight}, tables.footprint(imports, weight))
    if Part.WORLDMODEL in parts:
        _run_worldmodel(report, None if worldmodel is None else Endpoint.at(worldmodel, model), quick)
    if Part.CONTRACTS in parts:
        trust.run(report, quick=quick)
    if Part.STRIPE in parts:
        _run_spec(report, quick, is_asked=bool(only))
    if json:
        report.write(json)
    report.print_problems()
    raise typer.Exit(1 if report.problems or report.misses else 0)


def _chosen(names: Sequence[str]) -> list[Peer]:
    known = {peer.name.lower(): peer for peer in PEERS}
    for name in names:
        if name.lower() not in known:
            raise typer.BadParameter(f"no server '{name}'; there are {', '.join(known)}")
    return [known[name.lower()] for name in names] or list(PEERS)


def _ready(peers: list[Peer], report: Report) -> list[Peer]:
    """The servers that can run: ours always can, the others want their packages."""
    ours = [peer for peer in peers if peer.name == "mcp-sim"]
    if ours == peers:
        return ours
    try:
        packages.install()
    except packages.Missing as error:
        report.problems.append(f"the servers beside mcp-sim: {error}")
        return ours
    return peers


def _run_throughput(report: Report, peers: Sequence[Peer], quick: bool) -> None:
    with report.part("throughput"):
        plan = {"rounds": 1, "visits": 8, "warm_up": 2} if quick else {}
        rows, problems = throughput.measure(peers, **plan)
        report.problems.extend(problems)
        report.add("throughput", rows, tables.throughputs(rows))


def _run_checks(report: Report, peers: Sequence[Peer]) -> None:
    scores = []
    for peer in peers:
        with report.part(f"checks at {peer.name}"):
            scores.append(correctness.score(peer))
    report.add("checks", scores, tables.scores(scores))


def _run_worldmodel(report: Report, real: Endpoint | None, quick: bool) -> None:
    with report.part("what a world model costs"):
        found = cost.measure(real, sessions=2, calls=10) if quick else cost.measure(real)
        report.add("worldmodel cost", found, cost.table(found))
        report.add("worldmodel prompt cache", found.novelties, novelty.table(found.novelties))
    with report.part("what mcp-sim adds to a world model"):
        fast = Pace(first_token=0.02, token=0.0005)
        loads = overhead.measure(real, rounds=1, calls=1, lived=1, pace=fast) if quick else overhead.measure(real)
        report.add("worldmodel overhead", loads, overhead.table(loads))
        if real is None and not quick:
            slow = overhead.measure(None, pace=overhead.ONE_BY_ONE)
            report.add("worldmodel overhead, one token at a time", slow, overhead.table(slow))
    with report.part("a long session with a world model"):
        seen = horizon.measure(real, steps=120) if quick else horizon.measure(real)
        report.add("worldmodel horizon", seen, horizon.table(seen))


def _run_spec(report: Report, quick: bool, *, is_asked: bool) -> None:
    """A large real spec, served by us and by Prism; left out where there is none, unless it is asked for."""
    if not is_asked and "MCP_SIM_DATA" not in os.environ:
        return
    with report.part("a large spec, judged"):
        packages.install()
        found = list(judged.judge(10 if quick else 60))
        report.add("a large spec", found, tables.judgements(found))


def _leave(*_: Any) -> None:
    sys.exit("ended; the servers that were started are ended too")


app = typer.Typer(add_completion=False)
app.command()(main)

if __name__ == "__main__":
    app()
