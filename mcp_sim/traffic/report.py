"""What a comparison came to, for people and for programs."""

from __future__ import annotations

from pathlib import Path

import orjson

from mcp_sim import pages
from mcp_sim.errors import SetupError
from mcp_sim.traffic.diff import Comparison

_FOLDER = Path(__file__).parent / "page"
_SHOWN = 200


def text(comparison: Comparison) -> str:
    """A few lines."""
    calls, differing = comparison.calls.total(), comparison.differing.total()
    lines = [f"{calls} calls compared with {comparison.upstream}: {differing} differ"]
    if comparison.unanswered:
        lines[0] += f", {comparison.unanswered} were not answered"
    lines += [f"  {n:>4}  {tool}  {pointer}" for (tool, pointer), n in comparison.fields.most_common(20)]
    return "\n".join(lines)


def html(comparison: Comparison) -> str:
    """A web page that stands alone."""
    style = pages.style(_FOLDER)
    fields = [(tool, pointer, n) for (tool, pointer), n in comparison.fields.most_common(_SHOWN)]
    return pages.template(_FOLDER).render(
        comparison=comparison,
        calls=comparison.calls.total(),
        differing=comparison.differing.total(),
        fields=fields,
        kept=[(one, orjson.dumps(one.call.arguments).decode()) for one in comparison.kept[:_SHOWN]],
        style=style,
    )


def write(comparison: Comparison, path: Path) -> None:
    """Write a report: a page if the name of the file ends in .html, else JSON.

    Raises:
        SetupError: the file cannot be written.
    """
    try:
        if path.suffix == ".html":
            path.write_text(html(comparison), encoding="utf-8")
        else:
            path.write_bytes(orjson.dumps(comparison.summary(), option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from None
