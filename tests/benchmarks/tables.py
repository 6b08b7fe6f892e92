"""The results as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from tests.benchmarks.checks import CHECKS, Outcome
from tests.benchmarks.correctness import Score
from tests.benchmarks.floor import Cost
from tests.benchmarks.footprint import ImportTime, Installation
from tests.benchmarks.judged import Judgement
from tests.benchmarks.throughput import Throughput

MARKS: dict[Outcome, str] = {"right": "[green]✓[/]", "wrong": "[red]✗[/]", "unproven": "[yellow]○[/]"}
BASELINE = "json-server"
AIM = 3.0


def costs(rows: Sequence[Cost]) -> Table:
    """Server CPU and latency of one MCP call."""
    table = Table(title="One MCP call over HTTP (2026-07-28), microseconds", title_justify="left")
    table.add_column("")
    for heading in ("server CPU", "× floor", "p50", "p99", "p50, 8 conn.", "p99, 8 conn.", "× floor"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.cpu:,.0f}",
            _aimed(row.cpu_ratio, row.cpu_target),
            f"{row.p50:,.0f}",
            f"{row.p99:,.0f}",
            f"{row.crowd_p50:,.0f}",
            f"{row.crowd_p99:,.0f}",
            _aimed(row.crowd_p99_ratio, row.crowd_p99_target),
        )
    return table


def throughputs(rows: Sequence[Throughput]) -> Table:
    """Requests per second on the REST workload."""
    table = Table(
        title="REST workload (create, read, list, change, delete), requests/s",
        caption=f"× {BASELINE}: aim ≥ {AIM:g} for mcp-sim. {BASELINE} waits about 1 ms per request, which only one connection"
        " notices: its CPU says more.\nright: answers that show what was just written.",
        title_justify="left",
        caption_justify="left",
    )
    for heading in ("", "version"):
        table.add_column(heading)
    for heading in ("1 conn.", f"× {BASELINE}", "8 conn.", f"× {BASELINE}", "CPU µs/request", "right"):
        table.add_column(heading, justify="right")
    base = next((row for row in rows if row.peer == BASELINE), None)
    for row in rows:
        crowded = "gave up" if row.crowded is None else f"{row.crowded:,.0f}"
        alone_ratio = _times(row.alone, base.alone if base else None)
        crowd_ratio = _times(row.crowded, base.crowded if base else None)
        speeds = (f"{row.alone:,.0f}", alone_ratio, crowded, crowd_ratio)
        table.add_row(row.peer, row.version, *speeds, f"{row.cpu:,.0f}", f"{row.right:.0%}")
    return table


def scores(rows: Sequence[Score]) -> Table:
    """Every check at every server."""
    table = Table(
        title="40 checks of a server that keeps users and orders",
        caption="✓ right   ✗ wrong   ○ not counted: its positive control did not hold",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("")
    for row in rows:
        table.add_column(f"{row.peer}\n{row.version}", justify="center")
    for n, check in enumerate(CHECKS):
        table.add_row(check.sentence, *(MARKS[row.results[n].outcome] for row in rows))
    table.add_section()
    table.add_row("[bold]right[/]", *(f"[bold]{row.right}[/]" for row in rows))
    return table


def judgements(rows: Sequence[Judgement]) -> Table:
    """What schemathesis found at every server of a large spec."""
    table = Table(
        title="A large real spec, judged by the stateful phase of schemathesis",
        caption="judged on the operations whose schemas are no web of circles, fields that expand holding keys alone",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("")
    for row in rows:
        table.add_column(f"{row.server}\n{row.version}", justify="right")
    starts = ["not in time" if row.start is None else f"{row.start:.0f} s" for row in rows]
    table.add_row("whole file: learned and listening after", *starts)
    table.add_row("requests judged", *(str(row.cases) for row in rows))
    table.add_row("it ended, and was started again", *(str(row.ends) for row in rows))
    for what in dict.fromkeys(what for row in rows for what in row.failures):
        table.add_row(what, *(str(row.failures.get(what, 0)) for row in rows))
    table.add_section()
    table.add_row("[bold]failures[/]", *(f"[bold]{sum(row.failures.values())}[/]" for row in rows))
    per = [f"{100 * sum(row.failures.values()) / max(1, row.cases):.1f}" for row in rows]
    table.add_row("per 100 requests", *per)
    return table


def footprint(imports: Sequence[ImportTime], installation: Installation | None) -> Table:
    """Import time and install size."""
    table = Table(title="Footprint", show_header=False, title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    for row in imports:
        table.add_row(row.statement, f"{max(row.milliseconds, 0):,.0f} ms")
    if installation:
        table.add_row("base install", f"{installation.megabytes:,.0f} MB, {installation.packages} packages")
        table.add_row("time to install", f"{installation.seconds:,.0f} s")
    return table


def _aimed(ratio: float, target: float | None) -> str:
    if target is None:
        return f"{ratio:.2f}"
    return f"[{'green' if ratio <= target else 'red'}]{ratio:.2f}[/] (≤ {target:.1f})"


def _times(value: float | None, base: float | None) -> str:
    return "" if value is None or not base else f"{value / base:.1f}"
