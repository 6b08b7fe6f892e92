"""Plots as SVG, the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from trainer.drawing import svg
from trainer.tailor.report.figures import Shares

_COLOURS = ("#3b6ea5", "#d98032", "#5a9e58", "#b5484d", "#8a6fb0", "#8b6b54", "#c77fb0", "#7d7d7d", "#b3a33a")
_ROW = 0.27
"""Inches that one row takes."""


def stacked(shares: Shares, label: str) -> Markup:
    """A bar for each row, made of parts."""
    names = list(dict.fromkeys(name for parts in shares.values() for name in parts))
    figure, axes = _figure(len(shares))
    left = [0.0] * len(shares)
    for name, colour in zip(sorted(names), _COLOURS * 3, strict=False):
        widths = [parts.get(name, 0.0) for parts in shares.values()]
        axes.barh(list(shares), widths, left=left, label=name, color=colour)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
    return _svg(figure, axes, label)


def bars(values: Mapping[str, float], label: str) -> Markup:
    """A bar for each row."""
    figure, axes = _figure(len(values))
    drawn = axes.barh(list(values), list(values.values()), color=_COLOURS[0])
    axes.bar_label(
        drawn, fmt=lambda value: f"{value:.0%}" if "share" in label else f"{value:.0f}", padding=3, fontsize=8
    )
    axes.margins(x=0.12)
    return _svg(figure, axes, label)


def _figure(rows: int) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to import

    figure = Figure(figsize=(9.5, max(1.6, 0.7 + rows * _ROW)), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: Any, axes: Any, label: str) -> Markup:
    axes.invert_yaxis()
    axes.set_xlabel(label, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return svg(figure)
