"""The report: one page that stands alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcp_sim.errors import McpSimError
from mcp_sim.pages import part, template
from trainer.tailor.report import figures, plots

_FOLDER = Path(__file__).parent


class NoPlots(McpSimError):
    """The library that draws is not there."""


def page(manifest: dict[str, Any]) -> str:
    """The page of a data set.

    Raises:
        NoPlots: the library that draws is not installed.
    """
    counts = manifest["counts"]
    lost = figures.losses(counts)
    try:
        drawn = {
            "classes": plots.stacked(figures.class_shares(counts), "share of turns"),
            "errors": plots.bars(figures.error_rates(counts), "share of calls that are errors"),
            "lengths": plots.bars(figures.lengths(counts), "observations of at most so many characters"),
            "losses": plots.bars(lost, "turns taken out") if lost else None,
            "coverage": plots.stacked(figures.coverage(manifest), "share of records"),
        }
    except ImportError:
        raise NoPlots("The report needs matplotlib; install it: pip install 'mcp-sim[tailor]'") from None
    return template(_FOLDER).render(
        manifest=manifest,
        plots=drawn,
        style=part(_FOLDER, "style.css"),
        events=sum(counts["events"].values()),
        intents=sorted({name for split in manifest["records"].values() for name in split["by"]["intent"]}),
        dropped=_table(manifest["dropped"]),
        rejected=_table(counts["rejected"]),
    )


def _table(found: dict[str, int]) -> list[tuple[str, str, int]]:
    """Rows of what was left out: intent, why, how many."""
    rows = [(*place.partition("\t")[::2], count) for place, count in found.items()]
    return sorted(rows, key=lambda row: (-row[2], row))
