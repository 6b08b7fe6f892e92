"""Figures of matplotlib as SVG that stands inside a page: the same bytes for the same numbers."""

from __future__ import annotations

import io
from typing import Any

from markupsafe import Markup

_SETTINGS: Any = {"svg.hashsalt": "mcp-sim", "svg.fonttype": "none", "font.family": "sans-serif"}


def svg(figure: Any) -> Markup:
    """A figure as one `<svg>` element, its texts as texts."""
    from matplotlib import rc_context  # noqa: PLC0415 - an extra, and slow to import

    out = io.StringIO()
    with rc_context(_SETTINGS):
        figure.savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = out.getvalue()
    return Markup(text[text.index("<svg") :])  # noqa: S704 - matplotlib escapes what it is given
