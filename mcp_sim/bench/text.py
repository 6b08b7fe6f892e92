"""A result as tables for a terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mcp_sim.bench.result import Part, Result
from mcp_sim.fidelity import Tally, wilson

_SLICES = {
    "reads": "reads",
    "writes": "writes",
    "successful_writes": "successful writes",
    "changed_reads": "reads of changed state",
    "unseen_arguments": "arguments never seen",
}
_MEASURES = {
    "exact": "exact",
    "leaf_f1": "leaf F1",
    "status": "status",
    "code": "HTTP status",
    "error_text": "err. text",
}


def text(result: Result, console: Console) -> None:
    """Print both modes: all calls, the calls told apart, and tool by tool."""
    for title, part in (("Teacher-forced", result.teacher_forced), ("Closed loop", result.closed_loop)):
        console.print(_table(title, part))
    merged = result.merged
    if merged.rows or merged.refused:
        refused = ", ".join(f"{count} {rule}" for rule, count in sorted(merged.refused.items()))
        left = f"; not merged: {refused}" if refused else ""
        console.print(f"[dim]Rows of real answers merged into the twin: {merged.rows}{left}[/]", highlight=False)


def _table(title: str, part: Part) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 0, 0, 1), pad_edge=False
    )
    measures = {name: shown for name, shown in _MEASURES.items() if name != "code" or part.total.count("code")}
    table.add_column("calls of", min_width=16, overflow="fold")
    for shown in ("calls", "exact", "95 %", *list(measures.values())[1:], "declined"):
        table.add_column(shown, justify="right", no_wrap=True, style="dim" if shown == "95 %" else None)
    table.add_row(*_cells("all", part.total, measures), style="bold", end_section=True)
    for name, tally in part.slices.items():
        if tally.calls:
            table.add_row(*_cells(_SLICES[name], tally, measures))
    table.add_section()
    for tool in sorted(part.by_tool, key=lambda name: -part.by_tool[name].calls):
        table.add_row(*_cells(tool, part.by_tool[tool], measures))
    return table


def _cells(name: str, tally: Tally, measures: dict[str, str]) -> list[Text]:
    exact, *others = (tally.share(measure) for measure in measures)
    low, high = wilson(exact or 0.0, tally.calls)
    interval = f"{low * 100:.0f}–{high * 100:.0f}" if tally.calls else ""
    declined = f"{tally.declined:,}" if tally.declined else ""
    shown = [f"{tally.calls:,}", _share(exact), interval, *map(_share, others), declined]
    return [Text(name), *map(Text, shown)]


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
