"""Results as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trainer.bench.bootstrap import Interval
from trainer.bench.drift import ARMS, Drift
from trainer.bench.result import HEADLINES, MEASURES, BenchResult


def show_prediction(result: BenchResult, console: Console) -> None:
    """Print the measures of each checkpoint, by kind of record, and the differences."""
    table = _table("Next observation, %", ["records of", "checkpoint", "n", *(MEASURES[name] for name in HEADLINES)], 2)
    for part, places in result.slices().items():
        for name in result.names:
            cells = [_share(result.mean(name, measure, places)) for measure in HEADLINES]
            table.add_row(part if name == result.names[0] else "", name, f"{len(places):,}", *cells)
        table.add_section()
    console.print(table)
    if len(result.names) > 1:
        changes = _table("Differences, points", ["from", "to", *(MEASURES[name] for name in HEADLINES)], 2)
        places = result.slices()["all"]
        for one, other in combinations(result.names, 2):
            changes.add_row(one, other, *(_change(result.difference(one, other, name, places)) for name in HEADLINES))
        console.print(changes)


def show_drift(drifts: Mapping[str, Drift], console: Console) -> None:
    """Print how exact the answers are over the first steps."""
    table = _table(
        "Closed-loop drift, %", ["checkpoint", "state", "steps", "exact", "leaf F1", "dangling", "no answer"], 2
    )
    for name, found in drifts.items():
        summary = found.summary()
        for arm, what in ARMS.items():
            for steps, measured in summary[arm].items():
                cells = (f"{measured[part] * 100:.1f}" for part in ("exact", "leaf_f1", "dangling", "failed"))
                table.add_row(name, what, f"{int(steps):,}", *cells)
        table.add_section()
    console.print(table)


def show_awb(found: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """Print the scores by domain, macro and pooled."""
    domains = sorted({domain for one in found.values() for domain in one["domains"]})
    table = _table("AgentWorldBench", ["checkpoint", "rows", "failed", "macro", "pooled", *domains], 1)
    for name, one in found.items():
        pooled = one["pooled"]
        cells = [f"{one['domains'][domain]['score']:.2f}" if domain in one["domains"] else "–" for domain in domains]
        numbers = (
            f"{pooled['rows']:,}",
            f"{pooled['failed']:,}",
            f"{one['macro']['score']:.2f}",
            f"{pooled['score']:.2f}",
        )
        table.add_row(name, *numbers, *cells)
    console.print(table)


def _table(title: str, columns: list[str], texts: int) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for at, column in enumerate(columns):
        table.add_column(column, justify="left" if at < texts else "right", no_wrap=at >= texts, overflow="fold")
    return table


def _share(found: Interval | None) -> Text:
    if found is None:
        return Text("–", style="dim")
    return Text.assemble(f"{found.mean * 100:.1f} ", (f"{found.low * 100:.0f}–{found.high * 100:.0f}", "dim"))


def _change(found: Interval | None) -> Text:
    if found is None:
        return Text("–", style="dim")
    style = "" if not found.is_clear else "green" if found.mean > 0 else "red"
    return Text.assemble(
        (f"{found.mean * 100:+.1f} ", style), (f"{found.low * 100:+.1f}…{found.high * 100:+.1f}", "dim")
    )
