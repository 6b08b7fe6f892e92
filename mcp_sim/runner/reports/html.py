"""A report as one web page that needs nothing else."""

from __future__ import annotations

from html import escape

from mcp_sim.runner.report import Report


def html(report: Report) -> str:
    """The page."""
    lines = "".join(f"<li>{result.outcome}: {escape(result.case.name)}</li>" for result in report.results)
    return f"<!doctype html><html lang=en><meta charset=utf-8><title>mcp-sim</title><ul>{lines}</ul></html>"
