"""A bench as one web page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mcp_sim import pages
from trainer.bench import MEASURES, Result

_FOLDER = Path(__file__).parent
_FLOOR, _HEIGHT, _STEP = 130, 110, 62


def html(result: Result, title: str, curves: Mapping[str, Sequence[float]] | None = None) -> str:
    """The page.

    Args:
        result: what a bench came to.
        title: of the page.
        curves: what each stage logged step by step, by its name.
    """
    plots = [_plot(result, measure) for measure in MEASURES if any(measure in found for found in result.means.values())]
    domains = sorted({domain for found in result.domains.values() for domain in found})
    return pages.template(_FOLDER).render(
        title=title,
        result=result,
        measures=MEASURES,
        plots=plots,
        domains=domains,
        losses=[_curve(name, values) for name, values in (curves or {}).items() if len(values) > 1],
        style=pages.part(_FOLDER, "page.css"),
    )


def _plot(result: Result, measure: str) -> dict[str, Any]:
    shown = [(name, found[measure]) for name, found in result.means.items() if measure in found]
    bars = [
        {
            "name": name,
            "mean": mean.mean,
            "x": 12 + at * _STEP,
            "y": _FLOOR - _HEIGHT * mean.mean,
            "height": _HEIGHT * mean.mean,
            "low": _FLOOR - _HEIGHT * mean.low,
            "high": _FLOOR - _HEIGHT * mean.high,
        }
        for at, (name, mean) in enumerate(shown)
    ]
    return {"measure": measure, "bars": bars, "width": max(_STEP * len(bars) + 12, 200)}


def _curve(name: str, values: Sequence[float]) -> dict[str, Any]:
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    points = " ".join(
        f"{300 * at / (len(values) - 1):.1f},{110 - 100 * (value - low) / spread:.1f}"
        for at, value in enumerate(values)
    )
    return {"name": name, "points": points, "first": values[0], "last": values[-1]}
