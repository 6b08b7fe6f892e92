"""Plots as SVG that stands inside a page; drawn by matplotlib, readable on light and dark paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from trainer.bench.bootstrap import Interval
from trainer.bench.drift import Measured
from trainer.bench.errors import BenchError
from trainer.drawing import svg

COLOURS = ("#3b76d6", "#1f9d6b", "#c7762a", "#b0468f", "#7a6bd1", "#8a8f2f", "#4a9fb5", "#c04a4a")
"""By checkpoint, in their order; they come round again."""
_INK = "#80838f"
_WINDOW = 20
_SETTINGS: Any = {
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def bars(groups: Sequence[str], named: Sequence[tuple[str, Sequence[Interval | None]]]) -> Markup:
    """For each group, a point with its interval for each name."""
    figure, (axes,) = _figure(9.0, max(1.4, 0.34 * len(groups) * max(len(named) * 0.45, 1) + 0.9))
    step = 0.7 / max(len(named), 1)
    for index, (name, found) in enumerate(named):
        places = [row + (index - (len(named) - 1) / 2) * step for row, one in enumerate(found) if one is not None]
        known = [one for one in found if one is not None]
        if known:
            axes.errorbar(
                [one.mean * 100 for one in known],
                places,
                xerr=[
                    [(one.mean - one.low) * 100 for one in known],
                    [(one.high - one.mean) * 100 for one in known],
                ],
                fmt="o",
                markersize=5,
                capsize=2.5,
                linewidth=1.4,
                color=COLOURS[index % len(COLOURS)],
                label=name,
            )
    axes.set_yticks(range(len(groups)), groups)
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("%")
    axes.grid(axis="x", color=_INK, alpha=0.25, linewidth=0.6)
    return svg(figure)


def curves(named: Sequence[tuple[str, bool, Sequence[Measured]]]) -> Markup:
    """Exact answers along a session, as means of the latest 20 steps: colour, whether solid, and the steps."""
    figure, (axes,) = _figure(9.0, 3.1)
    for colour, is_solid, steps in named:
        exact = [float(one.exact) for one in steps]
        means = [
            sum(exact[max(at - _WINDOW, 0) : at]) / len(exact[max(at - _WINDOW, 0) : at])
            for at in range(1, len(exact) + 1)
        ]
        axes.plot(
            range(1, len(means) + 1),
            [mean * 100 for mean in means],
            linestyle="-" if is_solid else (0, (4, 2)),
            linewidth=1.6,
            color=colour,
        )
    axes.set_xscale("log")
    axes.set_ylim(-3, 103)
    axes.set_xlabel("step")
    axes.set_ylabel("exact, %")
    axes.grid(color=_INK, alpha=0.25, linewidth=0.6)
    return svg(figure)


def courses(logged: Mapping[str, Sequence[float]]) -> Markup | None:
    """What the steps of training came to, one plot beside the other, as they are and as running means."""
    if not logged:
        return None
    figure, plots = _figure(3.4 * len(logged), 2.4, len(logged))
    for axes, (name, values) in zip(plots, logged.items(), strict=True):
        window = max(len(values) // 20, 1)
        means = [sum(values[max(at - window, 0) : at]) / min(at, window) for at in range(1, len(values) + 1)]
        axes.plot(range(1, len(values) + 1), values, linewidth=0.6, alpha=0.4, color=COLOURS[0])
        axes.plot(range(1, len(values) + 1), means, linewidth=1.6, color=COLOURS[0])
        axes.set_title(name)
        axes.set_xlabel("step")
        axes.grid(color=_INK, alpha=0.25, linewidth=0.6)
    return svg(figure)


def _figure(width: float, height: float, plots: int = 1) -> tuple[Any, Any]:
    try:
        import matplotlib  # noqa: PLC0415 - heavy, and needed for a report alone
        from matplotlib.figure import Figure  # noqa: PLC0415 - as well
    except ImportError:
        raise BenchError("plots are drawn with matplotlib, which is missing: pip install 'mcp-sim[report]'") from None
    matplotlib.rcParams.update(_SETTINGS)
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0)
    found = figure.subplots(1, plots, squeeze=False)[0]
    for axes in found:
        axes.patch.set_alpha(0)
    return figure, found
